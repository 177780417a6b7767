#include "app/sign_in.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>

#include "sign_in_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;
using Times = std::vector<std::int64_t>;

TEST_CASE("the pending request is saved before anything is printed") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectApproval();
  run.terminal.before_first_message = [&] { CHECK(run.PendingNames().size() == 1); };
  CHECK(run.Provide() == "access-new\n");
}

TEST_CASE("the first line is the address as a clean word, and everything else comes after it") {
  SigningIn run;
  SECTION("nobody was signed in") {}
  SECTION("a login has ended") {
    const TokenSet tokens = run.MakeTokens(seconds(30000));
    RefreshRecord record = Fixture::MakeRecord(tokens);
    MarkDead(record, "refresh-1");
    run.StoreLogin(tokens, record);
  }
  run.ExpectNewCode();
  run.ExpectApproval();
  run.Provide();
  CHECK(run.FirstAddress() == kNewUrl);
  std::string rest;
  for (std::size_t i = 1; i < run.terminal.messages.size(); ++i) {
    rest += run.terminal.messages[i];
  }
  CHECK(rest.find("https://") == std::string::npos);
  CHECK(rest.find("AAAA-BBBB") != std::string::npos);
  CHECK(rest.find("10 min") != std::string::npos);
  CHECK(rest.find("Signed in as user-1@id, valid for 6 h, renewed without you.\n") !=
        std::string::npos);
}

TEST_CASE("nothing secret is said") {
  SigningIn run;
  run.verbose = true;
  run.ExpectNewCode("secret-device-code");
  run.ExpectPending(1);
  run.ExpectApproval();
  run.Provide();
  const std::string said = run.terminal.Messages();
  CHECK(said.find("POST https://id.example/token: 200") != std::string::npos);
  for (const char* secret : {"secret-device-code", "access-new", "refresh-new"}) {
    CHECK(said.find(secret) == std::string::npos);
  }
}

TEST_CASE("a run polls at the server's interval") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectPending(3);
  run.ExpectApproval();
  run.Provide();
  CHECK(run.PollTimes() == Times{5, 10, 15, 20});
}

TEST_CASE("slow_down makes this and all later waits 5 s longer") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectErrors({"slow_down", "authorization_pending", "slow_down"});
  run.ExpectApproval();
  run.Provide();
  CHECK(run.PollTimes() == Times{5, 15, 25, 40});
}

TEST_CASE("trouble with the network ends no sign-in, but is waited out longer and longer") {
  SigningIn run;
  run.ExpectNewCode();
  run.http.Fail(kTokenUrl, Cause::kTimeout);
  run.http.Fail(kTokenUrl, Cause::kResolve);
  run.ExpectPending(1);
  run.ExpectApproval();
  run.Provide();
  CHECK(run.PollTimes() == Times{5, 15, 30, 35});
  const std::string said = run.terminal.Messages();
  CHECK(said.find("the line is dead") != std::string::npos);
  CHECK(said.find("the line is dead") == said.rfind("the line is dead"));
}

TEST_CASE("access_denied ends the sign-in, and its entry goes") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectErrors({"access_denied"});
  CHECK(run.Failure().kind() == ErrorKind::kAccessDenied);
  CHECK(run.PendingNames().empty());
  CHECK(run.terminal.answers.empty());
}

TEST_CASE("a code that has expired is replaced by a new one") {
  SigningIn run;
  run.ExpectNewCode("device-1", "AAAA-BBBB");
  run.ExpectErrors({"expired_token"});
  run.ExpectNewCode("device-2", "CCCC-DDDD");
  run.ExpectApproval();
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.PendingNames().empty());
  CHECK(run.FirstAddress() == kNewUrl);
  CHECK(run.terminal.Messages().find("user_code=CCCC-DDDD") != std::string::npos);
  CHECK(run.browser.opened.size() == 1);
}

TEST_CASE("a code is not polled after its end") {
  SigningIn run;
  run.StorePending("work.pending-0", run.MakePending(seconds(8)));
  run.ExpectPending(1);                        // at once, because it is due
  run.ExpectPending(1);                        // after 5 s
  run.ExpectNewCode("device-2", "CCCC-DDDD");  // after 10 s
  run.ExpectApproval();
  run.Provide();
  CHECK(run.PollTimes() == Times{0, 5, 15});
}

TEST_CASE("a code that expires with the run ends it") {
  SigningIn run;
  TokenOptions options;
  options.timeout = seconds(25);
  run.ExpectNewCode();
  run.ExpectErrors({"expired_token"});
  CHECK(run.Failure(options).kind() == ErrorKind::kExpired);
  CHECK(run.PendingNames().empty());
}

TEST_CASE("a provider run ends after 290 s and keeps its entry") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectPending(57);
  CHECK(run.Failure().kind() == ErrorKind::kTimeout);
  CHECK(run.clock.Elapsed() == seconds(290));
  CHECK(run.PendingNames().size() == 1);
  CHECK_FALSE(run.state.IsLocked(kSignInLock));
}

TEST_CASE("option --timeout ends a provider run sooner") {
  SigningIn run;
  TokenOptions options;
  options.timeout = seconds(12);
  run.ExpectNewCode();
  run.ExpectPending(2);
  CHECK(run.Failure(options).kind() == ErrorKind::kTimeout);
  CHECK(run.clock.Elapsed() == seconds(12));
}

TEST_CASE("a poll shortly before the end of a run ends before Grok kills it") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectPending(57);
  static_cast<void>(run.Failure());
  for (const ScriptedHttp::Sent& one : run.http.sent) {
    CHECK(one.at + one.request.total_timeout <= seconds(300));
  }
}

TEST_CASE("an interrupted sign-in leaves its entry and lets its lock go") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectPending(1);
  run.clock.InterruptAfter(seconds(7), SIGINT);
  CHECK_THROWS_AS(run.Provide(), Interrupted);
  CHECK(run.clock.Elapsed() == seconds(7));
  CHECK(run.PendingNames().size() == 1);
  CHECK_FALSE(run.state.IsLocked(kSignInLock));
}

TEST_CASE("a login is stored under a new id, the tokens first and the record last") {
  SigningIn run;
  run.StoreLogin(run.MakeTokens(seconds(30000)));
  run.state.files["work.last"] = "";
  run.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
  run.worker.PlanRefresh();
  run.ExpectNewCode();
  run.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    run.state.changes.clear();
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-new", "refresh-new")};
  });
  std::string entry;
  run.terminal.before_first_message = [&] { entry = run.PendingNames().front(); };
  run.Provide();
  CHECK(run.Tokens().store_id != "store-1");
  CHECK(run.Tokens().generation == 1);
  CHECK(run.state.changes == std::vector<std::string>{"write work.json", "write work.id",
                                                      "remove " + entry, "write work.last",
                                                      "write work.last"});
  CHECK(run.state.files["work.id"].find(run.Tokens().store_id) != std::string::npos);
  CHECK(run.Record().delivered_generation == 1);
}

TEST_CASE("a login that cannot be stored is handed out with a warning") {
  SigningIn run;
  run.ExpectNewCode();
  run.ExpectApproval();
  run.state.unwritable = {"work.json"};
  CHECK(run.Provide() == "access-new\n");
  CHECK(run.terminal.Messages().find("warning: the login could not be stored") !=
        std::string::npos);
  CHECK(run.PendingNames().empty());
}

TEST_CASE("nothing is announced when the pending request cannot be stored") {
  SigningIn run;
  run.ExpectNewCode();
  run.state.before_change = [&](const std::string& name) {
    if (name.find(".pending-") != std::string::npos) {
      run.state.unwritable.insert(name);
    }
  };
  CHECK(run.Failure().kind() == ErrorKind::kStore);
  CHECK(run.terminal.messages.empty());
  CHECK(run.browser.opened.empty());
}
