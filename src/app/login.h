#pragma once

#include <chrono>
#include <optional>

#include "app/context.h"

namespace grokauth::app {

struct LoginOptions {
  bool no_qr = false;  ///< draw no QR code
  bool no_browser = false;
  std::optional<std::chrono::seconds> timeout;
};

/// Signs a person in now, replacing what is stored (the command `login`). The login that it
/// replaces is not revoked: a server may revoke the whole grant, the new login with it.
void Login(Context& context, const LoginOptions& options);

/// Deletes the login here and revokes it at the server (the command `logout`), at once. A
/// revocation that fails is a warning. No server is told of an API key. Nobody signed in: says so.
void Logout(Context& context);

/// The same, but says nothing when nobody was signed in, and returns whether somebody was.
[[nodiscard]] bool DeleteLogin(Context& context);

}  // namespace grokauth::app
