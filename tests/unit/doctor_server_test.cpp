#include "app/doctor_server.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "app/http_date.h"
#include "check_fixture.h"

using namespace grokauth;
using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;
using Outcome = Check::Outcome;

namespace {

constexpr const char* kIssuerAnswers = "https://id.example answers, and its certificate verifies";

/// The server answers the first question with its metadata, and these header fields.
void AnswerAt(Fixture& fixture, const std::optional<std::string>& date,
              const std::optional<std::string>& age = std::nullopt,
              const std::string& body = Metadata()) {
  fixture.http.Handle(kConfigurationUrl, [=](const HttpRequest&) {
    return HttpResponse{200, "application/json", std::nullopt, body, date, age};
  });
}

std::vector<Check> Examine(Fixture& fixture) {
  return ExamineServer(fixture.context, /*offline=*/false).checks;
}

}  // namespace

TEST_CASE("the three forms of an HTTP date are read (RFC 9110 section 5.6.7)") {
  const std::string text = GENERATE(as<std::string>{}, "Tue, 06 Nov 2018 08:49:37 GMT",
                                    "Tuesday, 06-Nov-18 08:49:37 GMT", "Tue Nov  6 08:49:37 2018");
  CHECK(ParseHttpDate(text) == UnixTime(seconds(1541494177)));
}

TEST_CASE("what is no HTTP date is none") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "yesterday", "1541494177", "Tue, 06 Nov 2018",
               "Tue, 46 Nov 2018 08:49:37 GMT", "Mon, 06 Nov 2018 08:49:37 GMT",
               "Tue, 06 Nov 2018 48:49:37 GMT", "\x1b[2J");
  INFO(text);
  CHECK_FALSE(ParseHttpDate(text));
}

TEST_CASE("a server that answers is good, and what it offers is told") {
  Fixture fixture;
  AnswerAt(fixture, "Fri, 15 Jan 2027 08:00:00 GMT");
  const ServerFindings findings = ExamineServer(fixture.context, /*offline=*/false);
  CHECK(findings.checks ==
        std::vector<Check>{
            {Outcome::kGood, "proxy", "the issuer is reached directly", ""},
            {Outcome::kGood, "issuer", kIssuerAnswers, ""},
            {Outcome::kGood, "endpoints", "token, device authorization, revocation", ""},
            {Outcome::kGood, "clock", "agrees with the server's", ""}});
  REQUIRE(findings.metadata);
  CHECK(findings.metadata->token_endpoint == kTokenUrl);
}

TEST_CASE("offline no server is asked, but the proxy is named") {
  Fixture fixture;
  fixture.http.route = "through the proxy proxy.example:3128";
  const ServerFindings findings = ExamineServer(fixture.context, /*offline=*/true);
  CHECK(fixture.http.sent.empty());
  CHECK_FALSE(findings.metadata);
  CHECK(findings.checks ==
        std::vector<Check>{{Outcome::kGood, "proxy",
                            "the issuer is reached through the proxy proxy.example:3128", ""},
                           {Outcome::kNote, "issuer", "not asked (--offline)", ""}});
}

TEST_CASE("a proxy that cannot be used is trouble, offline too") {
  Fixture fixture;
  fixture.http.route = TransportFailure{Cause::kProxy, "HTTPS_PROXY is malformed", false};
  const Check check = ExamineServer(fixture.context, /*offline=*/true).checks.front();
  CHECK(check == Check{Outcome::kTrouble, "proxy", "HTTPS_PROXY is malformed",
                       "check HTTPS_PROXY and NO_PROXY"});
}

TEST_CASE("a server that cannot be reached or trusted is trouble, with what to do") {
  const auto [cause, fix] = GENERATE(table<Cause, std::string>({
      {Cause::kResolve, "HTTPS_PROXY"},
      {Cause::kConnect, "check the network"},
      {Cause::kCertificate, "ca_file"},
      {Cause::kTrust, "readable PEM file"},
      {Cause::kTimeout, "try again"},
  }));
  Fixture fixture;
  fixture.http.Fail(kConfigurationUrl, cause);
  const std::vector<Check> checks = Examine(fixture);
  REQUIRE(checks.size() == 2);
  CHECK(checks[1].outcome == Outcome::kTrouble);
  CHECK(checks[1].finding ==
        "asking https://id.example for its OpenID configuration failed: the line is dead");
  CHECK(checks[1].fix.find(fix) != std::string::npos);
}

TEST_CASE("a certificate out of its time may be the fault of this computer's clock") {
  const std::string why =
      GENERATE(as<std::string>{}, "certificate has expired", "certificate is not yet valid");
  Fixture fixture;
  fixture.http.Handle(kConfigurationUrl, [&](const HttpRequest&) {
    return TransportFailure{Cause::kCertificate, "not trusted (" + why + ")", false};
  });
  CHECK(Examine(fixture)[1].fix.starts_with(
      "check this computer's clock, which says 2027-01-15T08:00:00Z; "));
}

TEST_CASE(
    "a wrong issuer and a missing document are trouble, and the clock is compared all the same") {
  const std::string date = "Fri, 15 Jan 2027 08:00:00 GMT";
  Fixture fixture;
  SECTION("another issuer") {
    AnswerAt(fixture, date, std::nullopt, R"({"issuer":"https://x"})");
  }
  SECTION("no document") {
    for (const char* url : {kConfigurationUrl, kOAuthMetadataUrl}) {
      fixture.http.Handle(url, [&](const HttpRequest&) {
        return HttpResponse{404, "", std::nullopt, "", date, std::nullopt};
      });
    }
  }
  SECTION("an endpoint that may not be used") {
    AnswerAt(fixture, date, std::nullopt, Metadata("http://id.example/token"));
  }
  const std::vector<Check> checks = Examine(fixture);
  REQUIRE(checks.size() == 3);
  CHECK(checks[1].outcome == Outcome::kTrouble);
  CHECK_FALSE(checks[1].fix.empty());
  CHECK(checks[2].name == "clock");
}

TEST_CASE("all questions to the server have one budget") {
  Fixture fixture;
  fixture.http.Handle(kConfigurationUrl, [&](const HttpRequest& request) {
    CHECK(request.total_timeout == milliseconds(10000));
    fixture.clock.Advance(milliseconds(9000));
    return HttpResponse{404, "", std::nullopt, ""};
  });
  fixture.http.Handle(kOAuthMetadataUrl, [&](const HttpRequest& request) {
    CHECK(request.total_timeout == milliseconds(1000));
    return HttpResponse{404, "", std::nullopt, ""};
  });
  CHECK(Examine(fixture)[1].outcome == Outcome::kTrouble);
}

TEST_CASE("a server without a revocation endpoint is worth a note") {
  oauth::ServerMetadata metadata = MakeMetadata();
  metadata.revocation_endpoint.reset();
  metadata.authorization_endpoint = "https://id.example/authorize";
  CHECK(CheckEndpoints(metadata) ==
        Check{Outcome::kNote, "endpoints",
              "token, device authorization, authorization; no revocation, so 'logout' ends the "
              "login here only",
              ""});
}

TEST_CASE("a clock is compared with the server's") {
  const UnixTime there(seconds(1'800'000'000));
  const auto [off, outcome, finding] = GENERATE(table<int, Outcome, std::string>({
      {0, Outcome::kGood, "agrees with the server's"},
      {60, Outcome::kGood, "agrees with the server's"},
      {-60, Outcome::kGood, "agrees with the server's"},
      {61, Outcome::kNote, "this computer's clock is 1 min ahead of the server's"},
      {-300, Outcome::kNote, "this computer's clock is 5 min behind the server's"},
      {-301, Outcome::kTrouble, "this computer's clock is 5 min behind the server's"},
      {86400, Outcome::kTrouble, "this computer's clock is 1 d ahead of the server's"},
  }));
  const Check check = CheckClock(there + seconds(off), there);
  CHECK(check.outcome == outcome);
  CHECK(check.finding == finding);
  CHECK(check.fix.empty() == (outcome == Outcome::kGood));
}

TEST_CASE("a server that does not tell the time is worth a note") {
  const auto date = GENERATE(as<std::optional<std::string>>{}, std::nullopt, "half past nine");
  Fixture fixture;
  AnswerAt(fixture, date);
  CHECK(Examine(fixture)[3] == Check{Outcome::kNote, "clock",
                                     "not compared: the server does not say what time it has", ""});
}

TEST_CASE("the date of an answer from a cache is as old as that says (RFC 9111 section 5.1)") {
  Fixture fixture;
  AnswerAt(fixture, "Fri, 15 Jan 2027 07:00:00 GMT", "3590");
  CHECK(Examine(fixture)[3].finding == "agrees with the server's");
}
