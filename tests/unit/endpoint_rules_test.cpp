#include <catch2/catch.hpp>

#include <string>

#include "oauth/metadata.h"

using namespace grokauth::oauth;

TEST_CASE("an https URL with a host is an endpoint") {
  const std::string url =
      GENERATE(as<std::string>{}, "https://id.example", "https://id.example:8443/a/b?c=d#e",
               "HTTPS://ID.EXAMPLE/", "https://[2001:db8::1]/token", "https://192.0.2.1/");
  CAPTURE(url);
  CHECK(EndpointFault(url, {}).empty());
}

TEST_CASE("what is not an absolute https URL is no endpoint") {
  const std::string url = GENERATE(
      as<std::string>{}, "", "/token", "id.example/token", "//id.example/token",
      "https:", "https:/", "https://", "https:///path", "https:id.example", "javascript:alert(1)",
      "data:text/html,x", "file:///etc/passwd", "ftp://id.example/", "https://id.example/a b",
      "https://id.example/\n", " https://id.example/", "https://id.example/\xc3\xa4",
      "https://id.example/\x1b[2J", "https://id.example:99999/", "https://id.example:port/");
  CAPTURE(url);
  CHECK_FALSE(EndpointFault(url, {}).empty());
}

TEST_CASE("a URL with a user name or password is no endpoint") {
  const std::string url =
      GENERATE(as<std::string>{}, "https://user@id.example/", "https://user:secret@id.example/",
               "https://x.ai@evil.com/", "https://x.ai:443@evil.com/");
  CAPTURE(url);
  CHECK(EndpointFault(url, {}).find("user name") != std::string::npos);
}

TEST_CASE("a pinned domain lets itself and what is below it through") {
  const std::string url =
      GENERATE(as<std::string>{}, "https://x.ai/", "https://auth.x.ai/token",
               "https://AUTH.X.AI/token", "https://a.b.x.ai:8443/", "https://auth.x.ai?q=evil.com");
  CAPTURE(url);
  CHECK(EndpointFault(url, {false, "x.ai"}).empty());
}

TEST_CASE("a pinned domain lets nothing else through") {
  const std::string url =
      GENERATE(as<std::string>{}, "https://evil-x.ai/", "https://evilx.ai/",
               "https://x.ai.evil.com/", "https://evil.com/x.ai", "https://evil.com?.x.ai",
               "https://evil.com#.x.ai", "https://evil.com/#@auth.x.ai", "https://x.ai@evil.com/",
               "https://x.ai./", "https://ai/", "https://127.0.0.1/", "http://auth.x.ai/");
  CAPTURE(url);
  CHECK_FALSE(EndpointFault(url, {false, "x.ai"}).empty());
}

TEST_CASE("a host that programs read in different ways is no endpoint") {
  // Browsers end the host at a backslash, or decode it first; others do not.
  const std::string url = GENERATE(
      as<std::string>{}, R"(https://evil.com\.x.ai/)", R"(https://evil.com\@auth.x.ai/)",
      "https://evil.com%2f.x.ai/", "https://evil.com%23.x.ai/", "https://evil.com%00.x.ai/",
      "https://evil.com;.x.ai/", "https://evil.com,.x.ai/", "https://<b>.x.ai/");
  CAPTURE(url);
  CHECK_FALSE(EndpointFault(url, {false, "x.ai"}).empty());
  CHECK_FALSE(EndpointFault(url, {}).empty());
}

TEST_CASE("plain http is let through to a loopback host only, and only when allowed") {
  const EndpointRules allowed{true, ""};
  const std::string loopback =
      GENERATE(as<std::string>{}, "http://127.0.0.1:9000/", "http://localhost/",
               "http://[::1]:9000/token", "http://LOCALHOST:1/", "http://127.255.0.3/");
  CAPTURE(loopback);
  CHECK(EndpointFault(loopback, allowed).empty());
  CHECK(EndpointFault(loopback, {}) == "is plain http (allow_http_loopback is not set)");
}

TEST_CASE("no other host counts as a loopback host") {
  const std::string host = GENERATE(as<std::string>{}, "id.example", "127.0.0.1.evil.com",
                                    "localhost.evil.com", "evil-localhost", "127evil.com",
                                    "128.0.0.1", "0.0.0.0", "192.168.0.1", "127.0.0.1x", "");
  CAPTURE(host);
  CHECK_FALSE(IsLoopbackHost(host));
  if (!host.empty()) {
    CHECK(EndpointFault("http://" + host + "/", {true, ""}) == "is plain http");
  }
}

TEST_CASE("a pinned domain beats the permission for loopback hosts") {
  CHECK_FALSE(EndpointFault("http://127.0.0.1/", {true, "x.ai"}).empty());
}

TEST_CASE("the parts of a URL are its own") {
  const auto plain = ParseUrl("https://Id.Example/a:b@c");
  REQUIRE(plain);
  CHECK(plain->scheme == "https");
  CHECK(plain->host == "id.example");
  CHECK(plain->port == 443);
  CHECK_FALSE(plain->has_user_info);
  const auto address = ParseUrl("http://[::1]:8080/");
  REQUIRE(address);
  CHECK(address->host == "::1");
  CHECK(address->port == 8080);
}
