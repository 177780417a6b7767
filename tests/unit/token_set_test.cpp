#include "app/token_set.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"
#include "oauth/json.h"

using namespace grokauth::app;
using grokauth::oauth::JsonObject;
using grokauth::oauth::TokenResponse;
using grokauth::test::Fixture;
using grokauth::test::MakeJwt;
using grokauth::test::MakeProfile;
using std::chrono::seconds;

namespace {

constexpr UnixTime kNow{seconds(1'800'000'000)};

TokenResponse Response() {
  return {"access-2", "Bearer", seconds(3600), std::nullopt, std::nullopt, std::nullopt};
}

std::string FaultOf(const std::string& text) {
  const auto result = ParseTokenSet(text);
  const auto* fault = std::get_if<TokenSetFault>(&result);
  return fault != nullptr ? fault->reason : "";
}

}  // namespace

TEST_CASE("a token set comes back as it was stored") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  tokens.account->name = "N \"quoted\" \xc3\xa4";
  const std::string text = SerializeTokenSet(tokens);
  CHECK(text.ends_with("\n"));
  const TokenSet back = std::get<TokenSet>(ParseTokenSet(text));
  CHECK(SerializeTokenSet(back) == text);
  CHECK(back.access_token == "access-1");
  CHECK(back.refresh_token == "refresh-1");
  CHECK(back.expires_at == tokens.expires_at);
  CHECK(back.minted_at == tokens.minted_at);
  CHECK(back.account->name == tokens.account->name);
  CHECK(VersionOf(back) == VersionOf(tokens));
}

TEST_CASE("what a token set does not have comes back as absent") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  tokens.expires_at.reset();
  tokens.refresh_token.reset();
  tokens.scope.reset();
  tokens.account.reset();
  tokens.revocation_endpoint.reset();
  const TokenSet back = std::get<TokenSet>(ParseTokenSet(SerializeTokenSet(tokens)));
  CHECK_FALSE(back.expires_at);
  CHECK_FALSE(back.refresh_token);
  CHECK_FALSE(back.scope);
  CHECK_FALSE(back.account);
  CHECK_FALSE(back.revocation_endpoint);
}

TEST_CASE("a token set of a newer format version is refused") {
  Fixture fixture;
  std::string text = SerializeTokenSet(fixture.MakeTokens());
  text.replace(text.find("\"version\":1"), 11, "\"version\":2");
  CHECK(FaultOf(text).find("newer version") != std::string::npos);
}

TEST_CASE("an API key comes back as it was stored, and an older program refuses it") {
  TokenSet tokens = MakeApiKeySet("xai-0123456789abcdef", MakeProfile(), kNow);
  tokens.store_id = "store-1";
  const std::string text = SerializeTokenSet(tokens);
  CHECK(text.find("\"version\":2") != std::string::npos);
  const TokenSet back = std::get<TokenSet>(ParseTokenSet(text));
  CHECK(back.credential == Credential::kApiKey);
  CHECK(back.access_token == "xai-0123456789abcdef");
  CHECK(back.issuer == "https://id.example");
  CHECK(back.client_id == "client-1");
  CHECK(back.minted_at == kNow);
  CHECK_FALSE(back.expires_at);
  CHECK_FALSE(back.refresh_token);
  CHECK_FALSE(back.account);
}

TEST_CASE("a login is stored as before there were API keys") {
  Fixture fixture;
  const std::string text = SerializeTokenSet(fixture.MakeTokens());
  CHECK(text.find("\"version\":1") != std::string::npos);
  CHECK(text.find("credential") == std::string::npos);
  CHECK(std::get<TokenSet>(ParseTokenSet(text)).credential == Credential::kLogin);
}

TEST_CASE("an API key of a newer format version, or none at all, is refused") {
  TokenSet tokens = MakeApiKeySet("xai-0123456789abcdef", MakeProfile(), kNow);
  tokens.store_id = "store-1";
  std::string newer = SerializeTokenSet(tokens);
  newer.replace(newer.find("\"version\":2"), 11, "\"version\":3");
  CHECK(FaultOf(newer).find("newer version") != std::string::npos);
  std::string other = SerializeTokenSet(tokens);
  other.replace(other.find("api_key"), 7, "api_dog");
  CHECK(FaultOf(other).find("newer version") != std::string::npos);
  tokens.access_token.clear();
  CHECK(FaultOf(SerializeTokenSet(tokens)).find("missing") != std::string::npos);
}

TEST_CASE("a damaged token set is refused") {
  Fixture fixture;
  const std::string text = SerializeTokenSet(fixture.MakeTokens());
  CHECK_FALSE(FaultOf("").empty());
  CHECK_FALSE(FaultOf("[]").empty());
  CHECK_FALSE(FaultOf(text.substr(0, text.size() / 2)).empty());
  CHECK_FALSE(FaultOf(text + text).empty());
  for (const char* member : {"store_id", "issuer", "client_id", "access_token", "token_endpoint"}) {
    CAPTURE(member);
    std::string without = text;
    without.replace(without.find("\"" + std::string(member) + "\""), 2, "\"_");
    CHECK(FaultOf(without).find("missing") != std::string::npos);
  }
  std::string bad_token = text;
  bad_token.replace(bad_token.find("access-1"), 8, "access 1");
  CHECK(FaultOf(bad_token).find("makes no sense") != std::string::npos);
  std::string bad_generation = text;
  bad_generation.replace(bad_generation.find("\"generation\":1"), 14, "\"generation\":0");
  CHECK(FaultOf(bad_generation).find("makes no sense") != std::string::npos);
}

TEST_CASE("a refresh that leaves refresh token, scope and account out keeps the old ones") {
  Fixture fixture;
  const TokenSet old = fixture.MakeTokens();
  const TokenSet next = MakeTokenSet(Response(), fixture.profile, &old, kNow);
  CHECK(next.access_token == "access-2");
  CHECK(next.refresh_token == "refresh-1");
  CHECK(next.scope == old.scope);
  CHECK(next.account->sub == "user-1");
  CHECK(next.generation == 2);
  CHECK(next.store_id == "store-1");
  CHECK(next.token_endpoint == old.token_endpoint);
  CHECK(next.revocation_endpoint == old.revocation_endpoint);
  CHECK(next.minted_at == kNow);
  CHECK(next.expires_at == kNow + seconds(3600));
}

TEST_CASE("a refresh that brings them replaces refresh token, scope and account") {
  Fixture fixture;
  const TokenSet old = fixture.MakeTokens();
  TokenResponse response = Response();
  response.refresh_token = "refresh-2";
  response.scope = "openid";
  response.id_token = MakeJwt(R"({"iss":"https://id.example","aud":"client-1","sub":"user-2"})");
  const TokenSet next = MakeTokenSet(response, fixture.profile, &old, kNow);
  CHECK(next.refresh_token == "refresh-2");
  CHECK(next.scope == "openid");
  CHECK(next.account->sub == "user-2");
  CHECK_FALSE(next.account->email);
}

TEST_CASE("an ID token that is not for this client changes no account") {
  Fixture fixture;
  const TokenSet old = fixture.MakeTokens();
  TokenResponse response = Response();
  response.id_token = MakeJwt(R"({"iss":"https://evil.example","aud":"client-1","sub":"user-2"})");
  CHECK(MakeTokenSet(response, fixture.profile, &old, kNow).account->sub == "user-1");
}

TEST_CASE("a fresh sign-in is generation 1 and has the scopes that were asked for") {
  const TokenSet tokens = MakeTokenSet(Response(), MakeProfile(), nullptr, kNow);
  CHECK(tokens.generation == 1);
  CHECK(tokens.scope == "openid offline_access");
  CHECK(tokens.issuer == "https://id.example");
  CHECK(tokens.client_id == "client-1");
  CHECK_FALSE(tokens.refresh_token);
  CHECK_FALSE(tokens.account);
}

TEST_CASE("the expiry is expires_in, else the token's exp, else GROK_AUTH_TOKEN_TTL, else none") {
  TokenResponse response = Response();
  response.access_token = MakeJwt(R"({"exp":1800000500})");
  const auto expiry = [&](std::optional<seconds> ttl) {
    return EffectiveExpiry(MakeTokenSet(response, MakeProfile(), nullptr, kNow), ttl);
  };
  CHECK(expiry(seconds(60)) == kNow + seconds(3600));
  response.expires_in.reset();
  CHECK(expiry(seconds(60)) == kNow + seconds(500));
  response.access_token = "opaque";
  CHECK(expiry(seconds(60)) == kNow + seconds(60));
  CHECK_FALSE(expiry(std::nullopt));
}

TEST_CASE("an expiry of the old token is not inherited by the new one") {
  Fixture fixture;
  const TokenSet old = fixture.MakeTokens();
  TokenResponse response = Response();
  response.expires_in.reset();
  CHECK_FALSE(MakeTokenSet(response, fixture.profile, &old, kNow).expires_at);
}

TEST_CASE("a token set belongs to a profile with its issuer and its client") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  CHECK(BelongsTo(tokens, fixture.profile));
  tokens.issuer = "https://id.example/";
  CHECK_FALSE(BelongsTo(tokens, fixture.profile));
  tokens = fixture.MakeTokens();
  tokens.client_id = "client-2";
  CHECK_FALSE(BelongsTo(tokens, fixture.profile));
}
