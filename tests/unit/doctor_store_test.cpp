#include "app/doctor_store.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "check_fixture.h"

using namespace grokauth;
using namespace grokauth::app;
using namespace grokauth::test;
using Outcome = Check::Outcome;

namespace {

enum class Kept { kNowhere, kInFile, kInKeyring, kRescued };

std::optional<StoredLogin> MakeLogin(Fixture& fixture, Kept kept) {
  StoredLogin login;
  if (kept == Kept::kNowhere) {
    return login;
  }
  login.tokens = fixture.MakeTokens();
  login.in_file = kept != Kept::kInKeyring;
  login.tokens->place = kept == Kept::kInFile ? Place::kFile : Place::kLibsecret;
  return login;
}

}  // namespace

TEST_CASE("doctor tells the six answers of the keyring, and what they mean for the profile") {
  const auto [state, store, kept, outcome, finding] =
      GENERATE(table<KeyringState, StoreChoice, Kept, Outcome, std::string>({
          {KeyringState::kNothing, StoreChoice::kAuto, Kept::kNowhere, Outcome::kGood,
           "open; a sign-in keeps its login there"},
          {KeyringState::kFound, StoreChoice::kAuto, Kept::kInKeyring, Outcome::kGood,
           "open; the login is kept there"},
          {KeyringState::kNothing, StoreChoice::kFile, Kept::kInFile, Outcome::kGood,
           "open; not used (store = \"file\")"},
          {KeyringState::kNothing, StoreChoice::kAuto, Kept::kRescued, Outcome::kNote,
           "open; the login still waits in a file to be moved there"},
          {KeyringState::kLocked, StoreChoice::kAuto, Kept::kInKeyring, Outcome::kTrouble,
           "the keyring is locked; the login is kept there"},
          {KeyringState::kLocked, StoreChoice::kAuto, Kept::kRescued, Outcome::kNote,
           "the keyring is locked; the login waits in a file"},
          {KeyringState::kLocked, StoreChoice::kAuto, Kept::kNowhere, Outcome::kNote,
           "the keyring is locked; a sign-in keeps its login in a file"},
          {KeyringState::kLocked, StoreChoice::kFile, Kept::kInFile, Outcome::kNote,
           "the keyring is locked; not used (store = \"file\")"},
          {KeyringState::kAbsent, StoreChoice::kAuto, Kept::kInFile, Outcome::kNote,
           "there is no keyring here; a sign-in keeps its login in a file"},
          {KeyringState::kAbsent, StoreChoice::kLibsecret, Kept::kNowhere, Outcome::kTrouble,
           "there is no keyring here, and a sign-in must use it"},
          {KeyringState::kCannotStart, StoreChoice::kLibsecret, Kept::kNowhere, Outcome::kTrouble,
           "the keyring does not start, and a sign-in must use it"},
          {KeyringState::kCannotStart, StoreChoice::kAuto, Kept::kNowhere, Outcome::kNote,
           "the keyring does not start; a sign-in keeps its login in a file"},
          {KeyringState::kHung, StoreChoice::kAuto, Kept::kInKeyring, Outcome::kTrouble,
           "the keyring does not answer; the login is kept there"},
          {KeyringState::kHung, StoreChoice::kFile, Kept::kNowhere, Outcome::kNote,
           "the keyring does not answer; not used (store = \"file\")"},
      }));
  Fixture fixture;
  fixture.profile.store = store;
  const Check check = CheckKeyring({state, "", ""}, fixture.profile, MakeLogin(fixture, kept));
  CHECK(check.outcome == outcome);
  CHECK(check.finding == finding);
  CHECK((outcome != Outcome::kTrouble || !check.fix.empty()));
}

TEST_CASE("each trouble of the keyring has a fix of its own") {
  const auto [state, fix] = GENERATE(table<KeyringState, std::string>({
      {KeyringState::kLocked, "unlock it"},
      {KeyringState::kAbsent, "run grok-auth in the desktop session"},
      {KeyringState::kCannotStart, "look at the log of the session bus"},
      {KeyringState::kHung, "restart the keyring program"},
  }));
  Fixture fixture;
  fixture.profile.store = StoreChoice::kAuto;
  StoredLogin login;
  login.trouble = KeyringAnswer{state, "", ""};
  const Check check = CheckKeyring(*login.trouble, fixture.profile, login);
  CHECK(check.outcome == Outcome::kTrouble);
  CHECK(check.fix.starts_with(fix));
}

TEST_CASE("without a profile the keyring is only told of") {
  CHECK(CheckKeyring({KeyringState::kNothing, "", ""}) ==
        Check{Outcome::kGood, "keyring", "open", ""});
  CHECK(CheckKeyring({KeyringState::kLocked, "", ""}) ==
        Check{Outcome::kNote, "keyring", "the keyring is locked", ""});
}

TEST_CASE("a state folder is good when it is there, and when it can be made") {
  const auto [exists, finding] = GENERATE(table<bool, std::string>({
      {true, "'/state/grok-auth' is safe and writable"},
      {false, "'/state/grok-auth' does not exist yet, and can be made"},
  }));
  Fixture fixture;
  fixture.state.report = {exists, true, std::uint64_t{128} * 1024, {}};
  CHECK(ExamineFolder(fixture.state, "work.") ==
        std::vector<Check>{{Outcome::kGood, "state", finding, ""}});
}

TEST_CASE("a state folder that cannot be used is trouble") {
  Fixture fixture;
  std::string finding;
  SECTION("unsafe") {
    fixture.state.unsafe = "'/state' belongs to another user";
    finding = "'/state' belongs to another user";
  }
  SECTION("an unsafe file") {
    fixture.state.files["work.json"] = "secret";
    fixture.state.unreadable.insert("work.json");
    finding = "cannot read 'work.json'";
  }
  SECTION("read-only") {
    fixture.state.report.is_writable = false;
    finding = "the state folder '/state/grok-auth' cannot be written";
  }
  SECTION("missing, and its parent is read-only") {
    fixture.state.report = {false, false, std::nullopt, {}};
    finding = "the state folder '/state/grok-auth' cannot be created";
  }
  SECTION("a full disk") {
    fixture.state.report.free_bytes = std::uint64_t{128} * 1024 - 1;
    finding = "the disk with the state folder '/state/grok-auth' is full";
  }
  const std::vector<Check> checks = ExamineFolder(fixture.state, "work.");
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].outcome == Outcome::kTrouble);
  CHECK(checks[0].finding == finding);
  CHECK((checks[0].fix.empty() == (finding == "cannot read 'work.json'")));
}

TEST_CASE("files that others can read, and logins that were moved aside, are worth a note") {
  Fixture fixture;
  fixture.state.report.readable_by_others = {"/state/grok-auth/work.json", "/state/grok-auth/a.id"};
  fixture.state.files["work.damaged-x"] = "?";
  fixture.state.files["other.damaged-y"] = "?";
  const std::vector<Check> checks = ExamineFolder(fixture.state, "work.");
  REQUIRE(checks.size() == 3);
  CHECK(checks[0].outcome == Outcome::kGood);
  CHECK(checks[1].outcome == Outcome::kNote);
  CHECK(checks[1].finding ==
        "other users can read '/state/grok-auth/work.json', '/state/grok-auth/a.id'");
  CHECK(checks[2].outcome == Outcome::kNote);
  CHECK(checks[2].finding ==
        "a login that could not be read was moved to '/state/grok-auth/work.damaged-x'");
}

TEST_CASE("locks that nobody holds are good, and none is taken") {
  Fixture fixture;
  CHECK(CheckLocks(fixture.context, "") == Check{Outcome::kGood, "locks", "nobody holds one", ""});
  CHECK(fixture.state.locks_taken.empty());
}

TEST_CASE("a stopped refresh is trouble, with the command that lets it go on") {
  Fixture fixture;
  fixture.state.stopped[kRefreshLock] = 4711;
  const Check check = CheckLocks(fixture.context, "");
  CHECK(check.outcome == Outcome::kTrouble);
  CHECK(check.fix.find("kill -CONT 4711") != std::string::npos);
}

TEST_CASE("a lock of a change that stays held is trouble, one that is let go of is not") {
  Fixture fixture;
  fixture.state.HoldElsewhere(kWriteLock);
  Outcome outcome = Outcome::kTrouble;
  SECTION("stays") {}
  SECTION("is let go of") {
    fixture.clock.After(milliseconds(200), [&] { fixture.state.ReleaseElsewhere(kWriteLock); });
    outcome = Outcome::kGood;
  }
  const Check check = CheckLocks(fixture.context, "");
  CHECK(check.outcome == outcome);
  CHECK(fixture.clock.Elapsed() < seconds(1));
}

TEST_CASE("a refresh or a sign-in that is under way is worth a note") {
  const auto [lock, finding] =
      GENERATE(table<const char*, std::string>({{kSignInLock, "a sign-in or a logout is under way"},
                                                {kRefreshLock, "a refresh is under way"}}));
  Fixture fixture;
  fixture.state.HoldElsewhere(lock);
  CHECK(CheckLocks(fixture.context, "") == Check{Outcome::kNote, "locks", finding, ""});
}

TEST_CASE("a refresh lock that is held longer than any refresh takes is trouble") {
  const auto [age, outcome] =
      GENERATE(table<int, Outcome>({{80, Outcome::kNote}, {82, Outcome::kTrouble}}));
  Fixture fixture;
  RefreshRecord record = Fixture::MakeRecord(fixture.MakeTokens());
  record.attempts = 1;
  record.last_start = fixture.clock.Now() - seconds(age);
  fixture.StoreLogin(fixture.MakeTokens(), record);
  fixture.state.HoldElsewhere(kRefreshLock);
  const Check check = CheckLocks(fixture.context, record.store_id);
  CHECK(check.outcome == outcome);
  CHECK((check.fix.find("fuser -v '/state/grok-auth/work.lock'") != std::string::npos) ==
        (outcome == Outcome::kTrouble));
}
