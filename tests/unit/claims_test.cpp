#include "oauth/claims.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::oauth;
using grokauth::test::MakeJwt;

namespace {

std::optional<Account> Read(const std::string& claims) {
  return ReadAccount(MakeJwt(claims), "https://id.example", "client-1");
}

}  // namespace

TEST_CASE("the JWT of RFC 7519 section 3.1 is read without looking at its signature") {
  const auto claims = PeekClaims(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
      "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  REQUIRE(claims);
  CHECK(claims->String("iss") == "joe");
  CHECK(claims->Integer("exp") == 1300819380);
}

TEST_CASE("what is no JWT has no claims") {
  const std::string token =
      GENERATE(as<std::string>{}, "", "opaque", "a.b", "a.b.c.d", "a..c", "a.!!!.c", "a.e30=.c",
               "a.bm90IGpzb24.c", "a.W10.c", "xai-1234567890");
  CAPTURE(token);
  CHECK_FALSE(PeekClaims(token));
  CHECK_FALSE(PeekExpiry(token));
}

TEST_CASE("the expiry of a JWT is its exp claim, when that makes sense") {
  CHECK(PeekExpiry(MakeJwt(R"({"exp":1300819380})")) == UnixTime(std::chrono::seconds(1300819380)));
  const std::string claims =
      GENERATE(as<std::string>{}, "{}", R"({"exp":0})", R"({"exp":-1})", R"({"exp":"soon"})",
               R"({"exp":253402300800})", R"({"exp":9223372036854775807})", R"({"exp":1e300})");
  CAPTURE(claims);
  CHECK_FALSE(PeekExpiry(MakeJwt(claims)));
}

TEST_CASE("the account is read from an ID token for this client") {
  const std::string audience = GENERATE(as<std::string>{}, R"("client-1")", R"(["client-1"])",
                                        R"(["other","client-1"])", R"([7,"client-1"])");
  CAPTURE(audience);
  const auto account = Read(R"({"iss":"https://id.example","aud":)" + audience +
                            R"(,"sub":"s","email":"e@x","name":"N N"})");
  REQUIRE(account);
  CHECK(account->sub == "s");
  CHECK(account->email == "e@x");
  CHECK(account->name == "N N");
}

TEST_CASE("an ID token of another issuer or for another client tells nothing") {
  const std::string claims =
      GENERATE(as<std::string>{}, R"({"iss":"https://id.example/","aud":"client-1","sub":"s"})",
               R"({"iss":"https://evil.example","aud":"client-1","sub":"s"})",
               R"({"aud":"client-1","sub":"s"})",
               R"({"iss":"https://id.example","aud":"client-2","sub":"s"})",
               R"({"iss":"https://id.example","aud":["client-2","client-11"],"sub":"s"})",
               R"({"iss":"https://id.example","aud":[],"sub":"s"})",
               R"({"iss":"https://id.example","sub":"s"})");
  CAPTURE(claims);
  CHECK_FALSE(Read(claims));
}

TEST_CASE("an ID token without a subject tells nothing") {
  CHECK_FALSE(Read(R"({"iss":"https://id.example","aud":"client-1"})"));
  CHECK_FALSE(Read(R"({"iss":"https://id.example","aud":"client-1","sub":""})"));
  CHECK_FALSE(Read(R"({"iss":"https://id.example","aud":"client-1","sub":7})"));
  CHECK_FALSE(ReadAccount("not.a.jwt", "https://id.example", "client-1"));
}

TEST_CASE("what an ID token says is fit for a terminal") {
  const auto account = Read(
      R"({"iss":"https://id.example","aud":"client-1","sub":"s","email":"e\u001b[2J@x","name":7})");
  REQUIRE(account);
  CHECK(account->email == "e[2J@x");
  CHECK_FALSE(account->name);
}
