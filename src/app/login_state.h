#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/context.h"

namespace grokauth::app {

/// What the profile's login is worth.
enum class LoginState {
  kConnected,  ///< there is a token, or a refresh token that can bring one
  kExpired,    ///< there is a login, and a person must help
  kSignedOut,
};

/// "connected", "expired" or "signed_out".
[[nodiscard]] const char* StateWord(LoginState state);

/// What is stored for a profile, judged.
struct Status {
  LoginState state = LoginState::kSignedOut;
  StoredLogin login;           ///< without the tokens when they are not the profile's
  std::string foreign_issuer;  ///< what is stored is a login at another issuer or client
  bool refreshable = false;
  std::optional<std::chrono::seconds> left;  ///< of the access token; negative: expired
};

/// Looks at what is stored: offline, without refreshing, unlocking or changing anything.
[[nodiscard]] Status LookAtStatus(Context& context);

}  // namespace grokauth::app
