#include "oauth/metadata.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace grokauth::oauth;

namespace {

constexpr const char* kIssuer = "https://id.example";

std::string ReasonOf(const std::string& body, const std::string& issuer = kIssuer,
                     const EndpointRules& rules = {}) {
  const auto result = ParseServerMetadata(body, issuer, rules);
  const auto* fault = std::get_if<MetadataFault>(&result);
  return fault != nullptr ? fault->reason : "";
}

}  // namespace

TEST_CASE("metadata is asked for as OpenID Connect Discovery says, then as RFC 8414") {
  using Urls = std::vector<std::string>;
  const auto [issuer, urls] = GENERATE(table<std::string, Urls>({
      {"https://id.example",
       {"https://id.example/.well-known/openid-configuration",
        "https://id.example/.well-known/oauth-authorization-server"}},
      {"https://id.example/",
       {"https://id.example/.well-known/openid-configuration",
        "https://id.example/.well-known/oauth-authorization-server"}},
      {"https://example.com/issuer1",
       {"https://example.com/issuer1/.well-known/openid-configuration",
        "https://example.com/.well-known/oauth-authorization-server/issuer1"}},
      {"https://example.com/realms/acme/",
       {"https://example.com/realms/acme/.well-known/openid-configuration",
        "https://example.com/.well-known/oauth-authorization-server/realms/acme"}},
      {"http://127.0.0.1:8080/o",
       {"http://127.0.0.1:8080/o/.well-known/openid-configuration",
        "http://127.0.0.1:8080/.well-known/oauth-authorization-server/o"}},
  }));
  CHECK(MetadataUrls(issuer) == urls);
}

TEST_CASE("a metadata document in the manner of RFC 8414 section 3.2 is read") {
  const auto result = ParseServerMetadata(
      R"({"issuer": "https://server.example.com",
          "authorization_endpoint": "https://server.example.com/authorize",
          "token_endpoint": "https://server.example.com/token",
          "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
          "userinfo_endpoint": "https://server.example.com/userinfo",
          "device_authorization_endpoint": "https://server.example.com/device",
          "revocation_endpoint": "https://server.example.com/revoke",
          "ui_locales_supported": ["en-US"]})",
      "https://server.example.com", {});
  const auto& metadata = std::get<ServerMetadata>(result);
  CHECK(metadata.issuer == "https://server.example.com");
  CHECK(metadata.authorization_endpoint == "https://server.example.com/authorize");
  CHECK(metadata.token_endpoint == "https://server.example.com/token");
  CHECK(metadata.device_authorization_endpoint == "https://server.example.com/device");
  CHECK(metadata.revocation_endpoint == "https://server.example.com/revoke");
}

TEST_CASE("endpoints beside the token endpoint may be missing") {
  const auto result = ParseServerMetadata(
      R"({"issuer":"https://id.example","token_endpoint":"https://id.example/token"})", kIssuer,
      {});
  const auto& metadata = std::get<ServerMetadata>(result);
  CHECK_FALSE(metadata.authorization_endpoint);
  CHECK_FALSE(metadata.device_authorization_endpoint);
  CHECK_FALSE(metadata.revocation_endpoint);
}

TEST_CASE("the issuer of the metadata must be the same string") {
  const std::string issuer =
      GENERATE(as<std::string>{}, "https://id.example/", "https://ID.example",
               "https://id.example:443", "http://id.example", "https://id.example.evil.com", "");
  CAPTURE(issuer);
  const std::string body =
      R"({"issuer":")" + issuer + R"(","token_endpoint":"https://id.example/token"})";
  CHECK(ReasonOf(body).find("names the issuer") != std::string::npos);
  CHECK(ReasonOf(R"({"token_endpoint":"https://id.example/token"})").find("names the issuer") !=
        std::string::npos);
}

TEST_CASE("a trailing slash of the issuer counts on both sides") {
  const std::string body =
      R"({"issuer":"https://id.example/","token_endpoint":"https://id.example/token"})";
  CHECK(ReasonOf(body, "https://id.example/").empty());
}

TEST_CASE("text of a server's metadata reaches no terminal as it is") {
  const std::string reason =
      ReasonOf("{\"issuer\":\"https://evil\\u001b[2J\",\"token_endpoint\":\"x\"}");
  CHECK(reason.find('\x1b') == std::string::npos);
}

TEST_CASE("metadata that is no JSON object is a fault") {
  const std::string body = GENERATE(as<std::string>{}, "", "<html>", "[]", "null");
  CHECK(ReasonOf(body) == "is not a JSON object");
}

TEST_CASE("metadata without a usable token endpoint is a fault") {
  const std::string member =
      GENERATE(as<std::string>{}, "", R"(,"token_endpoint":null)", R"(,"token_endpoint":"")",
               R"(,"token_endpoint":["https://id.example/t"])", R"(,"token_endpoint":"/token")");
  CAPTURE(member);
  CHECK(ReasonOf(R"({"issuer":"https://id.example")" + member + "}").find("token_endpoint") !=
        std::string::npos);
}

TEST_CASE("one bad endpoint makes the whole document a fault") {
  const std::string name =
      GENERATE(as<std::string>{}, "authorization_endpoint", "device_authorization_endpoint",
               "revocation_endpoint", "token_endpoint");
  CAPTURE(name);
  std::string body = R"({"issuer":"https://id.example")";
  if (name != "token_endpoint") {
    body += R"(,"token_endpoint":"https://id.example/token")";
  }
  const std::string reason = ReasonOf(body + ",\"" + name + "\":\"http://id.example/x\"}");
  CHECK(reason.find(name + " that is plain http") != std::string::npos);
}

TEST_CASE("metadata of xAI that names an endpoint elsewhere is a fault") {
  const EndpointRules rules{false, "x.ai"};
  const auto body = [](const std::string& endpoint) {
    return R"({"issuer":"https://auth.x.ai","token_endpoint":")" + endpoint + "\"}";
  };
  CHECK(ReasonOf(body("https://auth.x.ai/token"), "https://auth.x.ai", rules).empty());
  CHECK(ReasonOf(body("https://evil-x.ai/token"), "https://auth.x.ai", rules).find("not on x.ai") !=
        std::string::npos);
}
