#include "oauth/token_request.h"

#include <catch2/catch.hpp>

#include <string>

using namespace grokauth::oauth;
using std::chrono::seconds;

namespace {

TokenResponse Success(const std::string& body) {
  INFO(body);
  TokenResult result = ParseTokenResult(200, body);
  REQUIRE(std::holds_alternative<TokenResponse>(result));
  return std::get<TokenResponse>(std::move(result));
}

bool IsUnreadable(int status, const std::string& body) {
  return std::holds_alternative<UnreadableAnswer>(ParseTokenResult(status, body));
}

}  // namespace

TEST_CASE("the success of RFC 6749 section 5.1 is read") {
  const TokenResponse response = Success(
      R"({"access_token":"2YotnFZFEjr1zCsicMWpAA",
          "token_type":"example",
          "token_type":"Bearer",
          "expires_in":3600,
          "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA",
          "scope":"a b",
          "id_token":"h.p.s",
          "example_parameter":"example_value"})");
  CHECK(response.access_token == "2YotnFZFEjr1zCsicMWpAA");
  CHECK(response.token_type == "Bearer");
  CHECK(response.expires_in == seconds(3600));
  CHECK(response.refresh_token == "tGzv3JOkF0XG5Qx2TlKWIA");
  CHECK(response.scope == "a b");
  CHECK(response.id_token == "h.p.s");
}

TEST_CASE("the error of RFC 6749 section 5.2 is read") {
  const TokenResult result = ParseTokenResult(400, R"({"error":"invalid_request"})");
  CHECK(std::get<ErrorResponse>(result).error == "invalid_request");
  CHECK(std::get<ErrorResponse>(result).error_description.empty());
}

TEST_CASE("an answer with an error member is an error, whatever its status and the rest") {
  const int status = GENERATE(200, 201, 400, 401, 403, 429, 500, 503);
  const TokenResult result = ParseTokenResult(
      status, R"({"error":"invalid_grant","error_description":"gone","access_token":"t"})");
  CHECK(std::get<ErrorResponse>(result).error == "invalid_grant");
  CHECK(std::get<ErrorResponse>(result).error_description == "gone");
}

TEST_CASE("an error's words are fit for a terminal") {
  const TokenResult result =
      ParseTokenResult(400, R"({"error":"a\u001b[2Jb","error_description":"c\u0007\nd"})");
  CHECK(Describe(std::get<ErrorResponse>(result)) == "a[2Jb (c d)");
}

TEST_CASE("a word that only looks like another one on a terminal is another one") {
  const std::string word =
      GENERATE(as<std::string>{}, R"(invalid_grant\n)", R"(\u001binvalid_grant)",
               R"(invalid\u0007_grant)", "invalid_grant ");
  const TokenResult result = ParseTokenResult(400, R"({"error":")" + word + "\"}");
  CHECK(std::get<ErrorResponse>(result).error != "invalid_grant");
}

TEST_CASE("an empty error is none") {
  CHECK(Success(R"({"error":"","access_token":"t"})").access_token == "t");
  CHECK(IsUnreadable(400, R"({"error":""})"));
}

TEST_CASE("an error member that is no string makes no error") {
  CHECK(Success(R"({"access_token":"t","error":null})").access_token == "t");
}

TEST_CASE("token_type is compared without case, and may be absent") {
  const std::string member = GENERATE(as<std::string>{}, "", R"(,"token_type":"bearer")",
                                      R"(,"token_type":"BEARER")", R"(,"token_type":"Bearer")");
  CHECK(Success(R"({"access_token":"t")" + member + "}").access_token == "t");
}

TEST_CASE("a token of another type cannot be used") {
  const std::string type = GENERATE(as<std::string>{}, "mac", "DPoP", "Bearer ", "N_A", "");
  CAPTURE(type);
  CHECK(IsUnreadable(200, R"({"access_token":"t","token_type":")" + type + "\"}"));
}

TEST_CASE("expires_in is read as an integer, a float or a string, else counts as absent") {
  const auto [value, expected] = GENERATE(table<std::string, int>({
      {"3600", 3600},
      {"1", 1},
      {"3600.0", 3600},
      {"\"3600\"", 3600},
      {"\"3600s\"", 0},
      {"\"\"", 0},
      {"\"-5\"", 0},
      {"3600.5", 3600},
      {"0", 0},
      {"-1", 0},
      {"null", 0},
      {"true", 0},
      {"[3600]", 0},
      {"1e18", 0},
      {"9223372036854775807", 0},
      {"99999999999999999999999999", 0},
      {"1e400", 0},
      {"\"99999999999999999999\"", 0},
  }));
  CAPTURE(value);
  const TokenResponse response = Success(R"({"access_token":"t","expires_in":)" + value + "}");
  CHECK(response.expires_in.value_or(seconds(0)) == seconds(expected));
}

TEST_CASE("expires_in may be absent") {
  CHECK_FALSE(Success(R"({"access_token":"t"})").expires_in);
}

TEST_CASE("a refresh token that is none counts as absent, so that the old one is kept") {
  const std::string value = GENERATE(as<std::string>{}, "null", "\"\"", "7", "[\"r\"]");
  CAPTURE(value);
  CHECK_FALSE(Success(R"({"access_token":"t","refresh_token":)" + value + "}").refresh_token);
}

TEST_CASE("a refresh token is only ever sent back, so whatever it consists of is kept") {
  const auto [value, token] = GENERATE(table<std::string, std::string>(
      {{"\"a b\"", "a b"}, {"\"\u00e4\"", "\u00e4"}, {R"("a\nb")", "a\nb"}}));
  CHECK(Success(R"({"access_token":"t","refresh_token":)" + value + "}").refresh_token == token);
}

TEST_CASE("an access token with anything but visible ASCII is not taken") {
  const std::string value =
      GENERATE(as<std::string>{}, "\"\"", "\"a b\"", R"("a\nX-Evil: 1")", R"("a\u0000")",
               R"("a\u001b[2J")", "\"\xc3\xa4\"", "null", "7", "[\"t\"]", "{}");
  CAPTURE(value);
  CHECK(IsUnreadable(200, R"({"access_token":)" + value + "}"));
}

TEST_CASE("what is neither tokens nor an OAuth error is unreadable") {
  const std::string body =
      GENERATE(as<std::string>{}, "", "<html><body>502</body></html>", "[]",
               R"([{"access_token":"t"}])", "null", "\"t\"", "{}", R"({"access_token":"t")",
               R"({"access_token":"t"} trailing)", "access_token=t&token_type=bearer");
  CAPTURE(body);
  CHECK(IsUnreadable(200, body));
  CHECK(IsUnreadable(400, body));
  CHECK(IsUnreadable(502, body));
}

TEST_CASE("a token in an answer that is no success is not taken") {
  const int status = GENERATE(199, 300, 302, 400, 403, 500);
  CHECK(IsUnreadable(status, R"({"access_token":"t","token_type":"Bearer"})"));
}

TEST_CASE("the reason never holds what the server sent as a token") {
  const TokenResult result =
      ParseTokenResult(200, R"({"access_token":"sesame open","refresh_token":"sesame-two"})");
  CHECK(std::get<UnreadableAnswer>(result).reason.find("sesame") == std::string::npos);
}

TEST_CASE("the requests have the parameters of their RFC") {
  CHECK(MakeTokenRequest(RefreshTokenGrant{"r"}, "c") ==
        Parameters{{"grant_type", "refresh_token"}, {"refresh_token", "r"}, {"client_id", "c"}});
  const std::string device = "urn:ietf:params:oauth:grant-type:device_code";
  CHECK(MakeTokenRequest(DeviceCodeGrant{"d", std::nullopt}, "c") ==
        Parameters{{"grant_type", device}, {"device_code", "d"}, {"client_id", "c"}});
  CHECK(MakeTokenRequest(DeviceCodeGrant{"d", "v"}, "c") == Parameters{{"grant_type", device},
                                                                       {"device_code", "d"},
                                                                       {"client_id", "c"},
                                                                       {"code_verifier", "v"}});
  CHECK(MakeRevocationRequest("t", "refresh_token", "c") ==
        Parameters{{"token", "t"}, {"token_type_hint", "refresh_token"}, {"client_id", "c"}});
}

TEST_CASE("scopes are joined by one blank, and split by any number of them") {
  CHECK(JoinScopes({}).empty());
  CHECK(JoinScopes({"a", "b"}) == "a b");
  CHECK(SplitScopes("  a  b ") == std::vector<std::string>{"a", "b"});
  CHECK(SplitScopes("").empty());
}
