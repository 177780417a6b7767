#include "app/discovery.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

ErrorKind DiscoveryError(Fixture& fixture) {
  return ErrorOf([&] { static_cast<void>(Discover(fixture.context)); }).kind();
}

}  // namespace

TEST_CASE("the OpenID configuration is asked for first, the RFC 8414 place when it is missing") {
  Fixture fixture;
  SECTION("found at once") {
    fixture.http.Answer(kConfigurationUrl, 200, Metadata());
  }
  SECTION("found at the second place") {
    fixture.http.Answer(kConfigurationUrl, 404, "<html>");
    fixture.http.Answer(kOAuthMetadataUrl, 200, Metadata());
  }
  CHECK(Discover(fixture.context).token_endpoint == kTokenUrl);
}

TEST_CASE("an issuer without metadata is a mistake in the configuration") {
  Fixture fixture;
  fixture.http.Answer(kConfigurationUrl, 404, "");
  fixture.http.Answer(kOAuthMetadataUrl, 410, "");
  CHECK(DiscoveryError(fixture) == ErrorKind::kConfig);
}

TEST_CASE("metadata of another issuer is a mistake in the configuration") {
  Fixture fixture;
  fixture.http.Answer(
      kConfigurationUrl, 200,
      R"({"issuer":"https://id.example/","token_endpoint":"https://id.example/t"})");
  CHECK(DiscoveryError(fixture) == ErrorKind::kConfig);
}

TEST_CASE("a server that cannot be reached is a network error, and asked once") {
  Fixture fixture;
  fixture.http.Fail(kConfigurationUrl, GENERATE(Cause::kResolve, Cause::kConnect, Cause::kTimeout));
  CHECK(DiscoveryError(fixture) == ErrorKind::kNetwork);
}

TEST_CASE("an answer that cannot be used now is a server error") {
  Fixture fixture;
  SECTION("503") {
    fixture.http.Answer(kConfigurationUrl, 503, "");
    fixture.http.Answer(kOAuthMetadataUrl, 404, "");
  }
  SECTION("503 at the second place") {
    fixture.http.Answer(kConfigurationUrl, 404, "");
    fixture.http.Answer(kOAuthMetadataUrl, 503, "");
  }
  SECTION("a captive portal") {
    fixture.http.Answer(kConfigurationUrl, 200, "<html>pay</html>");
  }
  CHECK(DiscoveryError(fixture) == ErrorKind::kServer);
}
