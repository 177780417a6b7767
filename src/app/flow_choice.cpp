#include "app/flow_choice.h"

namespace grokauth::app {

namespace {

ChosenFlow Preferred(const Profile& profile, const FlowSituation& situation) {
  switch (profile.flow) {
    case Flow::kDevice:
      return ChosenFlow::kDevice;
    case Flow::kLoopback:
      return ChosenFlow::kLoopback;
    case Flow::kAuto:
      break;
  }
  return profile.is_xai || !situation.can_open_browser ? ChosenFlow::kDevice
                                                       : ChosenFlow::kLoopback;
}

}  // namespace

std::optional<ChosenFlow> ChooseFlow(const Profile& profile, const FlowSituation& situation) {
  if (!situation.offers_device && !situation.offers_loopback) {
    return std::nullopt;
  }
  const ChosenFlow preferred = Preferred(profile, situation);
  const bool is_offered =
      preferred == ChosenFlow::kDevice ? situation.offers_device : situation.offers_loopback;
  if (is_offered) {
    return preferred;
  }
  return preferred == ChosenFlow::kDevice ? ChosenFlow::kLoopback : ChosenFlow::kDevice;
}

}  // namespace grokauth::app
