#include <catch2/catch.hpp>

#include <csignal>
#include <string>

#include "refresh_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

TEST_CASE("what is stored counts when a worker ends without a word") {
  Expiring run;
  SECTION("it saved a token first") {
    run.worker.Plan([&] {
      run.SaveNewer();
      return std::string();
    });
    CHECK(TokenOf(run.Run()) == "access-2");
  }
  SECTION("its report is cut off") {
    run.worker.Plan([&] {
      run.SaveNewer();
      return std::string(R"({"report":"tok)");
    });
    CHECK(TokenOf(run.Run()) == "access-2");
  }
  SECTION("somebody signed out") {
    run.worker.Plan([&] {
      static_cast<void>(run.store.SignOut());
      return std::string();
    });
    CHECK(std::holds_alternative<SignInNeeded>(run.Run()));
  }
  SECTION("nothing has changed") {
    run.worker.PlanSilentEnd();
    const SilentRefreshResult result = run.Run();
    CHECK(FailureOf(result).error.kind() == ErrorKind::kStore);
    CHECK(FailureOf(result).is_transport);
  }
}

TEST_CASE("a worker that found the login changed makes the run look again") {
  Expiring run;
  SECTION("renewed") {
    run.worker.Plan([&] {
      run.SaveNewer();
      return SerializeReport(ReportedChange{});
    });
    CHECK(TokenOf(run.Run()) == "access-2");
  }
  SECTION("signed out") {
    run.worker.Plan([&] {
      static_cast<void>(run.store.SignOut());
      return SerializeReport(ReportedChange{});
    });
    CHECK(std::holds_alternative<SignInNeeded>(run.Run()));
  }
}

TEST_CASE("endpoints that moved are worth one more worker") {
  Expiring run;
  run.http.Answer(kTokenUrl, 404, "");
  run.http.Answer(kConfigurationUrl, 200, Metadata("https://id.example/v2/token"));
  run.http.Answer("https://id.example/v2/token", 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh(seconds(1));
  run.worker.PlanRefresh(seconds(1));
  CHECK(TokenOf(run.Run()) == "access-2");
  CHECK(run.Tokens().token_endpoint == "https://id.example/v2/token");
}

TEST_CASE("endpoints that move at every look lead nowhere") {
  Expiring run;
  run.worker.PlanReport(ReportedMove{});
  run.worker.PlanReport(ReportedMove{});
  const SilentRefreshResult result = run.Run();
  CHECK(FailureOf(result).error.kind() == ErrorKind::kServer);
  CHECK(run.worker.started.size() == 2);
}

TEST_CASE("an interrupted run gives its worker 400 ms to report") {
  Expiring run;
  run.clock.InterruptAfter(milliseconds(1000), SIGTERM);
  SECTION("in time") {
    run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
    run.worker.PlanRefresh(milliseconds(1399));
    CHECK(TokenOf(run.Run()) == "access-2");
  }
  SECTION("too late") {
    run.worker.PlanHang();
    CHECK_THROWS_AS(run.Run(), Interrupted);
    CHECK(run.clock.Elapsed() == milliseconds(1400));
  }
  SECTION("without a word") {
    run.worker.PlanSilentEnd(milliseconds(1100));
    CHECK_THROWS_AS(run.Run(), Interrupted);
  }
}

TEST_CASE("a run that is interrupted while it waits for the lock ends") {
  Expiring run;
  run.state.HoldElsewhere(kRefreshLock);
  run.clock.InterruptAfter(milliseconds(1000), SIGINT);
  CHECK_THROWS_AS(run.Run(), Interrupted);
  CHECK(run.clock.Elapsed() <= milliseconds(1020));
}
