#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"
#include "oauth/claims.h"

using namespace grokauth::oauth;
using grokauth::test::MakeJwt;

namespace {

constexpr UnixTime kNow{std::chrono::seconds(1'800'000'000)};

/// The claims of a token that is right, with other text in the place of `from`.
std::string Claims(const std::string& from = "", const std::string& to = "") {
  std::string claims =
      R"({"iss":"https://id.example","sub":"s","aud":"client-1","exp":1800000300,"nonce":"n-1"})";
  const std::size_t where = claims.find(from);
  REQUIRE(where != std::string::npos);
  return claims.replace(where, from.size(), to);
}

std::string Fault(const std::string& token, UnixTime now = kNow) {
  return IdTokenFault(token, "https://id.example", "client-1", "n-1", now);
}

}  // namespace

TEST_CASE("an ID token of this server for this client and this request has no fault") {
  CHECK(Fault(MakeJwt(Claims())).empty());
}

TEST_CASE("an ID token may be for other clients too") {
  const std::string audience = GENERATE(as<std::string>{}, R"(["client-1"])",
                                        R"(["other","client-1"])", R"([7,null,"client-1"])");
  CAPTURE(audience);
  CHECK(Fault(MakeJwt(Claims(R"("client-1")", audience))).empty());
}

TEST_CASE("an ID token that is no JWT is refused") {
  const std::string token =
      GENERATE(as<std::string>{}, "", "opaque", "a.b", "a.b.c", "..", "a.W10.c", "a.bnVsbA.c");
  CAPTURE(token);
  CHECK(Fault(token) == "it is not a JWT");
}

TEST_CASE("an ID token of another issuer is refused, and the issuer told without harm") {
  const auto [issuer, told] = GENERATE(table<std::string, std::string>({
      {R"("https://evil.example")", "https://evil.example"},
      {R"("https://id.example/")", "https://id.example/"},
      {R"("https://id.example\u0000")", "https://id.example"},
      {R"("\u001b[2Jx\u202e")", "[2Jx"},
      {R"(["https://id.example"])", ""},
      {"7", ""},
      {"null", ""},
  }));
  CHECK(Fault(MakeJwt(Claims(R"("https://id.example")", issuer))) ==
        "it was issued by '" + told + "'");
}

TEST_CASE("an ID token for another client is refused") {
  const std::string audience =
      GENERATE(as<std::string>{}, R"("client-2")", R"("client-11")", R"("CLIENT-1")", R"("")",
               R"("client-1 ")", "[]", R"(["client-2"])", R"([["client-1"]])",
               R"({"client-1":"client-1"})", "null", "1");
  CAPTURE(audience);
  CHECK(Fault(MakeJwt(Claims(R"("client-1")", audience))) == "it is for another client");
}

TEST_CASE("an ID token lasts a minute longer than it says, for clocks that differ") {
  const std::string token = MakeJwt(Claims());
  CHECK(Fault(token, UnixTime(std::chrono::seconds(1'800'000'360))).empty());
  CHECK_THAT(Fault(token, UnixTime(std::chrono::seconds(1'800'000'361))),
             Catch::StartsWith("it has expired"));
}

TEST_CASE("an ID token without a usable expiry is refused") {
  const std::string expiry = GENERATE(as<std::string>{}, "0", "-1", "null", "true",
                                      R"("1800000300")", "1e300", "18000003000000000000");
  CAPTURE(expiry);
  CHECK_THAT(Fault(MakeJwt(Claims("1800000300", expiry))), Catch::StartsWith("it has expired"));
}

TEST_CASE("an ID token of another request is refused") {
  const std::string nonce = GENERATE(as<std::string>{}, R"("n-2")", R"("n-11")", R"("N-1")",
                                     R"("")", R"("n-1\u0000")", R"(["n-1"])", "null", "1");
  CAPTURE(nonce);
  CHECK(Fault(MakeJwt(Claims(R"("n-1")", nonce))) == "its nonce is not the one of this sign-in");
}

TEST_CASE("an ID token without one of its claims is refused") {
  const std::string missing =
      GENERATE(as<std::string>{}, R"("iss":"https://id.example",)", R"("aud":"client-1",)",
               R"("exp":1800000300,)", R"(,"nonce":"n-1")");
  CAPTURE(missing);
  CHECK_FALSE(Fault(MakeJwt(Claims(missing, ""))).empty());
}
