#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "app/edges.h"
#include "app/profile.h"
#include "app/token_set.h"

namespace grokauth::app {

/// A device authorization that waits for its person, as it is kept between runs.
struct PendingSignIn {
  std::string issuer;
  std::string client_id;
  std::string device_code;
  std::optional<std::string> code_verifier;
  std::string url;               ///< for the person, with the code in it
  std::string verification_uri;  ///< the same without the code
  std::string user_code;
  UnixTime expires_at{};
  std::chrono::seconds interval{0};
  UnixTime last_poll{};        ///< the start, when there was none yet
  Place place = Place::kFile;  ///< where the login is to be kept
  std::string token_endpoint;
  std::optional<std::string> revocation_endpoint;
};

[[nodiscard]] std::string SerializePending(const PendingSignIn& pending);
/// Nothing when `text` is not an entry that this version can read.
[[nodiscard]] std::optional<PendingSignIn> ParsePending(std::string_view text);

/// Whether a run of `profile` may take the entry up: same issuer and client, code not expired.
[[nodiscard]] bool IsResumable(const PendingSignIn& pending, const Profile& profile, UnixTime now);

}  // namespace grokauth::app
