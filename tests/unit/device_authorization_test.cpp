#include "oauth/device_authorization.h"

#include <catch2/catch.hpp>

#include <string>

#include "oauth/json.h"

using namespace grokauth::oauth;
using std::chrono::seconds;

namespace {

/// The example of RFC 8628 section 3.2.
JsonObject Example() {
  JsonObject answer;
  answer.Set("device_code", "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS")
      .Set("user_code", "WDJB-MJHT")
      .Set("verification_uri", "https://example.com/device")
      .Set("verification_uri_complete", "https://example.com/device?user_code=WDJB-MJHT")
      .Set("expires_in", std::int64_t{1800})
      .Set("interval", std::int64_t{5});
  return answer;
}

DeviceAuthorizationResult Parse(const JsonObject& answer, const EndpointRules& rules = {}) {
  return ParseDeviceAuthorization(200, answer.Text(), rules);
}

bool IsUnusable(const DeviceAuthorizationResult& result) {
  return std::holds_alternative<UnusableAnswer>(result);
}

}  // namespace

TEST_CASE("the example of RFC 8628 section 3.2 is read") {
  const auto result = std::get<DeviceAuthorization>(Parse(Example()));
  CHECK(result.device_code == "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS");
  CHECK(result.user_code == "WDJB-MJHT");
  CHECK(result.verification_uri == "https://example.com/device");
  CHECK(result.expires_in == seconds(1800));
  CHECK(result.interval == seconds(5));
  CHECK(UrlWithCode(result) == "https://example.com/device?user_code=WDJB-MJHT");
}

TEST_CASE("a device authorization without a code or an address cannot be used") {
  const std::string body = GENERATE(
      as<std::string>{}, R"({"user_code":"A-B","verification_uri":"https://e.com/d"})",
      R"({"device_code":"d","verification_uri":"https://e.com/d"})",
      R"({"device_code":"d","user_code":"A-B"})",
      R"({"device_code":1,"user_code":"A-B","verification_uri":"https://e.com/d"})",
      R"({"device_code":"","user_code":"A-B","verification_uri":"https://e.com/d"})",
      R"({"device_code":"a b","user_code":"A-B","verification_uri":"https://e.com/d"})", "{}");
  CAPTURE(body);
  CHECK(IsUnusable(ParseDeviceAuthorization(200, body, {})));
}

TEST_CASE("an address that is not https is not shown to anybody") {
  const std::string url =
      GENERATE(as<std::string>{}, "javascript:alert(1)", "http://example.com/device",
               "file:///etc/passwd", "data:text/html,hi", "https://user@example.com/device",
               "https://example.com/\x1b[2J", "https://example.com/a b", "/device");
  CAPTURE(url);
  CHECK(IsUnusable(Parse(Example().Set("verification_uri", url))));
  CHECK(IsUnusable(Parse(Example().Set("verification_uri_complete", url))));
}

TEST_CASE("an address of xAI's sign-in is on x.ai") {
  const EndpointRules rules{false, "x.ai"};
  JsonObject answer = Example();
  answer.Set("verification_uri", "https://accounts.x.ai/device")
      .Set("verification_uri_complete", "https://accounts.x.ai/device?user_code=A");
  CHECK(std::holds_alternative<DeviceAuthorization>(Parse(answer, rules)));
  CHECK(IsUnusable(Parse(answer.Set("verification_uri_complete", "https://evil-x.ai/d"), rules)));
}

TEST_CASE("a user code of other characters is refused") {
  const std::string code = GENERATE(as<std::string>{}, "", "AB CD", "AB\nCD", "<b>", "A&b=c",
                                    "A\x1b[2J", "\xc3\x84", std::string(65, 'A'));
  CAPTURE(code);
  CHECK(IsUnusable(Parse(Example().Set("user_code", code))));
}

TEST_CASE("an absent or absurd interval becomes a sane one") {
  const auto [value, interval] = GENERATE(table<std::string, int>({
      {"absent", 5},
      {"0", 5},
      {"-3", 5},
      {"\"7\"", 5},
      {"1", 1},
      {"7.0", 7},
      {"30", 30},
      {"999999999", 3600},
      {"99999999999999999999", 5},
  }));
  CAPTURE(value);
  const std::string member = value == "absent" ? "" : ",\"interval\":" + value;
  const auto result = ParseDeviceAuthorization(
      200,
      R"({"device_code":"d","user_code":"AB","verification_uri":"https://e.com/d","expires_in":60)" +
          member + "}",
      {});
  CHECK(std::get<DeviceAuthorization>(result).interval == seconds(interval));
}

TEST_CASE("an absent or absurd lifetime becomes a sane one") {
  const auto [value, lifetime] = GENERATE(table<std::int64_t, int>(
      {{0, 900}, {-1, 900}, {1, 1}, {1800, 1800}, {std::int64_t{1} << 40, 86400}}));
  const auto result = Parse(Example().Set("expires_in", value));
  CHECK(std::get<DeviceAuthorization>(result).expires_in == seconds(lifetime));
}

TEST_CASE("an OAuth error of the device authorization endpoint is one, whatever its status") {
  const int status = GENERATE(200, 400, 401, 500);
  const auto result = ParseDeviceAuthorization(
      status, R"({"error":"invalid_client","error_description":"who?"})", {});
  CHECK(std::get<ErrorResponse>(result).error == "invalid_client");
  CHECK(std::get<ErrorResponse>(result).error_description == "who?");
}

TEST_CASE("a device authorization answer that is not 200 with JSON cannot be used") {
  CHECK(IsUnusable(ParseDeviceAuthorization(200, "<html>", {})));
  CHECK(IsUnusable(ParseDeviceAuthorization(200, "", {})));
  CHECK(IsUnusable(ParseDeviceAuthorization(503, Example().Text(), {})));
  CHECK(IsUnusable(ParseDeviceAuthorization(302, Example().Text(), {})));
}

TEST_CASE("without verification_uri_complete the code stands in the fragment") {
  DeviceAuthorization authorization{"d", "AB-CD", "https://e.com/d", std::nullopt, {}, {}};
  CHECK(UrlWithCode(authorization) == "https://e.com/d#user_code=AB-CD");
  authorization.verification_uri = "https://e.com/d#x";
  CHECK(UrlWithCode(authorization) == "https://e.com/d#x");
}

TEST_CASE("verification_url of old drafts is understood") {
  const auto result = ParseDeviceAuthorization(
      200, R"({"device_code":"d","user_code":"AB","verification_url":"https://e.com/d"})", {});
  CHECK(std::get<DeviceAuthorization>(result).verification_uri == "https://e.com/d");
}

TEST_CASE("a device authorization request has the parameters of RFC 8628 section 3.1") {
  CHECK(MakeParameters({"client-1", {}, std::nullopt, std::nullopt, {}}) ==
        Parameters{{"client_id", "client-1"}});
  CHECK(
      MakeParameters({"client-1", {"openid", "email"}, "api://x", "challenge", {{"plan", "p"}}}) ==
      Parameters{{"client_id", "client-1"},
                 {"scope", "openid email"},
                 {"audience", "api://x"},
                 {"code_challenge", "challenge"},
                 {"code_challenge_method", "S256"},
                 {"plan", "p"}});
}
