#include "app/api_verdict.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

const std::string kXai = "https://api.x.ai/v1";
const std::string kCompany = "https://grok.example/v1";
const std::string kFailed = "the request for the models failed: ";

ApiVerdict Judged(int status, const std::string& body, const std::string& api_base = kXai,
                  const std::optional<std::string>& retry_after = std::nullopt) {
  Profile profile = api_base == kXai ? MakeXaiProfile() : MakeProfile();
  return JudgeApiAnswer(HttpResponse{status, "", retry_after, body}, profile, api_base);
}

const ApiFailed& FailureIn(const ApiVerdict& verdict) {
  REQUIRE(std::holds_alternative<ApiFailed>(verdict));
  return std::get<ApiFailed>(verdict);
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a refused API key is told as one") {
  const Error error = MakeKeyRefused({"400 (Incorrect API key)"}, MakeXaiProfile());
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(std::string(error.what()).find("the API key of profile 'xai'") != std::string::npos);
  CHECK(error.hint().find("login --api-key --profile xai") != std::string::npos);
}

TEST_CASE("an answer of the API is a list, a refused token or a failure") {
  enum class Outcome { kAnswer, kRefused, kFailed, kNotNow };
  struct Row {
    int status;
    const char* body;
    Outcome outcome;
    ErrorKind kind = ErrorKind::kServer;
  };
  const std::vector<Row> rows = {
      {200, R"({"data":[]})", Outcome::kAnswer},
      {401, "", Outcome::kRefused},
      {401, R"({"code":"unauthenticated:no-credentials"})", Outcome::kRefused},
      {403, R"({"code":"unauthenticated:bad-credentials","error":"The OAuth2 access token ..."})",
       Outcome::kRefused},
      {403, R"({"error":{"message":"The OAuth2 access token could not be validated."}})",
       Outcome::kRefused},
      {400, R"({"code":"Client specified an invalid argument","error":"Incorrect API key"})",
       Outcome::kRefused},
      {400, R"({"error":"bad request"})", Outcome::kFailed},
      {402, "", Outcome::kFailed, ErrorKind::kAccessDenied},
      {403, R"({"code":"personal-team-blocked:spending-limit","error":"You have run out"})",
       Outcome::kFailed, ErrorKind::kAccessDenied},
      {403, R"({"error":"The caller does not have permission to execute the operation"})",
       Outcome::kFailed, ErrorKind::kAccessDenied},
      {403, "{}", Outcome::kFailed, ErrorKind::kAccessDenied},
      {403, "<html>", Outcome::kFailed},
      {404, "", Outcome::kFailed, ErrorKind::kConfig},
      {405, "{}", Outcome::kFailed, ErrorKind::kConfig},
      {410, "", Outcome::kFailed, ErrorKind::kConfig},
      {301, "", Outcome::kFailed, ErrorKind::kConfig},
      {426, R"({"error":"upgrade"})", Outcome::kFailed},
      {408, "", Outcome::kNotNow},
      {429, R"({"code":"subscription:free-usage-exhausted"})", Outcome::kNotNow},
      {429, "<html>", Outcome::kNotNow},
      {500, "", Outcome::kNotNow},
      {503, R"({"code":"unauthenticated:bad-credentials"})", Outcome::kNotNow},
      {599, "<html>", Outcome::kNotNow},
  };
  for (const Row& row : rows) {
    CAPTURE(row.status, row.body);
    const ApiVerdict verdict = Judged(row.status, row.body);
    CHECK(std::holds_alternative<ApiAnswer>(verdict) == (row.outcome == Outcome::kAnswer));
    CHECK(std::holds_alternative<TokenRefused>(verdict) == (row.outcome == Outcome::kRefused));
    if (const auto* failed = std::get_if<ApiFailed>(&verdict)) {
      CHECK(failed->is_transient == (row.outcome == Outcome::kNotNow));
      CHECK(failed->error.kind() == row.kind);
      CHECK(std::string(failed->error.what()).starts_with(kFailed));
      CHECK_FALSE(failed->error.hint().empty());
    }
  }
}

TEST_CASE("no answer at all is a failure of the moment, but a missing file is not") {
  const auto [cause, kind, is_transient] = GENERATE(table<Cause, ErrorKind, bool>({
      {Cause::kConnect, ErrorKind::kNetwork, true},
      {Cause::kTimeout, ErrorKind::kNetwork, true},
      {Cause::kCertificate, ErrorKind::kNetwork, true},
      {Cause::kResolve, ErrorKind::kNetwork, true},
      {Cause::kTrust, ErrorKind::kConfig, false},
  }));
  const ApiVerdict verdict =
      JudgeApiAnswer(TransportFailure{cause, "no route", false}, MakeProfile(), kCompany);
  const ApiFailed& failed = FailureIn(verdict);
  CHECK(failed.error.kind() == kind);
  CHECK(failed.is_transient == is_transient);
  CHECK(failed.error.what() == kFailed + "no route");
  CHECK(Has(failed.error.hint(), "api_base") == (cause == Cause::kResolve));
}

TEST_CASE("the server's words are told in whatever form they come") {
  const auto [body, words] = GENERATE(table<std::string, std::string>({
      {R"({"code":"a:b","error":"Some words."})", "500 a:b (Some words)"},
      {R"({"error":{"code":"a:b","message":"Some words"}})", "500 a:b (Some words)"},
      {R"({"code":"a:b","error":{"message":"Some words"}})", "500 a:b (Some words)"},
      {R"({"error":"Some words"})", "500 (Some words)"},
      {R"({"error":"invalid","error_description":"Some words"})", "500 invalid (Some words)"},
      {R"({"code":7,"message":"Some words"})", "500 (Some words)"},
      {R"({"detail":"Some words"})", "500 (Some words)"},
      {R"({"code":"a:b"})", "500 a:b"},
      {R"({"error":"a\u001b[31mb\u202e\nc"})", "500 (a[31mb c)"},
      {"{}", "500"},
      {"<html>", "500 without JSON"},
  }));
  CHECK(FailureIn(Judged(500, body)).error.what() == kFailed + "the server answered " + words);
}

TEST_CASE("a limit is named, with the time to wait and the way out at xAI") {
  const std::string body =
      R"({"code":"subscription:free-usage-exhausted","error":"Used up for 24 h"})";
  const ApiVerdict verdict = Judged(429, body, kXai, "3600");
  const Error& error = FailureIn(verdict).error;
  CHECK(error.what() == kFailed +
                            "a limit of this account is used up; the server answered 429 "
                            "subscription:free-usage-exhausted (Used up for 24 h)");
  CHECK(Has(error.hint(), "asks to wait 1 h"));
  CHECK(Has(error.hint(), "https://console.x.ai"));
  CHECK_FALSE(Has(FailureIn(Judged(429, body, kCompany)).error.hint(), "x.ai"));
  CHECK(Has(FailureIn(Judged(503, "", kXai, "Wed, 21 Oct 2026 07:28:00 GMT")).error.hint(),
            "asks to wait until Wed, 21 Oct 2026 07:28:00 GMT"));
}

TEST_CASE("credits, the account gate and a challenge are told apart") {
  const ApiVerdict credits =
      Judged(403, R"({"code":"personal-team-blocked:spending-limit","error":"x"})");
  CHECK(Has(FailureIn(credits).error.what(), "no credits left"));
  const ApiVerdict gate = Judged(403, R"({"error":"The caller does not have permission"})");
  CHECK(Has(FailureIn(gate).error.what(), "the account gate"));
  for (const ApiVerdict& verdict : {credits, gate}) {
    CHECK(Has(FailureIn(verdict).error.hint(), "signing in again will not help"));
    CHECK(Has(FailureIn(verdict).error.hint(), "'grok-auth login --api-key'"));
  }
  const ApiVerdict challenge = Judged(403, "<html>");
  CHECK(Has(FailureIn(challenge).error.what(), "something in between"));
  CHECK_FALSE(Has(FailureIn(challenge).error.hint(), "console.x.ai"));
}

TEST_CASE("a company's API is not judged as xAI's") {
  for (const int status : {402, 403}) {
    const ApiVerdict verdict = Judged(status, R"({"error":"no"})", kCompany);
    const Error& error = FailureIn(verdict).error;
    CHECK(error.kind() == ErrorKind::kAccessDenied);
    CHECK_FALSE(Has(std::string(error.what()) + error.hint(), "x.ai"));
    CHECK(Has(error.hint(), "the administrator of " + kCompany));
  }
  CHECK(FailureIn(Judged(404, "", kCompany)).error.hint() ==
        "check api_base of profile 'work': mostly it ends with /v1");
  CHECK(Has(FailureIn(Judged(404, "")).error.hint(), "XAI_BASE_URL"));
}

TEST_CASE("a token that is refused for good needs a person") {
  const TokenRefused refused{"401 bad"};
  Error error = MakeRefusedAgain(refused, /*is_same=*/false, MakeXaiProfile(), kXai);
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(error.what() == kFailed + "the server refuses the new token too: it answered 401 bad");
  CHECK(Has(error.hint(), "'grok-auth login --profile xai'"));
  CHECK(Has(error.hint(), "https://console.x.ai"));
  error = MakeRefusedAgain(refused, /*is_same=*/true, MakeProfile(), kCompany);
  CHECK(Has(error.what(), "there is no other one"));
  CHECK(Has(error.hint(), "check api_base, audience and scopes"));
}
