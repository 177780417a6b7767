#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/edges.h"

namespace grokauth::app {

/// `RefreshOutcome::word` of a refresh that went well, and of one that the server answered with
/// `invalid_grant`.
inline constexpr const char* kRefreshedWord = "refreshed";
inline constexpr const char* kLoginEndedWord = "login_ended";

/// How the last refresh ended.
struct RefreshOutcome {
  std::int64_t attempt = 0;  ///< its number, counted by `RefreshRecord::attempts`
  UnixTime at{};
  std::string word;     ///< one of the above, or the machine word of the error
  std::string message;  ///< the error's text; empty when it went well
  std::string hint;
  bool is_transport = false;  ///< it failed, and nobody said no
};

/// What `<profile>.last` remembers beside the token set: no secrets, and losing it costs at most
/// one extra refresh.
struct RefreshRecord {
  std::string store_id;                   ///< the login it speaks of
  std::int64_t generation = 0;            ///< the highest that was saved
  std::int64_t delivered_generation = 0;  ///< the highest that was handed to somebody
  std::int64_t attempts = 0;              ///< refreshes started
  UnixTime last_start{};                  ///< when the newest of them was
  std::optional<RefreshOutcome> last;
  /// Digests of access tokens not to be handed out again: Grok has them and asked for another.
  std::vector<std::string> refused;
  /// Digests of access tokens that a server does not take: of no use to anybody.
  std::vector<std::string> rejected;
  std::vector<std::string> dead;    ///< digests of refresh tokens not to be sent again
  bool sign_in_unanswered = false;  ///< the last sign-in of a provider run ended without a person
};

/// The digest that stands for a token in the record.
[[nodiscard]] std::string TokenDigest(std::string_view token);

/// Whether the token is refused or rejected.
[[nodiscard]] bool IsRefused(const RefreshRecord& record, std::string_view access_token);
[[nodiscard]] bool IsRejected(const RefreshRecord& record, std::string_view access_token);
[[nodiscard]] bool IsDead(const RefreshRecord& record, std::string_view refresh_token);

/// Adds a digest; the oldest go when there are more than a login can need.
void MarkRefused(RefreshRecord& record, std::string_view access_token);
void MarkRejected(RefreshRecord& record, std::string_view access_token);
void MarkDead(RefreshRecord& record, std::string_view refresh_token);

/// The number of the last attempt that ended, 0 when none did.
[[nodiscard]] std::int64_t LastEndedAttempt(const RefreshRecord& record);

/// Tells one ended attempt from the next, and the records of two logins from each other. Of
/// `text`, a record as it is stored; unreadable text counts as an empty one.
[[nodiscard]] std::string MarkOf(std::string_view text);
[[nodiscard]] std::string MarkOf(const RefreshRecord& record);

[[nodiscard]] std::string SerializeRefreshRecord(const RefreshRecord& record);

/// The record in `text` as far as it speaks of `store_id`: one of another login counts as absent,
/// its digests excepted; unreadable text counts as empty.
[[nodiscard]] RefreshRecord ParseRefreshRecord(std::string_view text, const std::string& store_id);

}  // namespace grokauth::app
