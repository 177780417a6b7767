#include "app/device_flow.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"
#include "oauth/encoding.h"

using namespace grokauth::app;
using namespace grokauth::test;
using grokauth::oauth::MakeCodeChallenge;
using Cause = TransportFailure::Cause;

namespace {

using Form = std::map<std::string, std::string>;

/// Answers the next request to `url`, and keeps its form in `form`.
void Capture(Fixture& fixture, const std::string& url, const std::string& body, Form& form) {
  fixture.http.Handle(url, [&form, body](const HttpRequest& request) {
    form = DecodeForm(request.form);
    return HttpResponse{200, "", std::nullopt, body};
  });
}

std::optional<PendingEntry> Begin(Fixture& fixture) {
  return BeginDeviceSignIn(fixture.context, MakeMetadata(), Place::kFile, PendingOrigin::kRun);
}

}  // namespace

TEST_CASE("a device sign-in is asked for with the profile's settings, and stored") {
  Fixture fixture;
  fixture.profile.audience = "api://grok";
  fixture.profile.authorize_params = {{"plan", "generic"}};
  Form form;
  Capture(fixture, kDeviceUrl, DeviceAnswer("device-1", "AAAA-BBBB"), form);
  const PendingEntry entry = Begin(fixture).value();
  CHECK(form.at("client_id") == "client-1");
  CHECK(form.at("scope") == "openid offline_access");
  CHECK(form.at("audience") == "api://grok");
  CHECK(form.at("plan") == "generic");
  CHECK(form.at("code_challenge_method") == "S256");
  CHECK(fixture.PendingNames() == std::vector<std::string>{entry.name});
  const PendingSignIn pending = ParsePending(fixture.state.files.at(entry.name)).value();
  const PendingDevice& stored = pending.device.value();
  CHECK(stored.device_code == "device-1");
  CHECK(stored.user_code == "AAAA-BBBB");
  CHECK(pending.url == "https://id.example/device?user_code=AAAA-BBBB");
  CHECK(pending.expires_at == fixture.clock.Now() + seconds(600));
  CHECK(stored.interval == seconds(5));
  CHECK(stored.token_endpoint == kTokenUrl);
  CHECK(stored.revocation_endpoint == kRevocationUrl);
}

TEST_CASE("the verifier that a poll sends is that of the challenge, also in a later run") {
  Fixture fixture;
  Form begin;
  Capture(fixture, kDeviceUrl, DeviceAnswer("device-1", "AAAA-BBBB"), begin);
  PendingEntry entry = Begin(fixture).value();
  entry.pending.device->code_verifier.reset();  // what counts is what is stored
  Form poll;
  Capture(fixture, kTokenUrl, TokenAnswer("access-1", "refresh-1"), poll);
  CHECK(std::holds_alternative<SignedIn>(PollDeviceSignIn(fixture.context, entry, Patience{})));
  CHECK(poll.at("grant_type") == "urn:ietf:params:oauth:grant-type:device_code");
  CHECK(poll.at("device_code") == "device-1");
  CHECK(poll.at("client_id") == "client-1");
  CHECK(poll.at("code_verifier").size() == 43);
  CHECK(MakeCodeChallenge(poll.at("code_verifier")) == begin.at("code_challenge"));
}

TEST_CASE("two sign-ins have different verifiers and entries") {
  Fixture fixture;
  Form first;
  Form second;
  for (Form* form : {&first, &second}) {
    Capture(fixture, kDeviceUrl, DeviceAnswer("device-1", "AAAA-BBBB"), *form);
    static_cast<void>(Begin(fixture));
  }
  CHECK(first.at("code_challenge") != second.at("code_challenge"));
  CHECK(fixture.PendingNames().size() == 2);
}

TEST_CASE("without device_pkce neither challenge nor verifier is sent") {
  Fixture fixture;
  fixture.profile.device_pkce = false;
  Form begin;
  Capture(fixture, kDeviceUrl, DeviceAnswer("device-1", "AAAA-BBBB"), begin);
  PendingEntry entry = Begin(fixture).value();
  Form poll;
  Capture(fixture, kTokenUrl, ErrorAnswer("authorization_pending"), poll);
  static_cast<void>(PollDeviceSignIn(fixture.context, entry, Patience{}));
  CHECK_FALSE(begin.contains("code_challenge"));
  CHECK_FALSE(begin.contains("code_challenge_method"));
  CHECK_FALSE(poll.contains("code_verifier"));
}

TEST_CASE("a device sign-in that cannot begin leaves no entry") {
  Fixture fixture;
  ErrorKind expected{};
  SECTION("a refusal of the client") {
    fixture.http.Answer(kDeviceUrl, 401, ErrorAnswer("invalid_client"));
    expected = ErrorKind::kConfig;
  }
  SECTION("a refusal of the scopes") {
    fixture.http.Answer(kDeviceUrl, 400, ErrorAnswer("invalid_scope"));
    expected = ErrorKind::kConfig;
  }
  SECTION("an answer without a code") {
    fixture.http.Answer(kDeviceUrl, 200, "{}");
    expected = ErrorKind::kServer;
  }
  SECTION("no answer") {
    fixture.http.Fail(kDeviceUrl, Cause::kTimeout);
    expected = ErrorKind::kNetwork;
  }
  CHECK(ErrorOf([&] { static_cast<void>(Begin(fixture)); }).kind() == expected);
  CHECK(fixture.PendingNames().empty());
}

TEST_CASE("a server that does not offer the device flow, or not to this client, is no error") {
  Fixture fixture;
  grokauth::oauth::ServerMetadata metadata = MakeMetadata();
  SECTION("no endpoint") {
    metadata.device_authorization_endpoint.reset();
  }
  SECTION("an endpoint that is not there") {
    fixture.http.Answer(kDeviceUrl, 404, "<html>");
  }
  SECTION("a client that may not use it") {
    fixture.http.Answer(kDeviceUrl, 400, ErrorAnswer("unauthorized_client"));
  }
  CHECK_FALSE(BeginDeviceSignIn(fixture.context, metadata, Place::kFile, PendingOrigin::kRun));
  CHECK(fixture.PendingNames().empty());
}
