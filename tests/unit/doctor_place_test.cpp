#include "app/doctor_place.h"

#include <catch2/catch.hpp>

#include <string>

#include "check_fixture.h"

using namespace grokauth;
using namespace grokauth::app;
using namespace grokauth::test;
using Outcome = Check::Outcome;

namespace {

oauth::ServerMetadata Offers(bool device, bool loopback) {
  oauth::ServerMetadata metadata = MakeMetadata();
  if (!device) {
    metadata.device_authorization_endpoint.reset();
  }
  if (loopback) {
    metadata.authorization_endpoint = "https://id.example/authorize";
  }
  return metadata;
}

}  // namespace

TEST_CASE("doctor tells whether a browser can be opened, and where the run is") {
  const auto [available, ssh, finding] = GENERATE(table<bool, bool, std::string>({
      {true, false, "one can be opened here"},
      {false, false, "none can be opened here"},
      {false, true, "none can be opened here, over SSH"},
  }));
  Fixture fixture;
  fixture.browser.is_available = available;
  fixture.environment.is_ssh = ssh;
  CHECK(CheckBrowser(fixture.context) == Check{Outcome::kGood, "browser", finding, ""});
}

TEST_CASE("doctor tells how a sign-in would go here") {
  const auto [flow, browser, device, loopback, outcome,
              finding] = GENERATE(table<Flow, bool, bool, bool, Outcome, std::string>({
      {Flow::kAuto, true, true, true, Outcome::kGood, "by the loopback flow: in the browser here"},
      {Flow::kAuto, false, true, true, Outcome::kGood,
       "by the device flow: open an address on any device"},
      {Flow::kAuto, true, true, false, Outcome::kGood,
       "by the device flow: open an address on any device"},
      {Flow::kDevice, true, false, true, Outcome::kNote,
       "by the loopback flow: the server does not offer the device flow"},
      {Flow::kLoopback, true, true, false, Outcome::kNote,
       "by the device flow: the server does not offer the loopback flow"},
  }));
  Fixture fixture;
  fixture.profile.flow = flow;
  fixture.browser.is_available = browser;
  CHECK(CheckSignIn(fixture.context, Offers(device, loopback)) ==
        Check{outcome, "sign-in", finding, ""});
}

TEST_CASE("where no browser can be opened, the way from one to the listener is the fix") {
  Fixture fixture;
  fixture.profile.flow = Flow::kLoopback;
  fixture.browser.is_available = false;
  fixture.environment.is_ssh = true;
  fixture.environment.ssh_destination = {"ada", "192.0.2.7", std::nullopt};
  const Check check = CheckSignIn(fixture.context, Offers(true, true));
  CHECK(check.outcome == Outcome::kNote);
  CHECK(check.finding == "by the loopback flow: the browser must reach this computer");
  CHECK(check.fix.find("\n  ssh -N -L 56121:127.0.0.1:56121 ada@192.0.2.7\n") != std::string::npos);
}

TEST_CASE("a server that offers no flow is trouble") {
  Fixture fixture;
  const Check check = CheckSignIn(fixture.context, Offers(false, false));
  CHECK(check.outcome == Outcome::kTrouble);
  CHECK(check.fix.find("'client-1'") != std::string::npos);
}

TEST_CASE("what the server offers may be unknown") {
  Fixture fixture;
  CHECK(CheckSignIn(fixture.context, std::nullopt).finding ==
        "by the loopback flow, if the server offers it: in the browser here");
}

TEST_CASE("a free port is good, and let go of") {
  Fixture fixture;
  CHECK(CheckPort(fixture.context, Offers(true, true)) ==
        Check{Outcome::kGood, "port", "port 56121 of 127.0.0.1 is free", ""});
  CHECK(fixture.loopback.asked == std::vector<std::uint16_t>{56121});
}

TEST_CASE("a taken port is trouble only where it must be this one") {
  const auto [flow, exact, ssh, outcome, end] =
      GENERATE(table<Flow, bool, bool, Outcome, std::string>({
          {Flow::kLoopback, true, false, Outcome::kTrouble, "'nc' (process 7)"},
          {Flow::kLoopback, false, true, Outcome::kTrouble, "'nc' (process 7)"},
          {Flow::kAuto, true, true, Outcome::kNote, "; not needed here"},
          {Flow::kAuto, false, false, Outcome::kNote, "; a sign-in uses another one"},
          {Flow::kDevice, true, true, Outcome::kNote, "; not needed here"},
      }));
  Fixture fixture;
  fixture.loopback.is_taken = true;
  fixture.browser.is_available = !ssh;
  fixture.profile.flow = flow;
  fixture.profile.redirect_port_exact = exact;
  fixture.environment.is_ssh = ssh;
  const Check check = CheckPort(fixture.context, Offers(true, true));
  CHECK(check.outcome == outcome);
  CHECK(check.finding.starts_with("port 56121 of 127.0.0.1 is taken by 'nc' (process 7)"));
  CHECK(check.finding.ends_with(end));
  CHECK(check.fix.empty() == (outcome == Outcome::kNote));
}

TEST_CASE("a port that may not be used is trouble where it is needed") {
  const auto [flow, outcome] = GENERATE(table<Flow, Outcome>(
      {{Flow::kLoopback, Outcome::kTrouble}, {Flow::kDevice, Outcome::kNote}}));
  Fixture fixture;
  fixture.loopback.before_listen = [] {
    throw Error(ErrorKind::kNetwork, "cannot listen on port 80", "set redirect_port");
  };
  fixture.profile.flow = flow;
  const Check check = CheckPort(fixture.context, Offers(true, true));
  CHECK(check.outcome == outcome);
  CHECK(check.finding.starts_with("cannot listen on port 80"));
}
