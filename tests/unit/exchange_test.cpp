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
