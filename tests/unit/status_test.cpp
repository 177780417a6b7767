#include "app/status.h"

#include <catch2/catch.hpp>

#include <string>

#include "app/refresh_verdict.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

/// The last row of the table, whose name is `name`, without it.
std::string RowOf(Fixture& fixture, const std::string& name) {
  const std::string table = MakeStatusTable(fixture.context);
  const std::size_t start = table.find(name + ":");
  if (start == std::string::npos) {
    return {};
  }
  const std::size_t value = table.find_first_not_of(' ', start + name.size() + 1);
  return table.substr(value, table.size() - value - 1);  // it is the last row
}

RefreshOutcome Outcome(Fixture& fixture, const std::string& word, const std::string& message) {
  return {1, fixture.clock.Now() - seconds(180), word, message, "", false};
}

}  // namespace

TEST_CASE("status tells what became of the last refresh, and what comes next") {
  const auto [word, message, expected] = GENERATE(table<std::string, std::string, std::string>({
      {kRefreshedWord, "", "succeeded 3 min ago"},
      {"server", "the refresh failed: the server answered 503",
       "failed 3 min ago: the server answered 503\n               it will be tried again at the "
       "next run"},
      {"access_denied", "the refresh was refused: no",
       "failed 3 min ago: the refresh was refused: no\n               it will be tried again at "
       "the next run"},
  }));
  Fixture fixture;
  RefreshRecord record = Fixture::MakeRecord(fixture.MakeTokens());
  record.attempts = 1;
  record.last = Outcome(fixture, word, message);
  fixture.StoreLogin(fixture.MakeTokens(), record);
  CHECK(RowOf(fixture, "last refresh") == expected);
}

TEST_CASE("a login that has ended is not said to be tried again") {
  Fixture fixture;
  RefreshRecord record = Fixture::MakeRecord(fixture.MakeTokens());
  MarkDead(record, "refresh-1");
  record.attempts = 1;
  record.last = Outcome(fixture, kLoginEndedWord, "the login has ended: invalid_grant");
  fixture.StoreLogin(fixture.MakeTokens(), record);
  CHECK(RowOf(fixture, "last refresh") == "failed 3 min ago: the login has ended: invalid_grant");
}

TEST_CASE("a refresh that never ended is told as what it is") {
  const auto [age, expected] = GENERATE(table<int, std::string>(
      {{5, "started 5 s ago, not answered yet"},
       {300,
        "started 5 min ago and cut off\n               it will be tried again at the next run"}}));
  Fixture fixture;
  RefreshRecord record = Fixture::MakeRecord(fixture.MakeTokens());
  record.attempts = 2;
  record.last_start = fixture.clock.Now() - seconds(age);
  record.last = Outcome(fixture, kRefreshedWord, "");
  fixture.StoreLogin(fixture.MakeTokens(), record);
  CHECK(RowOf(fixture, "last refresh") == expected);
  const auto answer = MakeStatusAnswer(fixture.context);
  CHECK(answer.Text().find(R"("outcome":"unfinished")") != std::string::npos);
}

TEST_CASE("status tells the plan, and that it decides nothing") {
  const auto [is_xai, level, row, json] =
      GENERATE(table<bool, std::string, std::string, std::string>({
          {true, "1", "SuperGrok (level 1): usually includes Grok, but the server decides",
           R"("tier":{"level":1,"name":"SuperGrok"})"},
          {true, "12", "tier 12 (level 12)", R"("tier":{"level":12,"name":"12"})"},
          {false, "1", "SuperGrok (level 1)", R"("tier":{"level":1,"name":"SuperGrok"})"},
      }));
  CAPTURE(level);
  Fixture fixture;
  fixture.profile.is_xai = is_xai;
  TokenSet tokens = fixture.MakeTokens();
  tokens.access_token = MakeJwt(R"({"tier":)" + level + "}");
  fixture.StoreLogin(tokens);
  CHECK(MakeStatusTable(fixture.context).find("tier:          " + row + "\n") != std::string::npos);
  CHECK(MakeStatusAnswer(fixture.context).Text().find(json) != std::string::npos);
}

TEST_CASE("status tells no plan where the token has none") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  CHECK(MakeStatusTable(fixture.context).find("tier:") == std::string::npos);
}

TEST_CASE("nothing that a file holds makes a terminal act") {
  Fixture fixture;
  fixture.profile.issuer = "https://\x1b]0;x\x07id.example";
  TokenSet tokens = fixture.MakeTokens();
  tokens.issuer = fixture.profile.issuer;
  tokens.account->email = "\x1b[2Jada\nissuer: other";
  tokens.scope = "a \xc2\x9b[31m";
  fixture.StoreLogin(tokens);
  const std::string text =
      MakeStatusTable(fixture.context) + MakeStatusAnswer(fixture.context).Text();
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\xc2\x9b") == std::string::npos);
}

TEST_CASE("nothing is told of a refresh where there was none") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  CHECK(RowOf(fixture, "last refresh").empty());
}
