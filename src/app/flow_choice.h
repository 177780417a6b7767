#pragma once

#include <optional>

#include "app/profile.h"
#include "oauth/types.h"

namespace grokauth::app {

/// What a server offers, and what can be done where the run is.
struct FlowSituation {
  bool offers_device = false;
  bool offers_loopback = false;
  bool can_open_browser = false;
};

enum class ChosenFlow { kDevice, kLoopback };

/// The flow to sign in with; nothing when the server offers none. A flow that was asked for but is
/// not offered gives way to the other one. By itself xAI's accounts take the device flow (the
/// consent page cannot reach a loopback listener from today's Chrome and Safari), others the
/// loopback flow where a browser can be opened here.
[[nodiscard]] std::optional<ChosenFlow> ChooseFlow(const Profile& profile,
                                                   const FlowSituation& situation);

}  // namespace grokauth::app
