#include <catch2/catch.hpp>

#include <string>

#include "app/login.h"
#include "fixture.h"
#include "oauth/json.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

TEST_CASE("a logout deletes everything here, then revokes the refresh token") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.StorePending("work.pending-0", fixture.MakePending());
  fixture.StorePending("work2.pending-0", fixture.MakePending());
  fixture.http.Handle(kRevocationUrl, [&](const HttpRequest& request) {
    CHECK_FALSE(fixture.state.files.contains("work.json"));
    CHECK(DecodeForm(request.form).at("token") == "refresh-1");
    CHECK(request.total_timeout == seconds(5));
    return HttpResponse{200, "", std::nullopt, ""};
  });
  Logout(fixture.context);
  std::vector<std::string> left;
  for (const auto& [name, contents] : fixture.state.files) {
    left.push_back(name);
  }
  CHECK(left == std::vector<std::string>{"work.id", "work2.pending-0"});
  CHECK(fixture.state.files["work.id"].find("store-1") == std::string::npos);
  CHECK(fixture.terminal.Messages().find("'grok logout'") != std::string::npos);
}

TEST_CASE("a revocation that fails is a warning") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  SECTION("no answer") {
    fixture.http.Fail(kRevocationUrl, Cause::kTimeout);
  }
  SECTION("an error") {
    fixture.http.Answer(kRevocationUrl, 503, "");
  }
  SECTION("not offered") {
    tokens.revocation_endpoint.reset();
  }
  fixture.StoreLogin(tokens);
  Logout(fixture.context);
  CHECK(fixture.terminal.Messages().find("warning: the login was deleted here, but not revoked") !=
        std::string::npos);
  CHECK_FALSE(fixture.store.Load().tokens);
}

TEST_CASE("a login that was in a file alone needs no keyring to be gone") {
  Fixture fixture;
  fixture.profile.store = StoreChoice::kAuto;  // and there is none
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kRevocationUrl, 200, "");
  Logout(fixture.context);
  CHECK(fixture.terminal.Messages().find("keyring") == std::string::npos);
  CHECK(fixture.state.files.at("work.id").find("store-1") == std::string::npos);
}

TEST_CASE("without a refresh token the access token is revoked") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  tokens.refresh_token.reset();
  fixture.StoreLogin(tokens);
  fixture.http.Handle(kRevocationUrl, [&](const HttpRequest& request) {
    CHECK(DecodeForm(request.form).at("token") == "access-1");
    CHECK(DecodeForm(request.form).at("token_type_hint") == "access_token");
    return HttpResponse{200, "", std::nullopt, ""};
  });
  Logout(fixture.context);
}

TEST_CASE("a login of another client is deleted here, and sent to nobody") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  tokens.client_id = "client-2";
  fixture.StoreLogin(tokens);
  Logout(fixture.context);
  CHECK_FALSE(fixture.store.Load().tokens);
}

TEST_CASE("a logout waits for nobody: what is under way finds out when it saves") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.state.HoldElsewhere(kSignInLock);
  fixture.state.HoldElsewhere(kRefreshLock);
  fixture.http.Answer(kRevocationUrl, 200, "");
  Logout(fixture.context);
  CHECK(fixture.clock.Elapsed() == seconds(0));
  CHECK_FALSE(fixture.store.Load().tokens);
}

TEST_CASE("a logout when nobody is signed in says so, and forgets pending sign-ins") {
  Fixture fixture;
  fixture.StorePending("work.pending-0", fixture.MakePending());
  Logout(fixture.context);
  CHECK(fixture.PendingNames().empty());
  CHECK(fixture.terminal.Messages().find("Nobody was signed in") != std::string::npos);
}
