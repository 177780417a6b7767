#include "app/flow_choice.h"

#include <catch2/catch.hpp>

using namespace grokauth::app;

namespace {

Profile ProfileWith(Flow flow, bool is_xai = false) {
  Profile profile;
  profile.flow = flow;
  profile.is_xai = is_xai;
  return profile;
}

}  // namespace

TEST_CASE("by itself a company's server gets the browser where there is one, else the code") {
  const Profile profile = ProfileWith(Flow::kAuto);
  CHECK(ChooseFlow(profile, {true, true, true}) == ChosenFlow::kLoopback);
  CHECK(ChooseFlow(profile, {true, true, false}) == ChosenFlow::kDevice);
}

TEST_CASE("by itself xAI gets the code, browser or not") {
  const bool can_open_browser = GENERATE(true, false);
  CHECK(ChooseFlow(ProfileWith(Flow::kAuto, true), {true, true, can_open_browser}) ==
        ChosenFlow::kDevice);
}

TEST_CASE("a flow that is asked for is taken when it is offered") {
  const bool can_open_browser = GENERATE(true, false);
  const bool is_xai = GENERATE(true, false);
  CAPTURE(can_open_browser, is_xai);
  CHECK(ChooseFlow(ProfileWith(Flow::kDevice, is_xai), {true, true, can_open_browser}) ==
        ChosenFlow::kDevice);
  CHECK(ChooseFlow(ProfileWith(Flow::kLoopback, is_xai), {true, true, can_open_browser}) ==
        ChosenFlow::kLoopback);
}

TEST_CASE("a flow that is not offered gives way to the other one") {
  const Flow flow = GENERATE(Flow::kAuto, Flow::kDevice, Flow::kLoopback);
  const bool can_open_browser = GENERATE(true, false);
  const bool is_xai = GENERATE(true, false);
  CAPTURE(static_cast<int>(flow), can_open_browser, is_xai);
  const Profile profile = ProfileWith(flow, is_xai);
  CHECK(ChooseFlow(profile, {true, false, can_open_browser}) == ChosenFlow::kDevice);
  CHECK(ChooseFlow(profile, {false, true, can_open_browser}) == ChosenFlow::kLoopback);
  CHECK_FALSE(ChooseFlow(profile, {false, false, can_open_browser}));
}
