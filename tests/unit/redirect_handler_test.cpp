#include "app/redirect_handler.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <variant>

#include "app/result_page.h"

using namespace grokauth::app;
using namespace grokauth;

namespace {

constexpr const char* kIssuer = "https://id.example";

ExpectedRedirect Expected(bool iss_required = false) {
  return {56121, "the-state", kIssuer, iss_required, {kIssuer}};
}

LoopbackRequest Request(const std::string& method, const std::string& target,
                        const std::string& origin = "",
                        const std::string& host = "127.0.0.1:56121") {
  return {method, target, host, origin};
}

LoopbackRequest TrueRedirect() {
  return Request("GET", "/callback?code=the-code&state=the-state");
}

std::string Header(const LoopbackReply& reply, const std::string& name) {
  const auto found = std::find_if(reply.headers.begin(), reply.headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == reply.headers.end() ? "" : found->second;
}

bool AllowsAnyOrigin(const LoopbackReply& reply) {
  return std::any_of(reply.headers.begin(), reply.headers.end(), [](const auto& header) {
    return header.first.starts_with("Access-Control-");
  });
}

/// The status of a reply that changed nothing: the true redirect still counts afterwards.
int HarmlessStatus(const LoopbackRequest& request) {
  RedirectHandler handler(Expected());
  const LoopbackReply reply = handler.Handle(request);
  CHECK_FALSE(reply.is_last);
  CHECK_FALSE(handler.result());
  CHECK(handler.Handle(TrueRedirect()).is_last);
  return reply.status;
}

}  // namespace

TEST_CASE("the redirect with code and state ends the waiting") {
  RedirectHandler handler(Expected());
  const LoopbackReply reply = handler.Handle(TrueRedirect());
  CHECK(reply.status == 200);
  CHECK(reply.is_last);
  CHECK_THAT(reply.body, Catch::Contains("<h1>Approved</h1>"));
  REQUIRE(handler.result());
  CHECK(std::get<oauth::AuthorizationCode>(*handler.result()).code == "the-code");
}

TEST_CASE("the server's refusal ends the waiting, its words as text") {
  RedirectHandler handler(Expected());
  const LoopbackReply reply = handler.Handle(Request(
      "GET", "/callback?error=access_denied&error_description=%3Cscript%3E%22&state=the-state"));
  CHECK(reply.status == 200);
  CHECK(reply.is_last);
  CHECK_THAT(reply.body, Catch::Contains("access_denied (&lt;script&gt;&quot;)"));
  CHECK_THAT(reply.body, !Catch::Contains("<script"));
  REQUIRE(handler.result());
  CHECK(std::holds_alternative<oauth::ErrorResponse>(*handler.result()));
}

TEST_CASE("a refusal without words has no empty brackets") {
  RedirectHandler handler(Expected());
  const LoopbackReply reply =
      handler.Handle(Request("GET", "/callback?error=access_denied&state=the-state"));
  CHECK_THAT(reply.body, Catch::Contains("The server says: access_denied.<"));
}

TEST_CASE("the answer of another server ends the waiting as an error (RFC 9207)") {
  const auto [iss, required] = GENERATE(table<std::string, bool>(
      {{"&iss=https://evil.example", false}, {"&iss=https://evil.example", true}, {"", true}}));
  RedirectHandler handler(Expected(required));
  const LoopbackReply reply =
      handler.Handle(Request("GET", "/callback?code=c&state=the-state" + iss));
  CHECK(reply.status == 400);
  CHECK(reply.is_last);
  REQUIRE(handler.result());
  CHECK(std::holds_alternative<oauth::IssuerMismatch>(*handler.result()));
}

TEST_CASE("another path is not found") {
  const std::string target = GENERATE(
      as<std::string>{}, "/", "", "*", "/favicon.ico", "/callback/", "/callbackx", "//callback",
      "/Callback", "/x/callback", "/?callback", "callback", "/%63allback", "/callback#x",
      "http://127.0.0.1:56121/callback", "/callback/?code=the-code&state=the-state");
  CAPTURE(target);
  CHECK(HarmlessStatus(Request("GET", target)) == 404);
}

TEST_CASE("what is no answer to this request is refused, and the waiting goes on") {
  const std::string query =
      GENERATE(as<std::string>{}, "", "?", "?state=the-state", "?code=c", "?code=c&state=other",
               "?error=access_denied", "?error=access_denied&state=other", "?code=&state=the-state",
               "?code=a%20b&state=the-state", "?code=c&state=the-state2", "?code=c&state=");
  CAPTURE(query);
  CHECK(HarmlessStatus(Request("GET", "/callback" + query)) == 400);
}

TEST_CASE("a preview of the redirect does not use it up") {
  CHECK(HarmlessStatus(Request("HEAD", "/callback?code=the-code&state=the-state")) == 200);
}

TEST_CASE("other methods are refused, and the right ones named") {
  const std::string method =
      GENERATE(as<std::string>{}, "POST", "PUT", "DELETE", "TRACE", "CONNECT", "get");
  CAPTURE(method);
  const LoopbackRequest request = Request(method, "/callback?code=the-code&state=the-state");
  CHECK(HarmlessStatus(request) == 405);
  CHECK(Header(RedirectHandler(Expected()).Handle(request), "Allow") == "GET, HEAD, OPTIONS");
}

TEST_CASE("another name for this computer is refused (DNS rebinding)") {
  const std::string host = GENERATE(
      as<std::string>{}, "", "evil.example", "evil.example:56121", "127.0.0.1", "127.0.0.1:56122",
      "127.0.0.1:5612", "127.0.0.1:561210", "127.0.0.1.evil.example:56121", "x127.0.0.1:56121",
      "[::1]:56121", "0.0.0.0:56121", "evil@127.0.0.1:56121", "localhost", "localhost.:56121",
      "127.0.0.1:56121, evil.example");
  const std::string method = GENERATE(as<std::string>{}, "GET", "HEAD", "OPTIONS", "POST");
  CAPTURE(host, method);
  LoopbackRequest request = TrueRedirect();
  request.method = method;
  request.host = host;
  request.origin = kIssuer;
  CHECK(HarmlessStatus(request) == 421);
  CHECK_FALSE(AllowsAnyOrigin(RedirectHandler(Expected()).Handle(request)));
}

TEST_CASE("localhost is a name for it") {
  LoopbackRequest request = TrueRedirect();
  request.host = "localhost:56121";
  CHECK(RedirectHandler(Expected()).Handle(request).is_last);
}

TEST_CASE("a preflight of the issuer's page is let through") {
  RedirectHandler handler(Expected());
  const LoopbackReply reply =
      handler.Handle(Request("OPTIONS", "/callback?code=the-code&state=the-state", kIssuer));
  CHECK(reply.status == 204);
  CHECK(reply.body.empty());
  CHECK_FALSE(reply.is_last);
  CHECK_FALSE(handler.result());
  CHECK(Header(reply, "Access-Control-Allow-Origin") == kIssuer);
  CHECK(Header(reply, "Access-Control-Allow-Methods") == "GET, OPTIONS");
  CHECK(Header(reply, "Access-Control-Allow-Private-Network") == "true");
  CHECK(Header(reply, "Vary") == "Origin");
}

TEST_CASE("pages of other origins get no access, neither for preflight nor for the redirect") {
  const std::string origin =
      GENERATE(as<std::string>{}, "", "null", "*", "https://evil.example", "http://id.example",
               "https://id.example/", "https://id.example:443x", "https://id.example.evil.example",
               "https://accounts.x.ai", "http://127.0.0.1:56121");
  CAPTURE(origin);
  const LoopbackRequest preflight = Request("OPTIONS", "/callback", origin);
  CHECK(HarmlessStatus(preflight) == 403);
  RedirectHandler handler(Expected());
  CHECK(handler.Handle(preflight).headers.empty());
  LoopbackRequest request = TrueRedirect();
  request.origin = origin;
  CHECK_FALSE(AllowsAnyOrigin(handler.Handle(request)));
}

TEST_CASE("the issuer's page may read every answer to it") {
  const std::string target = GENERATE(as<std::string>{}, "/callback?code=c&state=the-state",
                                      "/callback?code=c&state=other", "/callback");
  CAPTURE(target);
  RedirectHandler handler(Expected());
  const LoopbackReply reply = handler.Handle(Request("GET", target, kIssuer));
  CHECK(Header(reply, "Access-Control-Allow-Origin") == kIssuer);
  CHECK(Header(reply, "Vary") == "Origin");
}

TEST_CASE("a profile's pages are its issuer's, and xAI's consent page for xAI alone") {
  Profile profile;
  const auto [issuer, origin] = GENERATE(table<std::string, std::string>({
      {"https://id.example", "https://id.example"},
      {"https://id.example/", "https://id.example"},
      {"https://id.example:8443/realms/a", "https://id.example:8443"},
  }));
  profile.issuer = issuer;
  CHECK(SignInOrigins(profile) == std::vector<std::string>{origin});
  CHECK(SignInOrigins(MakeXaiProfile()) ==
        std::vector<std::string>{"https://auth.x.ai", "https://accounts.x.ai"});
}

TEST_CASE("every page is harmless: no script, nothing loaded, not kept, not framed") {
  const LoopbackReply reply =
      MakePage({404, PageMark::kNotice, "A & <b>", "\"quoted\" 'text' <script>", "Do <i>this</i>"});
  CHECK(reply.status == 404);
  CHECK_FALSE(reply.is_last);
  const std::string policy = Header(reply, "Content-Security-Policy");
  for (const char* part :
       {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"}) {
    CHECK_THAT(policy, Catch::Contains(part));
  }
  CHECK_THAT(policy, !Catch::Contains("script"));
  CHECK(Header(reply, "Content-Type") == "text/html; charset=utf-8");
  CHECK(Header(reply, "Cache-Control") == "no-store");
  CHECK(Header(reply, "Referrer-Policy") == "no-referrer");
  CHECK(Header(reply, "X-Content-Type-Options") == "nosniff");
  CHECK_THAT(reply.body, Catch::Contains("<title>A &amp; &lt;b&gt;</title>"));
  CHECK_THAT(reply.body, Catch::Contains("<h1>A &amp; &lt;b&gt;</h1>"));
  CHECK_THAT(reply.body, Catch::Contains("&quot;quoted&quot; 'text' &lt;script&gt;"));
  CHECK_THAT(reply.body, Catch::Contains("Do &lt;i&gt;this&lt;/i&gt;"));
  CHECK_THAT(reply.body, Catch::Contains("name=\"viewport\""));
  for (const char* harm : {"<script", "src=", "url(", "@import", "http"}) {
    CHECK_THAT(reply.body, !Catch::Contains(harm));
  }
}

TEST_CASE("a page shows at a glance whether the sign-in came through, failed or still waits") {
  const auto [query, mark, next] = GENERATE(table<std::string, std::string, std::string>({
      {"?code=c&state=the-state", "done", "You can close this window"},
      {"?error=access_denied&state=the-state", "failed", "Go back to the terminal"},
      {"?code=c&state=the-state&iss=https://evil.example", "failed", "Go back to the terminal"},
      {"?code=c&state=other", "notice", "Use the newest address in the terminal"},
      {"", "notice", "Go back to the terminal; grok-auth is still waiting"},
      {"/elsewhere", "notice", "Go back to the terminal; grok-auth is still waiting"},
  }));
  CAPTURE(query);
  RedirectHandler handler(Expected());
  const std::string body = handler.Handle(Request("GET", "/callback" + query)).body;
  CHECK_THAT(body, Catch::Contains("<main class=\"" + mark + "\"><svg "));
  CHECK_THAT(body, Catch::Contains("<p class=\"next\">" + next));
}

TEST_CASE("a request that could not be read gets an error page and changes nothing") {
  RedirectHandler handler(Expected());
  CHECK(handler.Handle({}).status == 400);
  CHECK_FALSE(handler.result());
}
