#include <catch2/catch.hpp>

#include <string>

#include "app/output.h"
#include "app/pending_sign_in.h"
#include "app/worker_report.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

TEST_CASE("a pending sign-in comes back as it was stored") {
  Fixture fixture;
  PendingSignIn pending = fixture.MakePending();
  const bool with_options = GENERATE(true, false);
  if (!with_options) {
    pending.device->code_verifier.reset();
    pending.device->revocation_endpoint.reset();
  }
  const std::string text = SerializePending(pending);
  const PendingSignIn back = ParsePending(text).value();
  CHECK(SerializePending(back) == text);
  CHECK(back.device->code_verifier == pending.device->code_verifier);
  CHECK(back.expires_at == pending.expires_at);
  CHECK(back.device->last_poll == pending.device->last_poll);
  CHECK(back.device->interval == pending.device->interval);
}

TEST_CASE("a pending sign-in that cannot be polled is none") {
  Fixture fixture;
  const std::string text = SerializePending(fixture.MakePending());
  CHECK_FALSE(ParsePending(""));
  CHECK_FALSE(ParsePending(text.substr(0, text.size() / 2)));
  for (const char* member : {"version", "device_code", "url", "token_endpoint", "interval"}) {
    CAPTURE(member);
    std::string without = text;
    without.replace(without.find("\"" + std::string(member) + "\""), 2, "\"_");
    CHECK_FALSE(ParsePending(without));
  }
}

TEST_CASE("a report comes back as it was sent") {
  const ReportedToken token{{"access-2", UnixTime(seconds(1'800'000'000)), {"store-1", 7}}, "w"};
  const auto back = std::get<ReportedToken>(ParseReport(SerializeReport(token)).value());
  CHECK(back.handout.access_token == "access-2");
  CHECK(back.handout.expires_at == token.handout.expires_at);
  CHECK(back.handout.version == TokenVersion{"store-1", 7});
  CHECK(back.handout.is_undelivered);
  CHECK(back.warning == "w");
  CHECK(std::holds_alternative<ReportedChange>(
      ParseReport(SerializeReport(ReportedChange{})).value()));
  CHECK(std::holds_alternative<ReportedMove>(ParseReport(SerializeReport(ReportedMove{})).value()));
}

TEST_CASE("a reported failure keeps its kind, its words and whether somebody said no") {
  const ErrorKind kind =
      GENERATE(ErrorKind::kNetwork, ErrorKind::kServer, ErrorKind::kStore, ErrorKind::kConfig,
               ErrorKind::kLoginRequired, ErrorKind::kAccessDenied);
  const bool is_transport = GENERATE(true, false);
  const ReportedFailure failure{Error(kind, "it \"failed\"", "do this"), is_transport};
  const auto back = std::get<ReportedFailure>(ParseReport(SerializeReport(failure)).value());
  CHECK(back.error.kind() == kind);
  CHECK(back.error.what() == std::string("it \"failed\""));
  CHECK(back.error.hint() == "do this");
  CHECK(back.is_transport == is_transport);
}

TEST_CASE("text that is no report is none") {
  const std::string text = GENERATE(as<std::string>{}, "", "garbage", "{}", R"({"report":"other"})",
                                    R"({"report":7})", R"({"report":"token")");
  CHECK_FALSE(ParseReport(text));
}

TEST_CASE("a report without a token is none") {
  const std::string text = GENERATE(as<std::string>{}, R"({"report":"token"})",
                                    R"({"report":"token","access_token":"a b"})");
  CHECK_FALSE(ParseReport(text));
}

TEST_CASE("durations are told in the two largest units, to the nearest minute") {
  const auto [duration, text] = GENERATE(table<int, std::string>({{-5, "0 s"},
                                                                  {0, "0 s"},
                                                                  {59, "59 s"},
                                                                  {60, "1 min"},
                                                                  {3599, "1 h"},
                                                                  {3600, "1 h"},
                                                                  {21599, "6 h"},
                                                                  {86400, "1 d"},
                                                                  {266400, "3 d 2 h"}}));
  CHECK(FormatDuration(seconds(duration)) == text);
}

TEST_CASE("times are told as in RFC 3339") {
  CHECK(FormatTime(UnixTime(seconds(0))) == "1970-01-01T00:00:00Z");
  CHECK(FormatTime(UnixTime(seconds(1'800'000'000))) == "2027-01-15T08:00:00Z");
}
