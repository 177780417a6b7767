#include "oauth/authorization_request.h"

#include <catch2/catch.hpp>

#include <string>
#include <variant>

#include "oauth/token_request.h"

using namespace grokauth::oauth;

namespace {

constexpr const char* kState = "af0ifjsldkj-0123456789-0123456789-012345678";
constexpr const char* kIssuer = "https://id.example";

AuthorizationRequest MakeRequest() {
  AuthorizationRequest request;
  request.authorization_endpoint = "https://id.example/authorize";
  request.client_id = "client-1";
  request.redirect_uri = "http://127.0.0.1:56121/callback";
  request.scopes = {"openid", "offline_access"};
  request.state = "the-state";
  request.nonce = "the-nonce";
  // RFC 7636 appendix B
  request.code_challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  return request;
}

RedirectResult Read(const std::string& query, bool iss_required = false) {
  return ReadRedirect(query, kState, kIssuer, iss_required);
}

std::string WithState(const std::string& query) {
  return query + "&state=" + kState;
}

template <typename Result>
bool Is(const RedirectResult& result) {
  return std::holds_alternative<Result>(result);
}

}  // namespace

TEST_CASE("an authorization request carries what RFC 6749, RFC 7636 and OpenID Connect ask for") {
  CHECK(MakeAuthorizationUrl(MakeRequest()) ==
        "https://id.example/authorize?response_type=code&client_id=client-1"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A56121%2Fcallback&scope=openid+offline_access"
        "&state=the-state&nonce=the-nonce"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");
}

TEST_CASE("audience and the profile's own parameters come last, and are encoded") {
  AuthorizationRequest request = MakeRequest();
  request.audience = "api://grok";
  request.extra = {{"prompt", "login consent"}, {"a&b", "c=d"}};
  CHECK_THAT(MakeAuthorizationUrl(request),
             Catch::EndsWith("&code_challenge_method=S256&audience=api%3A%2F%2Fgrok"
                             "&prompt=login+consent&a%26b=c%3Dd"));
}

TEST_CASE("without scopes the parameter is left out") {
  AuthorizationRequest request = MakeRequest();
  request.scopes.clear();
  CHECK_THAT(MakeAuthorizationUrl(request), !Catch::Contains("scope"));
}

TEST_CASE("a query of the endpoint is kept as it is") {
  AuthorizationRequest request = MakeRequest();
  request.authorization_endpoint = "https://id.example/authorize?tenant=a%20b&x";
  CHECK_THAT(MakeAuthorizationUrl(request),
             Catch::StartsWith(
                 "https://id.example/authorize?tenant=a%20b&x&response_type=code&client_id="));
}

TEST_CASE("nothing that is asked for can end a parameter or the address") {
  AuthorizationRequest request = MakeRequest();
  request.client_id = "a&state=evil#\r\n ";
  const std::string url = MakeAuthorizationUrl(request);
  CHECK_THAT(url, Catch::Contains("client_id=a%26state%3Devil%23%0D%0A+&redirect_uri="));
  CHECK(url.find_first_of("#\r\n ") == std::string::npos);
}

TEST_CASE("a query string is read in order and decoded") {
  CHECK(ParseQuery("b=2&a=1+1&c=%41%2B%26%3d&d") ==
        Parameters{{"b", "2"}, {"a", "1 1"}, {"c", "A+&="}, {"d", ""}});
  CHECK(ParseQuery("a=b=c&%61b=1") == Parameters{{"a", "b=c"}, {"ab", "1"}});
}

TEST_CASE("of a repeated parameter the first one counts, however it is written") {
  CHECK(ParseQuery("a=1&a=2") == Parameters{{"a", "1"}});
  CHECK(ParseQuery("a=1&%61=2") == Parameters{{"a", "1"}});
  CHECK(ParseQuery("a&a=2") == Parameters{{"a", ""}});
}

TEST_CASE("a query string without parameters has none") {
  const std::string query = GENERATE(as<std::string>{}, "", "&", "&&&", "=", "=x", "=x&&=y");
  CAPTURE(query);
  CHECK(ParseQuery(query).empty());
}

TEST_CASE("a broken escape stays as it is") {
  const auto [text, value] = GENERATE(table<std::string, std::string>({
      {"%", "%"},
      {"%4", "%4"},
      {"%zz", "%zz"},
      {"%4z1", "%4z1"},
      {"a%", "a%"},
      {"%%41", "%A"},
      {"%+1", "% 1"},
      {"%-1", "%-1"},
      {"%00", std::string(1, '\0')},
      {"%fF", "\xff"},
  }));
  CHECK(ParseQuery("v=" + text) == Parameters{{"v", value}});
}

TEST_CASE("a code with the right state is the answer") {
  const auto result = Read(WithState("code=SplxlOBeZQQYbYS6WxSbIA"));
  REQUIRE(Is<AuthorizationCode>(result));
  CHECK(std::get<AuthorizationCode>(result).code == "SplxlOBeZQQYbYS6WxSbIA");
}

TEST_CASE("a code is decoded, and kept whatever its length") {
  CHECK(std::get<AuthorizationCode>(Read(WithState("code=4%2F0Ab%2B~"))).code == "4/0Ab+~");
  const std::string code(6000, 'x');
  CHECK(std::get<AuthorizationCode>(Read(WithState("code=" + code))).code == code);
}

TEST_CASE("an answer with another state is not the answer to this request") {
  const std::string state = GENERATE(
      as<std::string>{}, "", "x", "af0ifjsldkj-0123456789-0123456789-01234567",
      "af0ifjsldkj-0123456789-0123456789-0123456789", "AF0IFJSLDKJ-0123456789-0123456789-012345678",
      "af0ifjsldkj-0123456789-0123456789-012345679",
      "af0ifjsldkj-0123456789-0123456789-012345678%00",
      "+af0ifjsldkj-0123456789-0123456789-012345678");
  CAPTURE(state);
  CHECK(Is<StateMismatch>(Read("code=c&state=" + state)));
  CHECK(Is<StateMismatch>(Read("error=access_denied&state=" + state)));
  CHECK(Is<StateMismatch>(Read("code=c&state=" + state + "&iss=https://id.example", true)));
}

TEST_CASE("an answer without a state is not the answer to this request") {
  CHECK(Is<StateMismatch>(Read("code=c")));
  CHECK(Is<StateMismatch>(Read("error=access_denied")));
  CHECK(Is<StateMismatch>(Read(std::string("code=c&State=") + kState)));
  CHECK(Is<StateMismatch>(Read(std::string("code=c&state=wrong&state=") + kState)));
}

TEST_CASE("a visit without code and error is no answer") {
  const std::string query = GENERATE(as<std::string>{}, "", "state=x", "Code=c", "codes=c",
                                     "error_description=x", "%63ode%00=c");
  CAPTURE(query);
  CHECK(Is<NoAnswer>(Read(query)));
  CHECK(Is<NoAnswer>(Read(WithState(query))));
}

TEST_CASE("a code that cannot be one is no answer") {
  const std::string code =
      GENERATE(as<std::string>{}, "", "%20", "a%20b", "a%00b", "%0d%0aHost:x", "%7f", "%c3%a4");
  CAPTURE(code);
  CHECK(Is<NoAnswer>(Read(WithState("code=" + code))));
}

TEST_CASE("an error with the right state is the server's refusal, fit for a terminal") {
  const auto result =
      Read(WithState("error=access_denied&error_description=the+user%1b[2J%0Asaid"
                     "+no%C2%9B&error_uri=https://evil.test"));
  REQUIRE(Is<ErrorResponse>(result));
  CHECK(std::get<ErrorResponse>(result).error == "access_denied");
  CHECK(Describe(std::get<ErrorResponse>(result)) == "access_denied (the user[2J said no)");
}

TEST_CASE("an error needs no description, and wins over a code") {
  const auto result = Read(WithState("code=c&error=server_error"));
  REQUIRE(Is<ErrorResponse>(result));
  CHECK(std::get<ErrorResponse>(result).error == "server_error");
  CHECK(std::get<ErrorResponse>(result).error_description.empty());
}

TEST_CASE("an error's words are cut") {
  const auto result = Read(WithState("error=" + std::string(1000, 'e') +
                                     "&error_description=" + std::string(1000, 'd')));
  CHECK(Describe(std::get<ErrorResponse>(result)).size() == 100 + 300 + 3);
}

TEST_CASE("the issuer in an answer must be the one that was asked (RFC 9207)") {
  const bool required = GENERATE(true, false);
  CAPTURE(required);
  CHECK(Is<AuthorizationCode>(Read(WithState("code=c&iss=https%3A%2F%2Fid.example"), required)));
  const std::string iss =
      GENERATE(as<std::string>{}, "", "https://evil.example", "https://id.example/",
               "https://id.example%00", "http://id.example", "https://ID.example", "id.example");
  CAPTURE(iss);
  CHECK(Is<IssuerMismatch>(Read(WithState("code=c&iss=" + iss), required)));
  CHECK(Is<IssuerMismatch>(Read(WithState("error=access_denied&iss=" + iss), required)));
  CHECK(Is<IssuerMismatch>(Read(WithState("code=c&iss=" + iss + "&iss=https://id.example"), true)));
}

TEST_CASE("an issuer that is missing matters only where it is promised (RFC 9207 section 2.4)") {
  CHECK(Is<AuthorizationCode>(Read(WithState("code=c"), false)));
  CHECK(Is<IssuerMismatch>(Read(WithState("code=c"), true)));
  CHECK(Is<IssuerMismatch>(Read(WithState("error=access_denied"), true)));
}

TEST_CASE("an issuer is looked at only in answers to this request") {
  CHECK(Is<StateMismatch>(Read("code=c&state=x&iss=https://evil.example", true)));
  CHECK(Is<NoAnswer>(Read(WithState("iss=https://evil.example"), true)));
}
