#include <catch2/catch.hpp>

#include <string>

#include "sign_in_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;
using Times = std::vector<std::int64_t>;

namespace {

constexpr const char* kOldEntry = "work.pending-0";

}  // namespace

TEST_CASE("the next run takes a pending request up, and asks the server before anybody") {
  SigningIn run;
  run.StorePending(kOldEntry, run.MakePending());
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.PollTimes() == Times{0});
  CHECK(run.terminal.Messages().find("https://") == std::string::npos);
  CHECK(run.browser.opened.empty());
  CHECK(run.PendingNames().empty());
}

TEST_CASE("a pending request that nobody approved yet is announced after the question") {
  SigningIn run;
  run.StorePending(kOldEntry, run.MakePending());
  run.ExpectPending(1);
  run.ExpectApproval();
  run.terminal.before_first_message = [&] { CHECK(run.PollTimes() == Times{0}); };
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.FirstAddress() == kOldUrl);
  CHECK(run.PollTimes() == Times{0, 5});
}

TEST_CASE("a pending request is not polled before its interval is over") {
  SigningIn run;
  PendingSignIn pending = run.MakePending();
  pending.device->last_poll = run.clock.Now() - seconds(2);
  run.StorePending(kOldEntry, pending);
  run.ExpectApproval();
  run.Provide();
  CHECK(run.PollTimes() == Times{3});
  CHECK(run.FirstAddress() == kOldUrl);
}

TEST_CASE("a wall clock that was set back does not put the next poll far off") {
  SigningIn run;
  PendingSignIn pending = run.MakePending();
  pending.device->last_poll = run.clock.Now() + seconds(1000);
  pending.expires_at = run.clock.Now() + seconds(1500);
  run.StorePending(kOldEntry, pending);
  run.ExpectApproval();
  run.Provide();
  CHECK(run.PollTimes() == Times{5});
}

TEST_CASE("a run that ended in time is continued by the next one") {
  SigningIn run;
  TokenOptions options;
  options.timeout = seconds(12);
  run.ExpectNewCode();
  run.ExpectPending(2);
  static_cast<void>(run.Failure(options));
  run.clock.Advance(seconds(60));
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.PollTimes() == Times{5, 10, 72});
}

TEST_CASE("a resumed code that the server does not know is replaced by a new one") {
  SigningIn run;
  run.StorePending(kOldEntry, run.MakePending());
  run.ExpectErrors({"invalid_grant"});
  run.ExpectNewCode();
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.FirstAddress() == kNewUrl);
  CHECK(run.PendingNames().empty());
}

TEST_CASE("a code that the server does not know after a lost answer is replaced by a new one") {
  SigningIn run;
  run.ExpectNewCode("device-1", "AAAA-BBBB");
  run.http.Fail(kTokenUrl, Cause::kTimeout);
  run.ExpectErrors({"invalid_grant"});
  run.ExpectNewCode("device-2", "CCCC-DDDD");
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
}

TEST_CASE("a fresh code that the server does not know is its fault, and not asked for again") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectErrors({"invalid_grant"});
  CHECK(run.Failure().kind() == ErrorKind::kServer);
  CHECK(run.PendingNames().empty());
}

TEST_CASE("what cannot be taken up is left alone") {
  SigningIn run;
  PendingSignIn pending = run.MakePending();
  SECTION("expired") {
    pending.expires_at = run.clock.Now();
  }
  SECTION("of another issuer") {
    pending.issuer = "https://other.example";
  }
  SECTION("of another client") {
    pending.client_id = "client-2";
  }
  run.StorePending(kOldEntry, pending);
  run.state.files["work.pending-1"] = "garbage";
  run.StorePending("work2.pending-0", run.MakePending());
  run.ExpectNewCode();
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.FirstAddress() == kNewUrl);
}

TEST_CASE("of several pending requests the newest is taken up") {
  SigningIn run;
  PendingSignIn newest = run.MakePending(seconds(500));
  newest.device->device_code = "newest";
  run.StorePending("work.pending-1", run.MakePending(seconds(100)));
  run.StorePending("work.pending-2", newest);
  run.StorePending("work.pending-3", run.MakePending(seconds(200)));
  run.http.Handle(kTokenUrl, [&](const HttpRequest& request) {
    CHECK(DecodeForm(request.form).at("device_code") == "newest");
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-new", "refresh-new")};
  });
  run.Provide();
}

TEST_CASE("the command login takes a pending request up, and prints no token") {
  SigningIn run;
  run.StorePending(kOldEntry, run.MakePending());
  run.ExpectApproval();
  run.LoginNow();
  CHECK(run.Tokens().access_token == "access-new");
  CHECK(run.terminal.answers.empty());
}

TEST_CASE("the command login replaces a login that would last, and does not revoke it") {
  SigningIn run;
  run.StoreLogin(run.MakeTokens());
  run.ExpectNewCode();
  run.ExpectApproval();
  run.LoginNow();
  CHECK(run.Tokens().refresh_token == "refresh-new");
  CHECK(run.Tokens().store_id != "store-1");
  CHECK(run.Record().delivered_generation == 0);
}

TEST_CASE("the command login waits 15 minutes") {
  SigningIn run;
  run.http.Answer(kConfigurationUrl, 200, Metadata());
  run.http.Answer(kDeviceUrl, 200,
                  R"({"device_code":"d","user_code":"AA","verification_uri":"https://id.example/d",
                      "expires_in":1800,"interval":60})");
  run.ExpectPending(14);
  CHECK(ErrorOf([&] { run.LoginNow(); }).kind() == ErrorKind::kTimeout);
  CHECK(run.clock.Elapsed() == seconds(900));
}

TEST_CASE("a browser window is opened once, at the address with the code") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectPending(2);
  run.ExpectApproval();
  run.browser.opens = GENERATE(true, false);
  run.Provide();
  CHECK(run.browser.opened == std::vector<std::string>{kNewUrl});
  const bool said =
      run.terminal.Messages().find("No browser could be started") != std::string::npos;
  CHECK(said == !run.browser.opens);
}

TEST_CASE("no window is opened where there is no display, or none is wanted") {
  SigningIn run;
  TokenOptions options;
  SECTION("no display") {
    run.browser.is_available = false;
  }
  SECTION("--no-browser") {
    options.no_browser = true;
  }
  run.ExpectNewCode();
  run.ExpectApproval();
  run.Provide(options);
  CHECK(run.browser.opened.empty());
  CHECK(run.FirstAddress() == kNewUrl);
}

TEST_CASE("after a sign-in that nobody answered no run opens a window until one succeeds") {
  SigningIn run;
  TokenOptions short_run;
  short_run.timeout = seconds(4);
  run.ExpectNewCode();
  static_cast<void>(run.Failure(short_run));
  CHECK(run.browser.opened.size() == 1);
  // Its code has expired since.
  run.clock.Advance(seconds(1000));
  run.ExpectNewCode();
  static_cast<void>(run.Failure(short_run));
  CHECK(run.browser.opened.size() == 1);
  SECTION("the command login opens one whatever came before") {
    run.clock.Advance(seconds(1000));
    run.ExpectNewCode();
    run.ExpectApproval();
    run.LoginNow();
    CHECK(run.browser.opened.size() == 2);
  }
  SECTION("a success counts as an answer") {
    run.ExpectApproval();
    run.clock.Advance(seconds(5));
    run.Provide();
    CHECK(run.browser.opened.size() == 1);
    static_cast<void>(run.store.SignOut());
    run.ExpectNewCode();
    run.ExpectApproval();
    run.Provide();
    CHECK(run.browser.opened.size() == 2);
  }
}

TEST_CASE("a request that was declined while nobody asked is followed by a new one") {
  SigningIn run;
  run.StorePending(kOldEntry, run.MakePending());
  run.http.Answer(kTokenUrl, 400, ErrorAnswer("access_denied"));
  run.ExpectNewCode();
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.FirstAddress() == kNewUrl);
}

TEST_CASE("requests that have expired, and what cannot be read, do not stay") {
  SigningIn run;
  run.StorePending("work.pending-expired", run.MakePending(seconds(-1)));
  run.state.files["work.pending-garbage"] = "garbage";
  run.ExpectNewCode();
  run.ExpectApproval();
  run.Provide();
  CHECK(run.PendingNames().empty());
}
