#include <catch2/catch.hpp>

#include <csignal>
#include <string>

#include "sign_in_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Times = std::vector<std::int64_t>;

namespace {

constexpr const char* kOldEntry = "work.pending-0";

/// Another process holds the sign-in lock.
struct Waiting : SigningIn {
  Waiting() { state.HoldElsewhere(kSignInLock); }

  void SignInElsewhere() {
    TokenSet tokens = MakeTokens(seconds(0));
    tokens.store_id = "store-2";
    tokens.access_token = "access-other";
    RefreshRecord record = MakeRecord(tokens);
    StoreLogin(tokens, record);
    state.files.erase(kOldEntry);
  }
};

}  // namespace

TEST_CASE("a run that finds a sign-in under way shows its address and takes its token") {
  Waiting run;
  run.StorePending(kOldEntry, run.MakePending());
  run.clock.After(seconds(30), [&] { run.SignInElsewhere(); });
  CHECK(run.Provide() == "access-other\n");
  CHECK(run.FirstAddress() == kOldUrl);
  CHECK(run.http.sent.empty());
  CHECK(run.browser.opened.empty());
  CHECK(run.clock.Elapsed() < seconds(31));
}

TEST_CASE("a waiting run is silent until there is an address, and shows it once") {
  Waiting run;
  run.terminal.before_first_message = [&] { CHECK(run.clock.Elapsed() >= seconds(3)); };
  run.clock.After(seconds(3), [&] { run.StorePending(kOldEntry, run.MakePending()); });
  run.clock.After(seconds(30), [&] { run.SignInElsewhere(); });
  run.Provide();
  const std::string said = run.terminal.Messages();
  CHECK(run.FirstAddress() == kOldUrl);
  CHECK(said.find(kOldUrl) == said.rfind(kOldUrl));
}

TEST_CASE("a waiting run shows the new address when the code was replaced") {
  Waiting run;
  run.StorePending(kOldEntry, run.MakePending());
  run.clock.After(seconds(10), [&] {
    PendingSignIn next = run.MakePending();
    next.url = kNewUrl;
    run.StorePending(kOldEntry, next);
  });
  run.clock.After(seconds(30), [&] { run.SignInElsewhere(); });
  run.Provide();
  CHECK(run.terminal.Messages().find(kNewUrl) != std::string::npos);
}

TEST_CASE("a run that gets its turn takes the pending request of the dead holder up") {
  Waiting run;
  run.StorePending(kOldEntry, run.MakePending());
  run.clock.After(seconds(10), [&] { run.state.ReleaseElsewhere(kSignInLock); });
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.http.sent.size() == 1);
}

TEST_CASE("a run that gets its turn without a pending request starts its own") {
  Waiting run;
  run.clock.After(seconds(10), [&] { run.state.ReleaseElsewhere(kSignInLock); });
  run.ExpectNewCode();
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
}

TEST_CASE("a waiting run ends after 290 s") {
  Waiting run;
  CHECK(run.Failure().kind() == ErrorKind::kTimeout);
  CHECK(run.clock.Elapsed() == seconds(290));
}

TEST_CASE("a waiting run takes no token that is older than itself") {
  Waiting run;
  run.StoreLogin(run.MakeTokens(seconds(21600)));  // expired
  run.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
  run.worker.PlanRefresh();
  CHECK(run.Failure().kind() == ErrorKind::kTimeout);
  CHECK(run.terminal.answers.empty());
}

TEST_CASE("the command login takes the token of the sign-in that it found under way") {
  Waiting run;
  run.StorePending(kOldEntry, run.MakePending());
  run.clock.After(seconds(30), [&] { run.SignInElsewhere(); });
  run.LoginNow();
  CHECK(run.FirstAddress() == kOldUrl);
  CHECK(run.Tokens().access_token == "access-other");
}

TEST_CASE("a sign-in whose entry was removed by a logout ends") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectPending(1);
  run.clock.After(seconds(7), [&] { static_cast<void>(run.store.SignOut()); });
  CHECK(run.Failure().kind() == ErrorKind::kLoginRequired);
  CHECK(run.PollTimes() == Times{5});
}

TEST_CASE("a sign-in whose entry was finished by another process takes that token") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectPending(1);
  run.clock.After(seconds(7), [&] {
    run.state.files.erase(run.PendingNames().front());
    TokenSet tokens = run.MakeTokens(seconds(0));
    tokens.access_token = "access-other";
    run.SaveElsewhere(tokens);
  });
  CHECK(run.Provide() == "access-other\n");
  CHECK(run.PollTimes() == Times{5});
}

TEST_CASE("a sign-in waits while another process polls its entry") {
  SigningIn run;
  run.ExpectNewCode();
  run.clock.After(seconds(4), [&] { run.state.HoldElsewhere(kPollLock); });
  run.clock.After(seconds(8), [&] { run.state.ReleaseElsewhere(kPollLock); });
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
  REQUIRE(run.PollTimes().size() == 1);
  CHECK(run.PollTimes().front() >= 8);
}

TEST_CASE("a refresh that comes through late ends the sign-in with its token") {
  SigningIn run;
  run.StoreLogin(run.MakeTokens(seconds(21600)));
  run.http.Handle(kConfigurationUrl, [&](const HttpRequest&) {
    return HttpResponse{200, "", std::nullopt, Metadata()};
  });
  run.http.Answer(kDeviceUrl, 200, DeviceAnswer("device-1", "AAAA-BBBB"));
  run.ExpectPending(2);
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh(seconds(28));
  CHECK(run.Provide() == "access-2\n");
  CHECK(run.clock.Elapsed() == seconds(28));
  CHECK(run.Tokens().refresh_token == "refresh-2");
}

TEST_CASE("a late refresh counts for a run that waits for its turn, too") {
  Waiting run;
  run.StoreLogin(run.MakeTokens(seconds(21600)));
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh(seconds(40));
  CHECK(run.Provide() == "access-2\n");
  CHECK(run.clock.Elapsed() == seconds(40));
}

TEST_CASE("a late failure of the refresh does not disturb the sign-in") {
  SigningIn run;
  run.StoreLogin(run.MakeTokens(seconds(21600)));
  run.ExpectNewCode();
  run.http.Answer(kTokenUrl, 503, "");  // the refresh, at 18 s
  run.ExpectPending(1);                 // the first poll, at 20 s
  run.ExpectApproval();
  run.worker.PlanRefresh(seconds(18));
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.PollTimes() == Times{18, 20, 25});
}
