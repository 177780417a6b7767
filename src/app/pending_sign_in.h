#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "app/edges.h"
#include "app/profile.h"
#include "app/token_set.h"

namespace grokauth::app {

/// What it takes to ask for the tokens of a device authorization.
struct PendingDevice {
  std::string device_code;
  std::optional<std::string> code_verifier;
  std::string verification_uri;  ///< without the code
  std::string user_code;
  std::chrono::seconds interval{0};
  UnixTime last_poll{};        ///< the start, when there was none yet
  Place place = Place::kFile;  ///< where the login is to be kept
  std::string token_endpoint;
  std::optional<std::string> revocation_endpoint;
};

/// Who goes on with a pending sign-in.
enum class PendingOrigin {
  kRun,    ///< any run that signs a person in
  kStart,  ///< `poll` alone: `start` made it for a script
};

/// A sign-in that waits for its person, as it is kept between runs and for other runs to show.
struct PendingSignIn {
  std::string issuer;
  std::string client_id;
  std::string url;  ///< for the person; of a device authorization with the code in it
  UnixTime expires_at{};
  /// Nothing: a loopback sign-in, which ends with the run that listens.
  std::optional<PendingDevice> device;
  PendingOrigin origin = PendingOrigin::kRun;
};

[[nodiscard]] std::string SerializePending(const PendingSignIn& pending);
/// Nothing when `text` is not an entry that this version can read.
[[nodiscard]] std::optional<PendingSignIn> ParsePending(std::string_view text);

/// Whether the entry is of the profile's issuer and client, and not expired.
[[nodiscard]] bool IsAlive(const PendingSignIn& pending, const Profile& profile, UnixTime now);

}  // namespace grokauth::app
