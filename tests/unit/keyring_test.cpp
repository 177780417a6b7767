#include <catch2/catch.hpp>

#include <string>

#include "app/place.h"
#include "app/token_source.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

/// A sign-in of the profile that has got its tokens, saved.
LoginStore::SavedSignIn SignInNow(Fixture& fixture, Place place) {
  TokenSet tokens = fixture.MakeTokens(seconds(0));
  tokens.place = place;
  fixture.StorePending("work.pending-x", fixture.MakePending());
  return fixture.store.SaveSignIn(tokens, "work.pending-x").value();
}

}  // namespace

TEST_CASE("a login of the keyring is read from there, and renewed there") {
  KeyringLogin login;
  CHECK(login.Tokens().access_token == "access-1");
  login.ExpectRenewal();
  CHECK(std::holds_alternative<ReportedToken>(login.RunWorker()));
  CHECK(login.InKeyring("store-1").generation == 2);
  CHECK(login.InKeyring("store-1").refresh_token == "refresh-2");
  CHECK_FALSE(login.HasFile());
}

TEST_CASE("a keyring that closes during a refresh leaves the new login in the file") {
  KeyringLogin login;
  login.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    login.keyring.state = GENERATE(KeyringState::kLocked, KeyringState::kHung,
                                   KeyringState::kAbsent, KeyringState::kCannotStart);
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
  CHECK(std::holds_alternative<ReportedToken>(login.RunWorker()));
  CHECK(login.HasFile());
  const StoredLogin stored = login.store.Load();
  CHECK(stored.IsRescued());
  CHECK(stored.tokens->refresh_token == "refresh-2");
  CHECK_FALSE(stored.trouble);
}

TEST_CASE("a rescued login moves into the keyring before its next refresh is sent") {
  KeyringLogin login;
  TokenSet rescued = login.MakeTokens();
  rescued.place = Place::kLibsecret;
  rescued.generation = 2;
  login.StoreLogin(rescued);
  login.keyring.items.clear();
  login.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    CHECK(login.InKeyring("store-1").generation == 2);
    CHECK_FALSE(login.HasFile());
    return HttpResponse{503, "", std::nullopt, ""};
  });
  CHECK(std::holds_alternative<ReportedFailure>(login.RunWorker()));
}

TEST_CASE("while the keyring stays closed, a rescued login is renewed in the file alone") {
  KeyringLogin login;
  TokenSet rescued = login.MakeTokens();
  rescued.place = Place::kLibsecret;
  login.StoreLogin(rescued);
  login.keyring.state = KeyringState::kLocked;
  login.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    login.keyring.state = KeyringState::kNothing;  // too late: the older one must not be left there
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
  CHECK(std::holds_alternative<ReportedToken>(login.RunWorker()));
  CHECK(login.Tokens().refresh_token == "refresh-2");
  CHECK(login.store.Load().IsRescued());
}

TEST_CASE("a keyring that cannot be read sends nobody to sign in again without being asked") {
  KeyringLogin login;
  login.environment.grok_auth_expired = GENERATE(true, false);
  login.keyring.state =
      GENERATE(KeyringState::kLocked, KeyringState::kHung, KeyringState::kCannotStart);
  const Error error = ErrorOf([&] { ProvideToken(login.context, {}); });
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK_FALSE(error.hint().empty());
  CHECK(login.keyring.unlocks == 0);
  CHECK(login.state.changes.empty());
}

TEST_CASE("only a sign-in run on a desktop has the keyring unlocked") {
  KeyringLogin login;
  login.keyring.state = KeyringState::kLocked;
  login.keyring.unlock_succeeds = true;
  login.environment.has_display = true;
  SECTION("which then finds its login") {
    ProvideToken(login.context, {});
    CHECK(login.keyring.unlocks == 1);
    CHECK(login.terminal.answers.size() == 1);
    return;
  }
  SECTION("not a headless run") {
    login.environment.grok_auth_expired = true;
  }
  SECTION("not over SSH") {
    login.environment.is_ssh = true;
  }
  CHECK(ErrorOf([&] { ProvideToken(login.context, {}); }).kind() == ErrorKind::kLoginRequired);
  CHECK(login.keyring.unlocks == 0);
}

TEST_CASE("where a new login goes follows the profile and what is there") {
  Fixture fixture;
  using Choice = StoreChoice;
  const auto [choice, state, place] = GENERATE(table<Choice, KeyringState, Place>({
      {Choice::kFile, KeyringState::kNothing, Place::kFile},
      {Choice::kAuto, KeyringState::kNothing, Place::kLibsecret},
      {Choice::kAuto, KeyringState::kLocked, Place::kLibsecret},
      {Choice::kAuto, KeyringState::kHung, Place::kLibsecret},
      {Choice::kAuto, KeyringState::kAbsent, Place::kFile},
      {Choice::kAuto, KeyringState::kCannotStart, Place::kFile},
      {Choice::kLibsecret, KeyringState::kLocked, Place::kLibsecret},
  }));
  fixture.profile.store = choice;
  fixture.keyring.state = state;
  CHECK(ChoosePlace(fixture.context) == place);
  const bool falls_over = choice == Choice::kAuto && place == Place::kFile;
  CHECK(fixture.terminal.messages.size() == (falls_over ? 1 : 0));
}

TEST_CASE("a profile that wants the keyring says so when there is none") {
  Fixture fixture;
  fixture.profile.store = StoreChoice::kLibsecret;
  CHECK(ErrorOf([&] { static_cast<void>(ChoosePlace(fixture.context)); }).kind() ==
        ErrorKind::kStore);
}

TEST_CASE("a sign-in into the keyring switches, and deletes what it replaces") {
  KeyringLogin login;
  const LoginStore::SavedSignIn saved = SignInNow(login, Place::kLibsecret);
  CHECK_FALSE(saved.rescued);
  CHECK(login.keyring.items.size() == 1);
  CHECK(login.keyring.items.contains(saved.tokens.store_id));
  CHECK(login.keyring.labels.back() == "grok-auth: work (user-1@id)");
  CHECK_FALSE(login.HasFile());
  CHECK(login.Tokens().store_id == saved.tokens.store_id);
}

TEST_CASE("what a locked keyring kept of an older login is deleted once it opens") {
  KeyringLogin login;
  login.keyring.state = KeyringState::kLocked;
  const LoginStore::SavedSignIn saved = SignInNow(login, Place::kLibsecret);
  CHECK(saved.rescued);
  CHECK(login.keyring.items.contains("store-1"));
  login.keyring.state = KeyringState::kNothing;
  CHECK(login.store.MoveIntoKeyring(saved.tokens));
  CHECK_FALSE(login.keyring.items.contains("store-1"));
  CHECK(login.keyring.items.contains(saved.tokens.store_id));
  CHECK_FALSE(login.HasFile());
}

TEST_CASE("a sign-out says when the keyring keeps the item, and the login is gone all the same") {
  KeyringLogin login;
  login.keyring.state = KeyringState::kLocked;
  CHECK(login.store.SignOut().has_value());
  login.keyring.state = KeyringState::kNothing;
  CHECK_FALSE(login.store.Load().tokens);
}

TEST_CASE("a keyring item of an id that is not on record is never adopted") {
  KeyringLogin login;
  login.state.files.erase("work.id");
  CHECK_FALSE(login.store.Load().tokens);
}

namespace {

struct Killed {};

/// The process ends where it would change this file next.
void KillAtChangeOf(Fixture& fixture, const std::string& name) {
  fixture.state.before_change = [name](const std::string& next) {
    if (next == name) {
      throw Killed{};
    }
  };
}

}  // namespace

TEST_CASE("a sign-in into the keyring that was cut short before the old file went is the login") {
  KeyringLogin login;
  TokenSet old = login.MakeTokens();
  old.store_id = "store-0";
  login.keyring.items.clear();
  login.StoreLogin(old);
  KillAtChangeOf(login, "work.json");
  CHECK_THROWS_AS(SignInNow(login, Place::kLibsecret), Killed);
  REQUIRE(login.HasFile());
  REQUIRE(login.keyring.items.size() == 1);
  CHECK(login.Tokens().store_id == login.keyring.items.begin()->first);
}

TEST_CASE("a sign-out that was cut short before the file went is a sign-out") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  KillAtChangeOf(fixture, "work.json");
  CHECK_THROWS_AS(fixture.store.SignOut(), Killed);
  REQUIRE(fixture.state.files.contains("work.json"));
  CHECK_FALSE(fixture.store.Load().tokens);
}
