#include <catch2/catch.hpp>

#include <string>

#include "app/token_source.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

std::string Provide(Fixture& fixture, bool no_interactive = false) {
  TokenOptions options;
  options.format = TokenFormat::kBare;
  options.no_interactive = no_interactive;
  ProvideToken(fixture.context, options);
  REQUIRE(fixture.terminal.answers.size() == 1);
  return fixture.terminal.answers.front();
}

/// A token with 100 s left: too few for Grok, not yet expired.
void StoreShort(Fixture& fixture) {
  fixture.StoreLogin(fixture.MakeTokens(seconds(21500)));
}

void StoreRefused(Fixture& fixture) {
  const TokenSet tokens = fixture.MakeTokens();
  RefreshRecord record = Fixture::MakeRecord(tokens);
  MarkRefused(record, "access-1");
  fixture.StoreLogin(tokens, record);
}

/// The next run signs a person in, who approves at the first poll.
void ExpectSignIn(Fixture& fixture) {
  fixture.http.Answer(kConfigurationUrl, 200, Metadata());
  fixture.http.Answer(kDeviceUrl, 200, DeviceAnswer("device-1", "AAAA-BBBB"));
  fixture.http.Answer(kTokenUrl, 200, TokenAnswer("access-new", "refresh-new"));
}

}  // namespace

TEST_CASE("an unexpired token is used when the refresh failed in transport") {
  Fixture fixture;
  SECTION("too short for Grok") {
    StoreShort(fixture);
  }
  SECTION("refused by a headless run") {
    StoreRefused(fixture);
  }
  SECTION("the network") {
    fixture.http.Fail(kTokenUrl, Cause::kTimeout);
  }
  SECTION("the server") {
    fixture.http.Answer(kTokenUrl, 503, "<html>");
  }
  if (fixture.state.files.empty()) {
    StoreShort(fixture);
  } else {
    fixture.http.Fail(kTokenUrl, Cause::kBroken);
  }
  fixture.worker.PlanRefresh();
  CHECK(Provide(fixture) == "access-1\n");
  CHECK(fixture.terminal.Messages().find("warning: the refresh failed") != std::string::npos);
}

TEST_CASE("an unexpired token is used when the server does not answer in time") {
  Fixture fixture;
  StoreShort(fixture);
  fixture.worker.PlanHang();
  CHECK(Provide(fixture) == "access-1\n");
  CHECK(fixture.clock.Elapsed() == seconds(15));
}

TEST_CASE("an unexpired token is used when the worker ended without a word") {
  Fixture fixture;
  StoreShort(fixture);
  fixture.worker.PlanSilentEnd();
  CHECK(Provide(fixture) == "access-1\n");
}

TEST_CASE("an expired token is never used: a person is asked") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens(seconds(21600)));
  fixture.http.Fail(kTokenUrl, Cause::kTimeout);
  fixture.worker.PlanRefresh();
  ExpectSignIn(fixture);
  CHECK(Provide(fixture) == "access-new\n");
}

TEST_CASE("when the server ended the login, a person is asked though the token lasts") {
  Fixture fixture;
  SECTION("too short for Grok") {
    StoreShort(fixture);
  }
  SECTION("refused") {
    StoreRefused(fixture);
  }
  fixture.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
  fixture.worker.PlanRefresh();
  ExpectSignIn(fixture);
  CHECK(Provide(fixture) == "access-new\n");
  CHECK(fixture.Tokens().refresh_token == "refresh-new");
  CHECK(IsDead(fixture.Record(), "refresh-1"));
}

TEST_CASE("a refused token is never handed out by a run that may not ask a person") {
  Fixture fixture;
  StoreRefused(fixture);
  SECTION("transport") {
    fixture.http.Fail(kTokenUrl, Cause::kTimeout);
  }
  SECTION("a refusal") {
    fixture.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_request"));
  }
  SECTION("the end of the login") {
    fixture.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
  }
  fixture.worker.PlanRefresh();
  static_cast<void>(ErrorOf([&] { Provide(fixture, /*no_interactive=*/true); }));
  CHECK(fixture.terminal.answers.empty());
}

TEST_CASE("what a new sign-in cannot help ends the run") {
  Fixture fixture;
  StoreShort(fixture);
  ErrorKind expected{};
  SECTION("the client is wrong") {
    fixture.http.Answer(kTokenUrl, 401, ErrorAnswer("invalid_client"));
    expected = ErrorKind::kConfig;
  }
  SECTION("the account is refused") {
    fixture.http.Answer(kTokenUrl, 403, ErrorAnswer("access_denied"));
    expected = ErrorKind::kAccessDenied;
  }
  SECTION("nothing can be stored") {
    fixture.state.is_full = true;
    expected = ErrorKind::kStore;
  }
  fixture.worker.PlanRefresh();
  CHECK(ErrorOf([&] { Provide(fixture); }).kind() == expected);
  CHECK(fixture.PendingNames().empty());
}

TEST_CASE("the command refresh renews a token that would last, and prints no token") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens(seconds(10)));
  fixture.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  fixture.worker.PlanRefresh();
  RefreshNow(fixture.context);
  CHECK(fixture.Tokens().access_token == "access-2");
  CHECK(fixture.terminal.answers.empty());
  CHECK(fixture.Record().delivered_generation == 1);
  CHECK_FALSE(IsRefused(fixture.Record(), "access-1"));
}

TEST_CASE("the command refresh waits as long as its worker") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  fixture.worker.PlanRefresh(seconds(66));
  CHECK_NOTHROW(RefreshNow(fixture.context));
}

TEST_CASE("the command refresh never asks a person") {
  Fixture fixture;
  SECTION("nobody signed in") {}
  SECTION("the login has ended") {
    fixture.StoreLogin(fixture.MakeTokens());
    fixture.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
    fixture.worker.PlanRefresh();
  }
  SECTION("there is no refresh token") {
    TokenSet tokens = fixture.MakeTokens();
    tokens.refresh_token.reset();
    fixture.StoreLogin(tokens);
  }
  CHECK(ErrorOf([&] { RefreshNow(fixture.context); }).kind() == ErrorKind::kLoginRequired);
  CHECK(fixture.terminal.messages.empty());
}
