#include <catch2/catch.hpp>

#include <string>

#include "app/token_source.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

// Grok gives up after 5 s (design 5.2).
constexpr milliseconds kLongestRun{4500};

/// A run with GROK_AUTH_EXPIRED=1.
struct Headless : Fixture {
  Headless() { environment.grok_auth_expired = true; }

  std::string Provide() {
    Context run = NewRun(messages);
    TokenOptions options;
    options.format = TokenFormat::kBare;
    ProvideToken(run, options);
    return terminal.answers.back();
  }
  Error Failure() {
    const Error error = ErrorOf([this] { Provide(); });
    CHECK(terminal.answers.empty());
    CHECK(browser.opened.empty());
    return error;
  }
};

}  // namespace

TEST_CASE("a headless run without a login ends at once") {
  Headless run;
  CHECK(run.Failure().kind() == ErrorKind::kLoginRequired);
  CHECK(run.clock.Elapsed() == milliseconds(0));
  CHECK(run.state.locks_taken.empty());
  CHECK(run.terminal.messages.empty());
}

TEST_CASE("a headless run whose login cannot be refreshed ends at once") {
  Headless run;
  TokenSet tokens = run.MakeTokens();
  RefreshRecord record = Fixture::MakeRecord(tokens);
  SECTION("no refresh token") {
    tokens.refresh_token.reset();
  }
  SECTION("a dead one") {
    MarkDead(record, "refresh-1");
  }
  run.StoreLogin(tokens, record);
  CHECK(run.Failure().kind() == ErrorKind::kLoginRequired);
  CHECK_FALSE(run.state.IsLocked(kRefreshLock));
  // Grok refused it: the sign-in run that follows must not print it again.
  CHECK(IsRefused(run.Record(), "access-1"));
}

TEST_CASE("a headless run hands out a new token, however long the old one would last") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh(milliseconds(700));
  CHECK(run.Provide() == "access-2\n");
  CHECK(run.worker.started ==
        std::vector<std::vector<std::string>>{{"refresh", "--worker", "--profile=work"}});
  CHECK(run.Record().delivered_generation == 2);
}

TEST_CASE("the old token is marked as refused before the worker starts") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  run.worker.before_start = [&] { CHECK(IsRefused(run.Record(), "access-1")); };
  run.worker.PlanHang();
  static_cast<void>(run.Failure());
  CHECK(run.worker.started.size() == 1);
}

TEST_CASE("a headless run that cannot mark the old token starts no worker") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  run.state.unwritable = {"work.last"};
  CHECK(run.Failure().kind() == ErrorKind::kStore);
  CHECK(run.worker.started.empty());
}

TEST_CASE("a headless run gives up in time, and leaves the worker at work") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  SECTION("a worker that waits for the server") {
    run.worker.PlanHang();
  }
  SECTION("another run's worker") {
    run.state.HoldElsewhere(kRefreshLock);
  }
  const Error error = run.Failure();
  CHECK(error.kind() == ErrorKind::kNetwork);
  CHECK(run.clock.Elapsed() > milliseconds(4000));
  CHECK(run.clock.Elapsed() <= kLongestRun);
  CHECK(run.state.IsLocked(kRefreshLock));
  CHECK(run.PendingNames().empty());
}

TEST_CASE("the budget of a headless run counts from the start of the process") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  run.state.HoldElsewhere(kRefreshLock);
  const SteadyTime started = run.clock.SteadyNow() - milliseconds(4000);
  Context late = run.NewRun(run.messages, started);
  CHECK(ErrorOf([&] { ProvideToken(late, {}); }).kind() == ErrorKind::kNetwork);
  CHECK(run.clock.Elapsed() <= milliseconds(500));
}

TEST_CASE("a stopped process that holds the write lock keeps no headless run too long") {
  Headless run;
  const TokenSet tokens = run.MakeTokens();
  RefreshRecord record = Fixture::MakeRecord(tokens);
  run.state.HoldElsewhere(kWriteLock);
  SECTION("when a worker must be started") {
    run.StoreLogin(tokens, record);
    static_cast<void>(run.Failure());
  }
  SECTION("when an undelivered token is printed") {
    record.delivered_generation = 0;
    run.StoreLogin(tokens, record);
    CHECK(run.Provide() == "access-1\n");
  }
  CHECK(run.clock.Elapsed() <= kLongestRun);
}

TEST_CASE("an undelivered token is handed out to a headless run, without a request, once") {
  Headless run;
  const TokenSet tokens = run.MakeTokens();
  RefreshRecord record = Fixture::MakeRecord(tokens);
  record.delivered_generation = 0;
  run.StoreLogin(tokens, record);
  CHECK(run.Provide() == "access-1\n");
  CHECK(run.http.sent.empty());
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh();
  CHECK(run.Provide() == "access-2\n");
}

TEST_CASE("the token of a sibling that is younger than a minute is handed out") {
  Headless run;
  run.StoreLogin(run.MakeTokens(seconds(59)));
  CHECK(run.Provide() == "access-1\n");
  CHECK(run.state.locks_taken.empty());
}

TEST_CASE("what came too late for one headless run is there for the next") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh(seconds(9));
  static_cast<void>(run.Failure());
  run.clock.Advance(seconds(100));
  CHECK(run.Provide() == "access-2\n");
  CHECK(run.worker.started.size() == 1);
}

TEST_CASE("a headless run tells why the refresh came to nothing") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  ErrorKind expected{};
  SECTION("no network") {
    run.http.Fail(kTokenUrl, Cause::kTimeout);
    expected = ErrorKind::kNetwork;
  }
  SECTION("the server is ill") {
    run.http.Answer(kTokenUrl, 503, "");
    expected = ErrorKind::kServer;
  }
  SECTION("the login has ended") {
    run.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
    expected = ErrorKind::kLoginRequired;
  }
  SECTION("the client is wrong") {
    run.http.Answer(kTokenUrl, 401, ErrorAnswer("invalid_client"));
    expected = ErrorKind::kConfig;
  }
  SECTION("the account is refused") {
    run.http.Answer(kTokenUrl, 400, ErrorAnswer("access_denied"));
    expected = ErrorKind::kAccessDenied;
  }
  run.worker.PlanRefresh();
  CHECK(run.Failure().kind() == expected);
  CHECK(IsRefused(run.Record(), "access-1"));
}

TEST_CASE("a token that could not be stored is handed out, and the stored login stays usable") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  run.http.Answer(kTokenUrl, 200, R"({"access_token":"access-2","expires_in":3600})");
  run.state.uncommittable = {"work.json"};
  run.worker.PlanRefresh();
  CHECK(run.Provide() == "access-2\n");
  CHECK(run.terminal.Messages().find("could not be stored") != std::string::npos);
  // This server keeps its refresh token: the next run may send it.
  run.state.uncommittable.clear();
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-3", "refresh-3"));
  run.worker.PlanRefresh();
  CHECK(run.Provide() == "access-3\n");
}

TEST_CASE("many headless runs at once make one request, and all get its token") {
  Headless run;
  run.StoreLogin(run.MakeTokens());
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh(milliseconds(1500));
  for (int i = 1; i <= 4; ++i) {
    run.clock.After(milliseconds(100 * i), [&] { run.Provide(); });
  }
  run.Provide();
  CHECK(run.terminal.answers == std::vector<std::string>(5, "access-2\n"));
  CHECK(run.http.sent.size() == 1);
}
