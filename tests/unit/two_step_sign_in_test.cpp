#include "app/two_step_sign_in.h"

#include <catch2/catch.hpp>

#include <string>

#include "sign_in_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

/// `start` and `poll`, one after another.
struct TwoSteps : SigningIn {
  /// The pending_id of a new request.
  std::string Start(const std::string& device_code = "device-1") {
    ExpectNewCode(device_code);
    return StartDeviceSignIn(context).String("pending_id").value();
  }
  grokauth::oauth::JsonObject Poll(const std::optional<std::string>& pending_id = std::nullopt) {
    return PollForLogin(context, pending_id);
  }
  std::string StatusOf(const std::optional<std::string>& pending_id = std::nullopt) {
    return Poll(pending_id).String("status").value();
  }
  Error PollError(const std::optional<std::string>& pending_id = std::nullopt) {
    return ErrorOf([&] { static_cast<void>(Poll(pending_id)); });
  }
  void Wait(int count) { clock.Advance(seconds(count)); }
};

}  // namespace

TEST_CASE("start tells what to show to the person, and nothing secret") {
  TwoSteps steps;
  steps.ExpectNewCode();
  const std::string text = StartDeviceSignIn(steps.context).Text();
  CHECK(
      text ==
      R"({"ok":true,"verification_url_with_code":"https://id.example/device?user_code=AAAA-BBBB",)"
      R"("verification_uri":"https://id.example/device","user_code":"AAAA-BBBB",)"
      R"("expires_in_seconds":600,"interval_seconds":5,"pending_id":")" +
          steps.PendingNames().at(0).substr(std::string("work.pending-").size()) + "\"}");
  CHECK(text.find("device-1") == std::string::npos);
}

TEST_CASE("start on a server without the device flow is an error of the configuration") {
  TwoSteps steps;
  steps.http.Answer(kConfigurationUrl, 200, Metadata());
  steps.http.Answer(kDeviceUrl, 404, "");
  const Error error = ErrorOf([&] { static_cast<void>(StartDeviceSignIn(steps.context)); });
  CHECK(error.kind() == ErrorKind::kConfig);
  CHECK(steps.PendingNames().empty());
}

TEST_CASE("poll asks nobody before the interval has passed") {
  TwoSteps steps;
  steps.Start();
  steps.Wait(2);
  const auto answer = steps.Poll();
  CHECK(answer.Text() == R"({"ok":true,"status":"pending","retry_after_seconds":3})");
}

TEST_CASE("poll asks once, and tells when to come again") {
  TwoSteps steps;
  steps.Start();
  steps.Wait(5);
  SECTION("pending") {
    steps.ExpectErrors({"authorization_pending"});
    CHECK(steps.Poll().Integer("retry_after_seconds") == 5);
  }
  SECTION("slow_down") {
    steps.ExpectErrors({"slow_down"});
    CHECK(steps.Poll().Integer("retry_after_seconds") == 10);
  }
  CHECK(steps.PollTimes().size() == 1);
}

TEST_CASE("a clock that was set back does not stop poll") {
  TwoSteps steps;
  steps.Start();
  steps.clock.MoveWallClock(seconds(-86400));
  steps.ExpectErrors({"authorization_pending"});
  CHECK(steps.StatusOf() == "pending");
}

TEST_CASE("an approved sign-in is stored, and told like the status") {
  TwoSteps steps;
  steps.Start();
  steps.Wait(5);
  steps.ExpectApproval();
  const auto answer = steps.Poll();
  CHECK(answer.String("status") == "connected");
  CHECK(answer.Object("account"));
  CHECK(answer.Text().find("access-new") == std::string::npos);
  CHECK(steps.Tokens().access_token == "access-new");
  CHECK(steps.PendingNames().empty());
}

TEST_CASE("a pending_id that is gone on a signed-in profile is connected") {
  TwoSteps steps;
  const std::string id = steps.Start();
  steps.Wait(5);
  steps.ExpectApproval();
  REQUIRE(steps.StatusOf(id) == "connected");
  CHECK(steps.StatusOf(id) == "connected");
  CHECK(steps.StatusOf() == "connected");
}

TEST_CASE("a pending_id that is gone on a signed-out profile is an error") {
  TwoSteps steps;
  const Error error = steps.PollError("AAAAAAAAAAAA");
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(error.hint().find("grok-auth start") != std::string::npos);
}

TEST_CASE("a pending_id that start cannot have printed is refused") {
  TwoSteps steps;
  const std::string id =
      GENERATE("", "../work.json", "AAAAAAAAAAA", "AAAAAAAAAAAAA", "AAAA/AAAAAAA");
  CHECK(steps.PollError(id).kind() == ErrorKind::kUsage);
}

TEST_CASE("how a sign-in of two steps can end") {
  const auto [status, word, kind, is_kept] = GENERATE(table<int, std::string, ErrorKind, bool>({
      {400, "access_denied", ErrorKind::kAccessDenied, false},
      {400, "expired_token", ErrorKind::kExpired, false},
      {400, "invalid_grant", ErrorKind::kExpired, false},
      {400, "invalid_client", ErrorKind::kConfig, false},
      {503, "access_denied", ErrorKind::kServer, true},
  }));
  CAPTURE(word);
  TwoSteps steps;
  const std::string id = steps.Start();
  steps.Wait(5);
  steps.http.Answer(kTokenUrl, status, ErrorAnswer(word));
  CHECK(steps.PollError(id).kind() == kind);
  CHECK(steps.PendingNames().empty() != is_kept);
}

TEST_CASE("a poll without an answer leaves the sign-in pending") {
  TwoSteps steps;
  steps.Start();
  steps.Wait(5);
  steps.http.Fail(kTokenUrl, Cause::kTimeout);
  CHECK(steps.PollError().kind() == ErrorKind::kNetwork);
  CHECK(steps.StatusOf() == "pending");
}

TEST_CASE("an expired code is not polled, and goes") {
  TwoSteps steps;
  const std::string id = steps.Start();
  steps.Wait(600);
  CHECK(steps.PollError(id).kind() == ErrorKind::kExpired);
  CHECK(steps.PendingNames().empty());
}

TEST_CASE("a code that expires while it is polled is left to that poll") {
  TwoSteps steps;
  const std::string id = steps.Start("device-1");
  steps.Wait(601);
  steps.state.HoldElsewhere(kPollLock);
  CHECK(steps.StatusOf(id) == "pending");
  steps.Start("device-2");
  CHECK(steps.PendingNames().size() == 2);
  steps.state.ReleaseElsewhere(kPollLock);
  steps.ExpectNewCode("device-3");
  steps.ExpectApproval();
  steps.Provide();
  CHECK(steps.PendingNames().size() == 2);
}

TEST_CASE("an API key is no sign-in that poll could have finished") {
  TwoSteps steps;
  const std::string id = steps.Start();
  steps.StoreLogin(MakeApiKeySet("xai-0123456789abcdef", steps.profile, steps.clock.Now()));
  steps.state.files.erase(steps.PendingNames().at(0));
  CHECK(steps.PollError(id).kind() == ErrorKind::kLoginRequired);
}

TEST_CASE("who declined is told how to be asked again") {
  TwoSteps steps;
  const std::string id = steps.Start();
  steps.Wait(5);
  steps.ExpectErrors({"access_denied"});
  CHECK(steps.PollError(id).hint() == "run 'grok-auth start --profile work' for a new one");
}

TEST_CASE("a login that cannot be stored is an error of the store") {
  TwoSteps steps;
  steps.Start();
  steps.Wait(5);
  steps.state.unwritable = {"work.json"};
  steps.ExpectApproval();
  const Error error = steps.PollError();
  CHECK(error.kind() == ErrorKind::kStore);
  CHECK(error.hint().find("work.json") != std::string::npos);
}

TEST_CASE("of several pending sign-ins the newest is polled, or the one that is named") {
  TwoSteps steps;
  const std::string first = steps.Start("device-1");
  steps.Wait(10);
  steps.Start("device-2");
  steps.Wait(5);
  const auto code = [&] {
    return DecodeForm(steps.http.sent.back().request.form).at("device_code");
  };
  steps.ExpectErrors({"authorization_pending"});
  CHECK(steps.StatusOf() == "pending");
  CHECK(code() == "device-2");
  steps.ExpectErrors({"authorization_pending"});
  CHECK(steps.StatusOf(first) == "pending");
  CHECK(code() == "device-1");
}

TEST_CASE("start clears away what has expired") {
  TwoSteps steps;
  steps.Start("device-1");
  steps.Wait(601);
  steps.Start("device-2");
  CHECK(steps.PendingNames().size() == 1);
}

TEST_CASE("a run that signs in leaves the requests of start alone, and poll those of runs") {
  TwoSteps steps;
  const std::string id = steps.Start("device-1");
  steps.ExpectNewCode("device-2");
  steps.ExpectApproval();
  steps.Provide();
  CHECK(DecodeForm(steps.http.sent.back().request.form).at("device_code") == "device-2");
  CHECK(steps.PendingNames().size() == 1);
  steps.StorePending("work.pending-BBBBBBBBBBBB", steps.MakePending());
  CHECK(steps.StatusOf("BBBBBBBBBBBB") == "connected");  // as if it were gone
  steps.ExpectErrors({"authorization_pending"});
  CHECK(steps.StatusOf() == "pending");
  CHECK(DecodeForm(steps.http.sent.back().request.form).at("device_code") == "device-1");
}

TEST_CASE("a request of another client is not polled") {
  TwoSteps steps;
  const std::string id = steps.Start();
  steps.profile.client_id = "client-2";
  CHECK(steps.PollError(id).kind() == ErrorKind::kLoginRequired);
}
