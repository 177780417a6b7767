#pragma once

#include <optional>

#include "app/device_flow.h"
#include "app/sign_in_session.h"

namespace grokauth::app {

/// Waits for the person of a device authorization that this run began (`entry`) or takes up from an
/// earlier one (`is_resumed`). Nothing: the code is of no use any more, and a new one is needed.
/// Throws `Error`, `Interrupted`.
[[nodiscard]] std::optional<Handout> WaitForDevice(SignInSession& session, PendingEntry entry,
                                                   bool is_resumed);

}  // namespace grokauth::app
