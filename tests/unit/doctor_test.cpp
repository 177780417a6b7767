#include "app/doctor.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "check_fixture.h"
#include "oauth/json.h"

using namespace grokauth;
using namespace grokauth::app;
using namespace grokauth::test;
using Outcome = Check::Outcome;

namespace {

std::vector<std::string> NamesOf(const std::vector<Check>& checks) {
  std::vector<std::string> names;
  std::transform(checks.begin(), checks.end(), std::back_inserter(names),
                 [](const Check& check) { return check.name; });
  return names;
}

const Check& Find(const std::vector<Check>& checks, const std::string& name) {
  const auto found = std::find_if(checks.begin(), checks.end(),
                                  [&](const Check& check) { return check.name == name; });
  REQUIRE(found != checks.end());
  return *found;
}

}  // namespace

TEST_CASE("doctor examines everything, and changes nothing") {
  Fixture fixture;
  fixture.keyring.state = KeyringState::kLocked;
  fixture.StoreLogin(fixture.MakeTokens());
  const auto files = fixture.state.files;
  fixture.http.Answer(kConfigurationUrl, 200, Metadata());
  const std::vector<Check> checks = Examine(fixture.context, GrokConfig(), {}, /*offline=*/false);
  CHECK(NamesOf(checks) == std::vector<std::string>{"proxy", "issuer", "endpoints", "clock",
                                                    "browser", "sign-in", "port", "state", "login",
                                                    "lifetime", "keyring", "locks", "grok",
                                                    "provider"});
  CHECK(fixture.state.files == files);
  CHECK(fixture.state.changes.empty());
  CHECK(fixture.state.locks_taken.empty());
  CHECK(fixture.keyring.unlocks == 0);
  CHECK(fixture.browser.opened.empty());
  CHECK(fixture.worker.started.empty());
  CHECK(fixture.terminal.messages.empty());
}

TEST_CASE("no check that fails ends the others") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  std::string broken;
  SECTION("by an error") {
    fixture.state.unreadable.insert("work.json");
    broken = "state";
  }
  SECTION("by a defect") {
    fixture.loopback.before_listen = [] { throw std::invalid_argument("stoul"); };
    broken = "port";
  }
  const std::vector<Check> checks = Examine(fixture.context, GrokConfig(), {}, /*offline=*/true);
  CHECK(Find(checks, broken).outcome == Outcome::kTrouble);
  CHECK(checks.back().name == "provider");
}

TEST_CASE("a trouble that stops several checks is told once") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.state.unreadable.insert("work.json");
  const std::vector<Check> checks = Examine(fixture.context, GrokConfig(), {}, /*offline=*/true);
  CHECK(Find(checks, "state").outcome == Outcome::kTrouble);
  CHECK(Find(checks, "login") ==
        Check{Outcome::kNote, "login", "not checked, for what 'state' says", ""});
}

TEST_CASE("an interrupt ends doctor") {
  Fixture fixture;
  fixture.http.Handle(kConfigurationUrl,
                      [](const HttpRequest&) -> HttpResult { throw Interrupted(2); });
  CHECK_THROWS_AS(Examine(fixture.context, GrokConfig(), {}, /*offline=*/false), Interrupted);
}

TEST_CASE("without a profile the rest is examined, and what is not is said") {
  Fixture fixture;
  fixture.state.unsafe = "'/state' belongs to another user";
  const std::vector<Check> checks =
      ExamineWithoutProfile(fixture.edges, fixture.environment, GrokConfig());
  CHECK(NamesOf(checks) == std::vector<std::string>{"issuer", "sign-in", "port", "state", "login",
                                                    "keyring", "locks", "grok", "provider"});
  CHECK(Find(checks, "state").outcome == Outcome::kTrouble);
  CHECK(Find(checks, "login") ==
        Check{Outcome::kNote, "login", "not checked, without a profile", ""});
}

TEST_CASE("doctor prints a line for each check, its fix below, and a summary") {
  RecordingTerminal terminal;
  CHECK_FALSE(
      PrintChecks(terminal,
                  {{Outcome::kGood, "config", "in order", ""},
                   {Outcome::kNote, "sign-in", "far \x1b[2J away", "go:\n  ssh \x1b[1mhost"},
                   {Outcome::kTrouble, "locks", "held", "kill -CONT 7"}},
                  DoctorFormat::kTable));
  CHECK(terminal.answers == std::vector<std::string>{"ok      config      in order\n"
                                                     "note    sign-in     far [2J away\n"
                                                     "                      go:\n"
                                                     "                        ssh [1mhost\n"
                                                     "trouble locks       held\n"
                                                     "                      kill -CONT 7\n"
                                                     "1 trouble; 1 note.\n"});
}

TEST_CASE("notes are nothing wrong") {
  const auto [checks, summary] = GENERATE(table<std::vector<Check>, std::string>({
      {{{Outcome::kGood, "a", "b", ""}}, "Nothing is wrong.\n"},
      {{{Outcome::kNote, "a", "b", ""}, {Outcome::kNote, "a", "b", ""}},
       "Nothing is wrong; 2 notes.\n"},
  }));
  RecordingTerminal terminal;
  CHECK(PrintChecks(terminal, checks, DoctorFormat::kTable));
  CHECK(terminal.answers.front().ends_with(summary));
}

TEST_CASE("doctor answers in JSON") {
  RecordingTerminal terminal;
  CHECK_FALSE(PrintChecks(
      terminal,
      {{Outcome::kGood, "config", "in order", ""}, {Outcome::kTrouble, "locks", "held", "a\n  b"}},
      DoctorFormat::kJson));
  CHECK(terminal.answers ==
        std::vector<std::string>{
            R"({"ok":true,"healthy":false,"checks":[{"name":"config","outcome":"ok",)"
            R"("finding":"in order","fix":""},{"name":"locks","outcome":"trouble",)"
            R"("finding":"held","fix":"a\n  b"}]})"
            "\n"});
}
