#include <catch2/catch.hpp>

#include <string>

#include "app/first_look.h"
#include "app/login.h"
#include "app/status.h"
#include "app/token_source.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

constexpr const char* kNewer = R"({"version": 2, "access_token": "a"})";

/// Where the damaged set went, by its contents.
std::string NameOf(const Fixture& fixture, const std::string& contents) {
  for (const auto& [name, text] : fixture.state.files) {
    if (text == contents) {
      return name;
    }
  }
  return {};
}

Error FailureOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  return {ErrorKind::kStore, ""};
}

std::string JsonStatus(Fixture& fixture) {
  return MakeStatusAnswer(fixture.context).Text();
}

}  // namespace

TEST_CASE("a damaged token set is moved aside, told, and counts as none") {
  const std::string damaged = GENERATE("", "not JSON", "[]", R"({"version": 1})");
  Fixture fixture;
  fixture.state.files["work.json"] = damaged;
  TokenOptions options;
  options.no_interactive = true;
  const Error error = FailureOf([&] { ProvideToken(fixture.context, options); });
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK_FALSE(fixture.state.files.contains("work.json"));
  const std::string name = NameOf(fixture, damaged);
  CHECK(name.starts_with("work.damaged-"));
  CHECK(fixture.terminal.Messages().find("/state/grok-auth/" + name) != std::string::npos);
  CHECK(fixture.terminal.Messages().find("/state/grok-auth/work.json") != std::string::npos);
  CHECK(fixture.terminal.answers.empty());
}

TEST_CASE("two damaged token sets are both kept") {
  Fixture fixture;
  for (const std::string damaged : {"first", "second"}) {
    fixture.state.files["work.json"] = damaged;
    static_cast<void>(LookFirst(fixture.context));
  }
  CHECK_FALSE(NameOf(fixture, "first").empty());
  CHECK_FALSE(NameOf(fixture, "second").empty());
}

TEST_CASE("a damaged rescue file gives way to what the keyring has") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  tokens.place = Place::kLibsecret;
  fixture.keyring.state = KeyringState::kNothing;
  fixture.keyring.items[tokens.store_id] = SerializeTokenSet(tokens);
  fixture.state.files["work.id"] = SerializeStoreId({tokens.store_id, Place::kLibsecret, {}});
  fixture.state.files["work.json"] = "damaged";
  const StoredLogin login = LookFirst(fixture.context);
  REQUIRE(login.tokens);
  CHECK(login.tokens->access_token == tokens.access_token);
}

TEST_CASE("a token set of a newer version is refused by whoever would use or replace it") {
  Fixture fixture;
  fixture.state.files["work.json"] = kNewer;
  const Error error = FailureOf([&] {
    const int command = GENERATE(0, 1, 2, 3);
    switch (command) {
      case 0:
        return ProvideToken(fixture.context, {});
      case 1:
        return RefreshNow(fixture.context);
      case 2:
        return Login(fixture.context, {});
      default:
        return Logout(fixture.context);
    }
  });
  CHECK(error.kind() == ErrorKind::kStore);
  CHECK(std::string(error.what()).find("newer version") != std::string::npos);
  CHECK(error.hint().find("update this grok-auth") != std::string::npos);
  CHECK(fixture.state.files["work.json"] == kNewer);
  CHECK(fixture.state.changes.empty());
}

TEST_CASE("status tells of a login that cannot be used, and changes nothing") {
  const auto [stored, state, words] = GENERATE(table<std::string, std::string, std::string>(
      {{"damaged", "signed_out", "is damaged"}, {kNewer, "expired", "newer version"}}));
  Fixture fixture;
  fixture.state.files["work.json"] = stored;
  const std::string answer = JsonStatus(fixture);
  CHECK(answer.find("\"status\":\"" + state + "\"") != std::string::npos);
  CHECK(answer.find(words) != std::string::npos);
  CHECK(fixture.state.changes.empty());
}

TEST_CASE("a refreshed token set is saved beside a file that was damaged meanwhile") {
  Fixture fixture;
  const TokenSet tokens = fixture.MakeTokens();
  fixture.StoreLogin(tokens);
  fixture.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    fixture.state.files["work.json"] = "damaged";
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
  CHECK(std::holds_alternative<ReportedToken>(fixture.RunWorker()));
  CHECK(fixture.Tokens().refresh_token == "refresh-2");
  CHECK(NameOf(fixture, "damaged").starts_with("work.damaged-"));
}

TEST_CASE("a refreshed token set never takes the place of one of a newer version") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    fixture.state.files["work.json"] = kNewer;
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));
  CHECK(fixture.state.files["work.json"] == kNewer);
}

TEST_CASE("what cannot be read does not keep a refreshed token set from being saved") {
  const std::string unreadable = GENERATE("work.json", "work.id");
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    fixture.state.unreadable.insert(unreadable);
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
  CHECK(std::holds_alternative<ReportedToken>(fixture.RunWorker()));
  fixture.state.unreadable.clear();
  CHECK(fixture.Tokens().refresh_token == "refresh-2");
}

TEST_CASE("an item of a newer version in the keyring is refused, and stays") {
  Fixture fixture;
  fixture.keyring.state = KeyringState::kNothing;
  fixture.keyring.items["store-1"] = kNewer;
  fixture.state.files["work.id"] = SerializeStoreId({"store-1", Place::kLibsecret, {}});
  const Error error = FailureOf([&] { Logout(fixture.context); });
  CHECK(error.kind() == ErrorKind::kStore);
  CHECK(error.hint().find("'grok-auth: work'") != std::string::npos);
  CHECK(fixture.keyring.items.contains("store-1"));
}
