#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "app/login_store.h"

namespace grokauth::app {

/// Which tokens will do.
enum class Wanted {
  kAny,     ///< every usable one
  kUnseen,  ///< GROK_AUTH_EXPIRED=1: the caller's expires or was refused, so only one that it
            ///< cannot have seen
  kNewer,   ///< only one that came after this run's first look (the command `refresh`)
};

/// What a run asks of the token that it hands out.
struct Demand {
  Wanted wanted = Wanted::kAny;
  /// How long the token must still be valid; half its lifetime is always enough, unless `in_full`.
  std::chrono::seconds min_validity{0};
  /// Nothing less than `min_validity`, where a new token lasts so long.
  bool in_full = false;
  /// The lifetime of a token whose server did not say (GROK_AUTH_TOKEN_TTL).
  std::optional<std::chrono::seconds> token_ttl;
  /// Not this token, whatever is known of it: the caller brought it back.
  std::optional<std::string> returned_token;
  /// An API key will do in place of a token, if the profile has one.
  bool takes_api_key = false;
};

/// The `min_validity` of a provider run: Grok's early-invalidation window plus its jitter of 60 s,
/// unless the profile or the command line says otherwise.
[[nodiscard]] std::chrono::seconds DefaultMinValidity(
    const std::optional<std::string>& early_invalidation_seconds);

/// The lifetime that GROK_AUTH_TOKEN_TTL names; nothing when it is unset or no number of seconds.
[[nodiscard]] std::optional<std::chrono::seconds> ParseTokenTtl(
    const std::optional<std::string>& token_ttl_seconds);

struct HandOut {};
struct Refresh {};
/// Nobody but a person can help; `reason` says why, as one clause for the user.
struct SignInNeeded {
  std::string reason;
};
/// The login is kept in the keyring, which cannot be read now.
struct KeyringBlocked {
  KeyringAnswer answer;
};
/// The profile has an API key, which is not what was asked for.
struct ApiKeyOnly {};
using NextStep = std::variant<HandOut, Refresh, SignInNeeded, KeyringBlocked, ApiKeyOnly>;

/// The one place that decides what a run does with what it loaded. `first_look` is the version of
/// the token set that this run loaded first, nothing when there was none or nothing was loaded yet.
[[nodiscard]] NextStep DecideNextStep(const StoredLogin& login, const Profile& profile,
                                      const Demand& demand, UnixTime now,
                                      const std::optional<TokenVersion>& first_look);

/// Whether a refresh can be tried: there is a login of the profile, and a refresh token that is
/// neither dead nor one that was used already.
[[nodiscard]] bool CanRefresh(const StoredLogin& login, const Profile& profile);

/// Whether the access token can still be handed out when no refresh came through: not expired, not
/// from the future, not rejected by a server, its login not stale. An API key can where it
/// `takes_api_key`.
[[nodiscard]] bool IsUnexpired(const StoredLogin& login, const Profile& profile,
                               const Demand& demand, UnixTime now);

/// Whether the newest token set was saved but never handed to anybody.
[[nodiscard]] bool IsUndelivered(const StoredLogin& login);

}  // namespace grokauth::app
