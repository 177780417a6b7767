#pragma once

#include <optional>
#include <string>

#include "app/context.h"
#include "oauth/json.h"

namespace grokauth::app {

/// The first half of a device sign-in, for scripts and agents (the command `start`): asks for a
/// code, stores the request, and returns what to show to the person. Several can be pending. Throws
/// `Error`, kConfig when the server does not offer the device flow.
[[nodiscard]] oauth::JsonObject StartDeviceSignIn(Context& context);

/// The second half (the command `poll`): asks the server at most once, and not before the interval
/// has passed. `pending_id` is the one that `StartDeviceSignIn` gave; without it, the newest.
/// Returns the answer for "pending" or "connected". Throws `Error`: kAccessDenied, kExpired,
/// kNetwork or kServer (ask again), kLoginRequired when nothing is pending and nobody signed in.
[[nodiscard]] oauth::JsonObject PollForLogin(Context& context,
                                             const std::optional<std::string>& pending_id);

}  // namespace grokauth::app
