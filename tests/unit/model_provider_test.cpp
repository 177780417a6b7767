// Grok's contract for the auth provider of one model (26-config-reference.md): after a refusal the
// run gets GROK_AUTH_EXPIRED=1 and the token that did not do in GROK_AUTH_PROVIDER_ACCESS_TOKEN.

#include <catch2/catch.hpp>

#include <string>

#include "refresh_fixture.h"
#include "sign_in_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

/// A login whose token would last for hours, and Grok that brings back a token.
struct Handback : SigningIn {
  explicit Handback(const std::string& token = "access-1") {
    environment.grok_auth_expired = true;
    environment.provider_access_token = token;
    StoreLogin(MakeTokens());
  }

  void PlanToken() {
    http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
    worker.PlanRefresh();
  }
  void PlanFailure() {
    http.Fail(kTokenUrl, Cause::kTimeout);
    worker.PlanRefresh();
  }
  /// The error of a run that asks nobody.
  Error QuietFailure() {
    Error error = Failure();
    CHECK(terminal.answers.empty());
    CHECK(terminal.messages.empty());
    CHECK(browser.opened.empty());
    CHECK(PendingNames().empty());
    return error;
  }
};

}  // namespace

TEST_CASE("the stored token is refreshed when Grok brings it back") {
  Handback run;
  run.PlanToken();
  CHECK(run.Provide() == "access-2\n");
  CHECK(run.worker.started.size() == 1);
  CHECK(IsRejected(run.Record(), "access-1"));
  CHECK(run.terminal.messages.empty());
}

TEST_CASE("it is refreshed however young, and although Grok says nothing of an expiry") {
  Handback run;
  run.StoreLogin(run.MakeTokens(seconds(1)));
  run.environment.grok_auth_expired = GENERATE(true, false);
  run.PlanToken();
  CHECK(run.Provide() == "access-2\n");
}

TEST_CASE("when Grok brings back another token the stored one will do, without a request") {
  Handback run("access-0");
  CHECK(run.Provide() == "access-1\n");
  CHECK(run.http.sent.empty());
  CHECK(run.state.locks_taken.empty());
  CHECK_FALSE(IsRefused(run.Record(), "access-1"));
}

TEST_CASE("a stored token that does not last is refreshed whatever Grok brings back") {
  Handback run("access-0");
  run.StoreLogin(run.MakeTokens(seconds(21400)));
  run.PlanToken();
  CHECK(run.Provide() == "access-2\n");
}

TEST_CASE("the run for a model never asks a person") {
  Handback run;
  SECTION("nobody is signed in") {
    run.state.files.clear();
  }
  SECTION("the login has ended") {
    run.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
    run.worker.PlanRefresh();
  }
  SECTION("there is no refresh token") {
    TokenSet tokens = run.MakeTokens();
    tokens.refresh_token.reset();
    run.StoreLogin(tokens);
  }
  run.terminal.screen = Screen{};
  CHECK(run.QuietFailure().kind() == ErrorKind::kLoginRequired);
}

TEST_CASE("the first run for a model, which has no token to bring back, asks nobody when told so") {
  Handback run;
  run.environment.grok_auth_expired = false;
  run.environment.provider_access_token.reset();
  TokenOptions options;
  options.no_interactive = true;
  CHECK(run.Provide(options) == "access-1\n");
  run.state.files.clear();
  run.terminal.answers.clear();
  CHECK(run.Failure(options).kind() == ErrorKind::kLoginRequired);
  CHECK(run.terminal.answers.empty());
}

TEST_CASE("a run for a model ends within the 30 s that Grok waits") {
  Handback run;
  SECTION("its own worker hangs") {
    run.worker.PlanHang();
  }
  SECTION("another's does") {
    run.state.HoldElsewhere(kRefreshLock);
  }
  CHECK(run.QuietFailure().kind() == ErrorKind::kNetwork);
  CHECK(run.clock.Elapsed() <= seconds(20));
}

TEST_CASE("a token that Grok brought back is handed out to nobody, although the server is down") {
  Handback run;
  run.PlanFailure();
  CHECK(run.QuietFailure().kind() == ErrorKind::kNetwork);
  CHECK(IsRejected(run.Record(), "access-1"));

  run.environment.provider_access_token.reset();
  SECTION("not to a headless run") {
    run.PlanFailure();
    CHECK(run.QuietFailure().kind() == ErrorKind::kNetwork);
  }
  SECTION("not to a sign-in run, which asks a person") {
    run.environment.grok_auth_expired = false;
    run.PlanFailure();
    run.ExpectNewCode();
    run.ExpectApproval();
    CHECK(run.Provide() == "access-new\n");
  }
  SECTION("not to a command that makes requests") {
    run.environment.grok_auth_expired = false;
    run.PlanFailure();
    CHECK(ErrorOf([&] { static_cast<void>(GetToken(run.context, Demand{})); }).kind() ==
          ErrorKind::kNetwork);
  }
}

TEST_CASE("that a token was rejected is remembered by the login that follows") {
  Handback run;
  run.PlanToken();
  CHECK(run.Provide() == "access-2\n");
  CHECK(run.Record().generation == 2);
  CHECK(IsRejected(run.Record(), "access-1"));

  TokenSet tokens = run.MakeTokens();
  tokens.store_id = "store-2";
  RefreshRecord record = ParseRefreshRecord(run.state.files.at("work.last"), "store-2");
  CHECK(IsRejected(record, "access-1"));
  run.StoreLogin(tokens, record);  // the server gave the same token again
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-3", "refresh-3"));
  run.worker.PlanRefresh();
  run.environment.provider_access_token.reset();
  CHECK(run.Provide() == "access-3\n");
}

TEST_CASE("a token that Grok brought back is not handed out although nobody can remember it") {
  Handback run;
  run.state.unwritable.insert("work.last");
  SECTION("nothing can be saved") {
    run.worker.PlanRefresh();
    CHECK(run.QuietFailure().kind() == ErrorKind::kStore);
  }
  SECTION("in a sign-in run whose refresh fails") {
    run.environment.grok_auth_expired = false;
    run.worker.PlanReport(
        ReportedFailure{Error(ErrorKind::kNetwork, "no", ""), /*is_transport=*/true});
    run.ExpectNewCode();
    run.ExpectApproval();
    CHECK(run.Provide() == "access-new\n");
  }
}

TEST_CASE("an API key that Grok brings back is left alone") {
  Handback run("key-1");
  TokenSet tokens = run.MakeTokens(seconds(0), std::nullopt);
  tokens.credential = Credential::kApiKey;
  tokens.access_token = "key-1";
  tokens.refresh_token.reset();
  run.StoreLogin(tokens);
  const auto before = run.state.files;
  CHECK(run.QuietFailure().kind() == ErrorKind::kLoginRequired);
  CHECK(run.state.files == before);
}
