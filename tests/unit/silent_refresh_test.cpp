#include <catch2/catch.hpp>

#include <string>

#include "refresh_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

TEST_CASE("a run that gets the lock starts a worker and takes its token") {
  Expiring run;
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh(milliseconds(300));
  CHECK(TokenOf(run.Run()) == "access-2");
  CHECK(run.clock.Elapsed() == milliseconds(300));
  CHECK_FALSE(run.state.IsLocked(kRefreshLock));
  CHECK_FALSE(IsRefused(run.Record(), "access-1"));
}

TEST_CASE("a run that does not get the lock waits and takes the winner's token") {
  Expiring run;
  run.EndHolderAfter(milliseconds(1000), [&] { run.SaveNewer(); });
  CHECK(TokenOf(run.Run()) == "access-2");
  CHECK(run.worker.started.empty());
  CHECK(run.clock.Elapsed() >= milliseconds(1000));
  CHECK(run.clock.Elapsed() <= milliseconds(1100));
}

TEST_CASE("a run takes a token that was saved between its first look and the lock") {
  Expiring run;
  run.SaveNewer();
  CHECK(TokenOf(run.Run()) == "access-2");
  CHECK(run.worker.started.empty());
}

TEST_CASE("a run starts a worker of its own when the holder died without an end of its attempt") {
  Expiring run;
  run.EndHolderAfter(milliseconds(1000), [&] {
    RefreshRecord record = run.Record();
    record.attempts = 1;
    run.StoreLogin(run.Tokens(), record);
  });
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh();
  CHECK(TokenOf(run.Run()) == "access-2");
  CHECK(run.Record().last->attempt == 2);
}

TEST_CASE("a failure that was on record before does not keep a run from trying") {
  Expiring run;
  run.RecordFailure("network");
  run.first = run.store.Load();
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh();
  CHECK(TokenOf(run.Run()) == "access-2");
}

TEST_CASE("a run reports the failure of an attempt that ended while it waited") {
  const auto [word, kind, is_transport] = GENERATE(table<std::string, ErrorKind, bool>({
      {"network", ErrorKind::kNetwork, true},
      {"config", ErrorKind::kConfig, false},
      {"access_denied", ErrorKind::kAccessDenied, false},
      {"login_ended", ErrorKind::kLoginRequired, false},
  }));
  CAPTURE(word);
  Expiring run;
  run.EndHolderAfter(milliseconds(500), [&, word = word] { run.RecordFailure(word); });
  const SilentRefreshResult result = run.Run();
  const RefreshWithoutToken& failure = FailureOf(result);
  CHECK(failure.error.kind() == kind);
  CHECK(failure.error.what() == std::string("the other's words"));
  CHECK(failure.error.hint() == "the other's hint");
  CHECK(failure.is_transport == is_transport);
  CHECK(run.worker.started.empty());
}

TEST_CASE("a refusal means the same to the run that asked and to the one that waited for it") {
  const auto [status, body] =
      GENERATE(table<int, std::string>({{400, ErrorAnswer("invalid_request")},
                                        {503, "<html>"},
                                        {401, ErrorAnswer("invalid_client")}}));
  CAPTURE(status, body);
  Expiring asking;
  asking.http.Answer(kTokenUrl, status, body);
  asking.worker.PlanRefresh();
  const SilentRefreshResult asked = asking.Run();
  Expiring waiting;
  waiting.http.Answer(kTokenUrl, status, body);
  waiting.EndHolderAfter(seconds(1), [&] { static_cast<void>(waiting.RunWorker()); });
  const SilentRefreshResult waited = waiting.Run();
  CHECK(FailureOf(asked).error.kind() == FailureOf(waited).error.kind());
  CHECK(FailureOf(asked).is_transport == FailureOf(waited).is_transport);
}

TEST_CASE("a run that waited in vain says that the refresh goes on") {
  Expiring run;
  run.state.HoldElsewhere(kRefreshLock);
  const SilentRefreshResult result = run.Run();
  CHECK(FailureOf(result).error.kind() == ErrorKind::kNetwork);
  CHECK(FailureOf(result).is_transport);
  CHECK(FailureOf(result).running == nullptr);
  CHECK(run.clock.Elapsed() == seconds(15));
}

TEST_CASE("a worker that is still waiting at the deadline is handed on") {
  Expiring run;
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh(seconds(20));
  const SilentRefreshResult result = run.Run();
  REQUIRE(FailureOf(result).running != nullptr);
  const auto text =
      FailureOf(result).running->ReadReport(run.clock.SteadyNow() + seconds(10), false);
  REQUIRE(text);
  CHECK(std::get<ReportedToken>(ParseReport(*text).value()).handout.access_token == "access-2");
}

TEST_CASE("a run that waits takes the outcome of another's attempt without a turn of its own") {
  Expiring run;
  run.state.HoldElsewhere(kRefreshLock);  // others take their turns; it is never this one's
  SECTION("a token") {
    run.clock.After(milliseconds(500), [&] {
      run.SaveNewer();
      RefreshRecord record = run.Record();
      record.attempts = 1;
      record.last = RefreshOutcome{1, run.clock.Now(), kRefreshedWord, "", "", false};
      run.StoreLogin(run.Tokens(), record);
    });
    CHECK(TokenOf(run.Run()) == "access-2");
  }
  SECTION("a failure") {
    run.clock.After(milliseconds(500), [&] { run.RecordFailure("network"); });
    CHECK(FailureOf(run.Run()).error.what() == std::string("the other's words"));
  }
  SECTION("a new login in its place") {
    run.clock.After(milliseconds(500), [&] {
      TokenSet tokens = run.MakeTokens(seconds(0));
      tokens.store_id = "another";
      tokens.access_token = "access-3";
      run.StoreLogin(tokens);
    });
    CHECK(TokenOf(run.Run()) == "access-3");
  }
  CHECK(run.clock.Elapsed() >= milliseconds(500));
  CHECK(run.clock.Elapsed() <= milliseconds(700));
  CHECK(run.worker.started.empty());
}

TEST_CASE("a run that waited in vain names the process that was stopped with the lock") {
  Expiring run;
  run.state.HoldElsewhere(kRefreshLock);
  run.state.stopped[kRefreshLock] = 4711;
  const SilentRefreshResult result = run.Run();
  CHECK(std::string(FailureOf(result).error.what()).find("process 4711 is stopped") !=
        std::string::npos);
  CHECK(FailureOf(result).error.hint().find("kill -CONT 4711") != std::string::npos);
  CHECK(FailureOf(result).is_transport);
}

TEST_CASE("a token that expired on its way is renewed once more, and only once") {
  Expiring run;
  const Handout expired{"access-2", run.clock.Now() - seconds(1), {"store-1", 2}};
  run.worker.PlanReport(ReportedToken{expired, ""});
  SECTION("its successor is handed out") {
    run.http.Answer(kTokenUrl, 200, TokenAnswer("access-3", "refresh-3"));
    run.worker.PlanRefresh();
    CHECK(TokenOf(run.Run()) == "access-3");
  }
  SECTION("whatever it is") {
    run.worker.PlanReport(ReportedToken{expired, ""});
    CHECK(TokenOf(run.Run()) == "access-2");
  }
  CHECK(run.worker.started.size() == 2);
}

TEST_CASE("a run starts over when a login took the place of its own that needs a refresh, too") {
  Expiring run;
  run.worker.PlanReport(ReportedChange{});
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-3", "refresh-3"));
  run.worker.PlanRefresh();
  CHECK(TokenOf(run.Run()) == "access-3");
}
