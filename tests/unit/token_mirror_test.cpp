#include <catch2/catch.hpp>

#include <functional>
#include <string>

#include "app/git_credential.h"
#include "app/token_source.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

/// A login in the keyring, which a run has mirrored. From here on `keyring.loads` counts.
struct MirroredLogin : KeyringLogin {
  MirroredLogin() {
    ProvideToken(context, {});
    keyring.loads = 0;
    terminal.answers.clear();
  }

  [[nodiscard]] bool HasMirror() const { return runtime.files.contains("work"); }
  [[nodiscard]] TokenSet Mirrored() const {
    return std::get<TokenSet>(ParseTokenSet(runtime.files.at("work")));
  }
  void ChangeMirror(const std::function<void(TokenSet&)>& change) {
    TokenSet tokens = Mirrored();
    change(tokens);
    runtime.files["work"] = SerializeTokenSet(tokens);
  }
  /// The access token that the next run hands out.
  std::string Provide() { return GetToken(context, Demand{}).access_token; }
};

}  // namespace

TEST_CASE("the first run that reads a login from the keyring mirrors it, without its secrets") {
  MirroredLogin login;
  CHECK(login.Mirrored().access_token == "access-1");
  CHECK(login.Mirrored().store_id == "store-1");
  const std::string text = login.runtime.files.at("work");
  CHECK(text.find("refresh-1") == std::string::npos);
  CHECK(text.find("user-1") == std::string::npos);
}

TEST_CASE("a mirrored token is handed out without the keyring, whatever became of that") {
  MirroredLogin login;
  login.keyring.state = GENERATE(KeyringState::kNothing, KeyringState::kLocked, KeyringState::kHung,
                                 KeyringState::kAbsent, KeyringState::kCannotStart);
  CHECK(login.Provide() == "access-1");
  CHECK(login.keyring.loads == 0);
  CHECK(login.state.changes.empty());
}

TEST_CASE("a login in a file, and one of a profile that wants none, are not mirrored") {
  SECTION("in a file") {
    Fixture fixture;
    fixture.StoreLogin(fixture.MakeTokens());
    ProvideToken(fixture.context, {});
    CHECK(fixture.runtime.files.empty());
  }
  SECTION("mirror = false") {
    KeyringLogin login;
    login.profile.mirror = false;
    LoginStore store(login.profile, login.files, login.keyring, login.random, &login.runtime);
    store.KeepMirror(login.InKeyring("store-1"));
    CHECK(login.runtime.files.empty());
  }
  SECTION("an API key") {
    KeyringLogin login;
    TokenSet key = login.InKeyring("store-1");
    key.credential = Credential::kApiKey;
    login.store.KeepMirror(key);
    CHECK(login.runtime.files.empty());
  }
}

TEST_CASE("what the mirror cannot vouch for comes from the keyring") {
  MirroredLogin login;
  SECTION("another login's") {
    login.ChangeMirror([](TokenSet& tokens) { tokens.store_id = "store-0"; });
  }
  SECTION("another issuer's") {
    login.ChangeMirror([](TokenSet& tokens) { tokens.issuer = "https://other.example"; });
  }
  SECTION("another client's") {
    login.ChangeMirror([](TokenSet& tokens) { tokens.client_id = "client-2"; });
  }
  SECTION("an older one than was saved since") {
    login.ChangeMirror([](TokenSet& tokens) { tokens.generation = 0; });
  }
  SECTION("unreadable") {
    login.runtime.unreadable.insert("work");
  }
  SECTION("damaged") {
    login.runtime.files["work"] = "{\"access_token\":";
  }
  SECTION("of a newer version") {
    login.runtime.files["work"] = R"({"version":99})";
  }
  if (login.HasMirror() && !login.runtime.unreadable.contains("work")) {
    std::string& text = login.runtime.files["work"];
    if (const std::size_t at = text.find("access-1"); at != std::string::npos) {
      text.replace(at, 8, "access-0");
    }
  }
  CHECK(login.Provide() == "access-1");
  CHECK(login.keyring.loads == 1);
}

TEST_CASE("a rescued login in the file comes before the mirror") {
  MirroredLogin login;
  TokenSet rescued = login.InKeyring("store-1");
  rescued.access_token = "access-2";
  rescued.generation = 2;
  login.state.files["work.json"] = SerializeTokenSet(rescued);
  CHECK(login.Provide() == "access-2");
  CHECK(login.keyring.loads == 0);
}

TEST_CASE("a mirrored token that is refused or has expired is renewed from what the keyring has") {
  MirroredLogin login;
  login.ExpectRenewal();
  login.worker.PlanRefresh();
  SECTION("refused by Grok") {
    login.environment.grok_auth_expired = true;
    login.clock.Advance(seconds(120));
    Context later = login.NewRun(login.messages);
    ProvideToken(later, {});
  }
  SECTION("refused by a server") {
    CHECK(RejectToken(login.context, "access-1", seconds(1)));
    CHECK(login.Provide() == "access-2");
  }
  SECTION("expired") {
    login.clock.Advance(seconds(21600));
    CHECK(login.Provide() == "access-2");
  }
  CHECK(login.InKeyring("store-1").refresh_token == "refresh-2");
  CHECK(login.Mirrored().access_token == "access-2");
  login.keyring.loads = 0;
  CHECK(login.Provide() == "access-2");
  CHECK(login.keyring.loads == 0);
}

TEST_CASE("a run that waits for another one's refresh takes its token from the mirror") {
  MirroredLogin login;
  login.clock.Advance(seconds(21600));
  login.state.HoldElsewhere(kRefreshLock);
  login.ExpectRenewal();
  login.clock.After(milliseconds(200), [&] {
    static_cast<void>(login.RunWorker());
    login.keyring.loads = 0;
    login.keyring.state = KeyringState::kHung;
  });
  CHECK(login.Provide() == "access-2");
  CHECK(login.keyring.loads == 0);
}

TEST_CASE("a mirrored login whose keyring is closed says so when its token has expired") {
  MirroredLogin login;
  login.clock.Advance(seconds(21600));
  login.keyring.state = KeyringState::kLocked;
  const Error error = ErrorOf([&] { ProvideToken(login.context, {}); });
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(std::string(error.what()).find("locked") != std::string::npos);
  SECTION("a person is asked to unlock it, where one sits") {
    login.environment.has_display = true;
    login.keyring.unlock_succeeds = true;
    login.ExpectRenewal();
    login.worker.PlanRefresh();
    ProvideToken(login.context, {});
    CHECK(login.keyring.unlocks == 1);
    CHECK(login.Mirrored().access_token == "access-2");
  }
}

TEST_CASE("the mirror is gone after a sign-out, an erase, and what the keyring does not take") {
  MirroredLogin login;
  SECTION("signed out") {
    static_cast<void>(login.store.SignOut());
  }
  SECTION("erased by git") {
    CredentialRequest request;
    request.password = "access-1";
    EraseCredential(login.context, request);
  }
  SECTION("a refresh that the keyring does not take") {
    login.http.Handle(kTokenUrl, [&](const HttpRequest&) {
      login.keyring.state = KeyringState::kLocked;
      return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
    });
    CHECK(std::holds_alternative<ReportedToken>(login.RunWorker()));
  }
  SECTION("a sign-in that the keyring does not take") {
    login.keyring.state = KeyringState::kLocked;
    TokenSet tokens = login.MakeTokens(seconds(0));
    tokens.place = Place::kLibsecret;
    login.StorePending("work.pending-x", login.MakePending());
    CHECK(login.store.SaveSignIn(tokens, "work.pending-x").value().rescued);
  }
  CHECK_FALSE(login.HasMirror());
}

TEST_CASE("a new sign-in into the keyring is mirrored in place of the old login") {
  MirroredLogin login;
  TokenSet tokens = login.MakeTokens(seconds(0));
  tokens.place = Place::kLibsecret;
  tokens.access_token = "access-9";
  login.StorePending("work.pending-x", login.MakePending());
  const auto saved = login.store.SaveSignIn(tokens, "work.pending-x").value();
  CHECK(login.Mirrored().store_id == saved.tokens.store_id);
  CHECK(login.Provide() == "access-9");
  CHECK(login.keyring.loads == 0);
}

TEST_CASE("a mirror that cannot be written or removed is nobody's trouble") {
  KeyringLogin login;
  login.runtime.unwritable.insert("work");
  ProvideToken(login.context, {});
  ProvideToken(login.context, {});
  CHECK(login.terminal.answers.size() == 2);
  CHECK(login.terminal.messages.empty());
  CHECK(login.runtime.files.empty());
  static_cast<void>(login.store.SignOut());
  CHECK_FALSE(login.store.Load().tokens);
}

TEST_CASE("without a runtime folder every run asks the keyring") {
  KeyringLogin login;
  LoginStore store(login.profile, login.files, login.keyring, login.random, /*runtime=*/nullptr);
  store.KeepMirror(login.InKeyring("store-1"));
  CHECK_FALSE(store.LoadWithoutKeyring());
  CHECK(login.keyring.loads == 0);
  CHECK(store.Load().tokens);
}

TEST_CASE("no run mirrors what another process is about to change") {
  KeyringLogin login;
  login.state.HoldElsewhere(kWriteLock);
  ProvideToken(login.context, {});
  CHECK(login.runtime.files.empty());
}
