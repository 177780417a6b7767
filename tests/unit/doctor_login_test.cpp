#include "app/doctor_login.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "check_fixture.h"

using namespace grokauth;
using namespace grokauth::app;
using namespace grokauth::test;
using Outcome = Check::Outcome;

namespace {

std::vector<Check> Examine(Fixture& fixture) {
  return ExamineLogin(fixture.context, fixture.store.Load());
}

/// A login whose last refresh ended so.
void StoreRefreshed(Fixture& fixture, const TokenSet& tokens, const std::string& word,
                    const std::string& message, const std::string& hint) {
  RefreshRecord record = Fixture::MakeRecord(tokens);
  record.attempts = 1;
  record.last = RefreshOutcome{1, fixture.clock.Now() - seconds(180), word, message, hint, false};
  fixture.StoreLogin(tokens, record);
}

}  // namespace

TEST_CASE("that nobody is signed in is worth a note") {
  Fixture fixture;
  CHECK(Examine(fixture) == std::vector<Check>{{Outcome::kNote, "login", "nobody is signed in",
                                                "sign in with 'grok-auth login --profile work'"}});
}

TEST_CASE("a login that renews itself is good, its token expired or not") {
  const auto [age, finding] = GENERATE(table<int, std::string>({
      {3600, "user-1@id, valid for 5 h, renewed without you"},
      {30000, "user-1@id, token expired, renewed at the next run"},
  }));
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens(seconds(age)));
  const std::vector<Check> checks = Examine(fixture);
  REQUIRE(checks.size() == 2);
  CHECK(checks[0] == Check{Outcome::kGood, "login", finding, ""});
  CHECK(checks[1] == Check{Outcome::kGood, "lifetime", "tokens last 6 h", ""});
}

TEST_CASE("a login without a refresh token is worth a note while it lasts, then trouble") {
  const auto [age, outcome, finding] = GENERATE(table<int, Outcome, std::string>({
      {3600, Outcome::kNote, "user-1@id, valid for 5 h, not renewable"},
      {30000, Outcome::kTrouble, "user-1@id, token expired, not renewable"},
  }));
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens(seconds(age));
  tokens.refresh_token.reset();
  fixture.StoreLogin(tokens);
  const Check check = Examine(fixture).front();
  CHECK(check.outcome == outcome);
  CHECK(check.finding == finding);
  CHECK(check.fix.ends_with("sign in with 'grok-auth login --profile work'"));
}

TEST_CASE("a login that cannot be used is trouble") {
  Fixture fixture;
  std::string finding;
  SECTION("another issuer's") {
    TokenSet tokens = fixture.MakeTokens();
    tokens.issuer = "https://other.example";
    fixture.StoreLogin(tokens);
    finding = "a login at https://other.example or of another client";
  }
  SECTION("damaged") {
    fixture.StoreLogin(fixture.MakeTokens());
    fixture.state.files["work.json"] = "{";
    finding = "the login in /state/grok-auth/work.json is damaged";
  }
  const std::vector<Check> checks = Examine(fixture);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].outcome == Outcome::kTrouble);
  CHECK(checks[0].finding.starts_with(finding));
  CHECK_FALSE(checks[0].fix.empty());
}

TEST_CASE("a login in a keyring that cannot be read is not told twice to be trouble") {
  Fixture fixture;
  fixture.state.files["work.id"] = R"({"store_id":"store-1","store":"libsecret"})";
  fixture.keyring.state = KeyringState::kLocked;
  CHECK(Examine(fixture) ==
        std::vector<Check>{{Outcome::kNote, "login", "cannot be read: the keyring is locked", ""}});
}

TEST_CASE("the last refresh is told, and is trouble when it failed and the token has expired") {
  const auto [age, word, message, hint, expected] =
      GENERATE(table<int, std::string, std::string, std::string, Check>({
          {3600,
           kRefreshedWord,
           "",
           "",
           {Outcome::kGood, "refresh", "the last one succeeded at 2027-01-15T07:57:00Z", ""}},
          {3600,
           "server",
           "the server answered 503",
           "",
           {Outcome::kNote, "refresh",
            "the last one failed at 2027-01-15T07:57:00Z: the server answered 503",
            "run 'grok-auth refresh'"}},
          {30000,
           "server",
           "the server answered 503",
           "wait",
           {Outcome::kTrouble, "refresh",
            "the last one failed at 2027-01-15T07:57:00Z: the server answered 503", "wait"}},
      }));
  Fixture fixture;
  StoreRefreshed(fixture, fixture.MakeTokens(seconds(age)), word, message, hint);
  CHECK(Examine(fixture).at(1) == expected);
}

TEST_CASE("a refresh that never ended is worth a note") {
  Fixture fixture;
  RefreshRecord record = Fixture::MakeRecord(fixture.MakeTokens());
  record.attempts = 1;
  record.last_start = fixture.clock.Now() - seconds(300);
  fixture.StoreLogin(fixture.MakeTokens(), record);
  const Check check = Examine(fixture).at(1);
  CHECK(check.outcome == Outcome::kNote);
  CHECK(check.finding ==
        "the last one began at 2027-01-15T07:55:00Z, and is under way or was cut off");
}

TEST_CASE("tokens must last longer than Grok's early window and its jitter") {
  const auto [lifetime, window, outcome] =
      GENERATE(table<int, std::optional<std::string>, Outcome>({
          {361, std::nullopt, Outcome::kGood},
          {360, std::nullopt, Outcome::kTrouble},
          {161, "100", Outcome::kGood},
          {160, "100", Outcome::kTrouble},
          {61, "0", Outcome::kGood},
      }));
  Fixture fixture;
  fixture.environment.early_invalidation_seconds = window;
  CHECK(CheckLifetime(fixture.MakeTokens(seconds(10), seconds(lifetime)), fixture.environment)
            .outcome == outcome);
}

TEST_CASE("the window that the fix names is one that the token outlives") {
  const auto [lifetime, window] = GENERATE(table<int, std::optional<std::string>>(
      {{300, "100"}, {90, "29"}, {62, "1"}, {61, std::nullopt}, {5, std::nullopt}}));
  Fixture fixture;
  const TokenSet tokens = fixture.MakeTokens(seconds(1), seconds(lifetime));
  const Check check = CheckLifetime(tokens, fixture.environment);
  CHECK(check.outcome == Outcome::kTrouble);
  CHECK(check.fix.starts_with("ask the server's administrator for tokens that last longer"));
  const std::string variable = "GROK_AUTH_EARLY_INVALIDATION_SECS=";
  CHECK((check.fix.find(variable) != std::string::npos) == window.has_value());
  if (window) {
    CHECK(check.fix.find(variable + *window + " ") != std::string::npos);
    fixture.environment.early_invalidation_seconds = window;
    CHECK(CheckLifetime(tokens, fixture.environment).outcome == Outcome::kGood);
  }
}

TEST_CASE("a token whose lifetime nobody tells is worth a note, unless GROK_AUTH_TOKEN_TTL does") {
  const auto [ttl, outcome] = GENERATE(table<std::optional<std::string>, Outcome>({
      {std::nullopt, Outcome::kNote},
      {"soon", Outcome::kNote},
      {"3600", Outcome::kGood},
      {"300", Outcome::kTrouble},
  }));
  Fixture fixture;
  fixture.environment.token_ttl_seconds = ttl;
  CHECK(CheckLifetime(fixture.MakeTokens(seconds(1), std::nullopt), fixture.environment).outcome ==
        outcome);
}
