#include "app/exchange.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

TEST_CASE("an address that the profile's rules forbid is not asked") {
  Fixture fixture;
  std::string url = "http://id.example/token";
  SECTION("plain http") {}
  SECTION("plain http to a loopback host") {
    url = "http://127.0.0.1/token";
  }
  SECTION("xAI's token to another host") {
    fixture.profile.is_xai = true;
    url = "https://evil-x.ai/token";
  }
  const HttpResult result = Post(fixture.context, url, {{"refresh_token", "secret"}}, Patience{});
  CHECK(std::get<TransportFailure>(result).cause == Cause::kUrl);
  CHECK_FALSE(std::get<TransportFailure>(result).maybe_received);
  CHECK(fixture.http.sent.empty());
}

TEST_CASE("a request carries the trust settings of the profile and its own time limits") {
  Fixture fixture;
  fixture.profile.ca_file = "/etc/ssl/acme.pem";
  fixture.profile.allow_http_loopback = true;
  fixture.http.Answer("http://127.0.0.1:9/token", 200, "");
  static_cast<void>(Post(fixture.context, "http://127.0.0.1:9/token", {{"a", "b c"}},
                         Patience{seconds(1), seconds(2)}));
  const HttpRequest& request = fixture.http.sent.front().request;
  CHECK(request.ca_file == "/etc/ssl/acme.pem");
  CHECK(request.allow_http_loopback);
  CHECK(request.connect_timeout == seconds(1));
  CHECK(request.total_timeout == seconds(2));
  CHECK(request.form == "a=b+c");
}

TEST_CASE("every failure of an exchange has words for the person and something to do") {
  const Cause cause =
      GENERATE(Cause::kUrl, Cause::kTrust, Cause::kResolve, Cause::kConnect, Cause::kProxy,
               Cause::kCertificate, Cause::kTls, Cause::kTimeout, Cause::kBroken);
  const Error error = MakeError(TransportFailure{cause, "no route", false}, "the refresh");
  CHECK(error.what() == std::string("the refresh failed: no route"));
  CHECK_FALSE(error.hint().empty());
}

TEST_CASE("a token goes to the API of its profile and nowhere else") {
  Fixture fixture;
  fixture.profile.api_base = "https://grok.example/v1";
  fixture.environment.xai_base_url = "https://api.x.ai/v1";
  fixture.http.Answer("https://grok.example/v1/models", 200, "access-1 stays in a success");
  const HttpResult result = GetFromApi(fixture.context, "/models", "access-1");
  CHECK(fixture.http.sent.front().request.bearer_token == "access-1");
  CHECK(std::get<HttpResponse>(result).body == "access-1 stays in a success");

  fixture.profile.api_base.reset();
  CHECK(ErrorOf([&] {
          static_cast<void>(GetFromApi(fixture.context, "/models", "access-1"));
        }).kind() == ErrorKind::kConfig);

  fixture.profile.is_xai = true;
  fixture.environment.xai_base_url = "https://gateway.example";
  fixture.profile.api_base = "https://elsewhere.example";
  const HttpResult refused = GetFromApi(fixture.context, "/models", "access-1");
  CHECK(std::get<TransportFailure>(refused).cause == Cause::kUrl);
  CHECK(fixture.http.sent.size() == 1);
}

TEST_CASE("a refusal that quotes the token does not give it away") {
  Fixture fixture;
  fixture.profile.api_base = "https://grok.example/v1";
  fixture.http.Answer("https://grok.example/v1/models", 403, "no: access-1!");
  const HttpResult result = GetFromApi(fixture.context, "/models", "access-1");
  CHECK(std::get<HttpResponse>(result).body == "no: ...!");
}

TEST_CASE("a request that carries a token is told without it") {
  Fixture fixture;
  Messages verbose(fixture.terminal, /*verbose=*/true);
  Context context = fixture.NewRun(verbose);
  fixture.profile.api_base = "https://grok.example/v1";
  fixture.http.Answer("https://grok.example/v1/models", 200, "");
  static_cast<void>(GetFromApi(context, "/models", "access-1"));
  CHECK(fixture.terminal.Messages().find("GET https://grok.example/v1/models: 200") !=
        std::string::npos);
  CHECK(fixture.terminal.Messages().find("access-1") == std::string::npos);
}
