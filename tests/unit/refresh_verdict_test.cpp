#include "app/refresh_verdict.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::app;
using grokauth::test::ErrorAnswer;
using grokauth::test::MakeProfile;

namespace {

using Cause = TransportFailure::Cause;

constexpr const char* kHtml = "<html><body>sorry</body></html>";

enum class Login { kKept, kEnded };

/// What an answer does: kind of error, whether the login ends, whether nobody said no, whether the
/// endpoint may have moved.
struct Effect {
  ErrorKind kind;
  Login login = Login::kKept;
  bool is_transport = false;
  bool moved = false;
};

Effect EffectOf(const HttpResult& result, const Profile& profile) {
  const RefreshVerdict verdict = JudgeRefresh(result, profile);
  if (std::holds_alternative<LoginEnded>(verdict)) {
    return {ErrorKind::kLoginRequired, Login::kEnded};
  }
  REQUIRE(std::holds_alternative<RefreshFailed>(verdict));
  const auto& failed = std::get<RefreshFailed>(verdict);
  CHECK_FALSE(std::string(failed.error.what()).empty());
  return {failed.error.kind(), Login::kKept, failed.is_transport, failed.endpoint_may_have_moved};
}

void CheckEffect(const HttpResult& result, const Profile& profile, const Effect& expected) {
  const Effect effect = EffectOf(result, profile);
  CHECK(effect.kind == expected.kind);
  CHECK((effect.login == Login::kEnded) == (expected.login == Login::kEnded));
  CHECK(effect.is_transport == expected.is_transport);
  CHECK(effect.moved == expected.moved);
}

HttpResponse Response(int status, const std::string& body) {
  return {status, "", std::nullopt, body};
}

}  // namespace

TEST_CASE("only invalid_grant ends a login") {
  const auto [error, status, effect] = GENERATE(table<std::string, int, Effect>({
      {"invalid_grant", 400, {ErrorKind::kLoginRequired, Login::kEnded}},
      {"invalid_grant", 401, {ErrorKind::kLoginRequired, Login::kEnded}},
      {"invalid_grant", 403, {ErrorKind::kLoginRequired, Login::kEnded}},
      {"invalid_grant", 200, {ErrorKind::kLoginRequired, Login::kEnded}},
      {"invalid_grant", 408, {ErrorKind::kServer, Login::kKept, true}},
      {"invalid_grant", 429, {ErrorKind::kServer, Login::kKept, true}},
      {"invalid_grant", 500, {ErrorKind::kServer, Login::kKept, true}},
      {"invalid_grant", 503, {ErrorKind::kServer, Login::kKept, true}},
      {"invalid_client", 400, {ErrorKind::kConfig}},
      {"invalid_client", 401, {ErrorKind::kConfig}},
      {"invalid_client", 500, {ErrorKind::kServer, Login::kKept, true}},
      {"unauthorized_client", 400, {ErrorKind::kConfig}},
      {"invalid_scope", 400, {ErrorKind::kConfig}},
      {"invalid_target", 400, {ErrorKind::kConfig}},
      {"access_denied", 400, {ErrorKind::kAccessDenied}},
      {"access_denied", 403, {ErrorKind::kAccessDenied}},
      {"invalid_request", 400, {ErrorKind::kServer}},
      {"unsupported_grant_type", 400, {ErrorKind::kConfig}},
      {"interaction_required", 400, {ErrorKind::kLoginRequired}},
      {"login_required", 401, {ErrorKind::kLoginRequired}},
      {"consent_required", 400, {ErrorKind::kLoginRequired}},
      {"something_new", 400, {ErrorKind::kServer}},
      {"INVALID_GRANT", 400, {ErrorKind::kServer}},
      {"temporarily_unavailable", 400, {ErrorKind::kServer, Login::kKept, true}},
      {"server_error", 400, {ErrorKind::kServer, Login::kKept, true}},
      {"slow_down", 400, {ErrorKind::kServer, Login::kKept, true}},
  }));
  CAPTURE(error, status);
  CheckEffect(Response(status, ErrorAnswer(error)), MakeProfile(), effect);
}

TEST_CASE("an answer that is not OAuth's never ends a login") {
  const auto [status, moved] = GENERATE(table<int, bool>({{200, false},
                                                          {204, false},
                                                          {302, true},
                                                          {400, false},
                                                          {401, false},
                                                          {403, true},
                                                          {404, true},
                                                          {405, true},
                                                          {408, false},
                                                          {410, true},
                                                          {429, false},
                                                          {500, false},
                                                          {502, false},
                                                          {503, false}}));
  const std::string body =
      GENERATE(as<std::string>{}, "", kHtml, "{}", "[]", R"({"message":"invalid_grant"})",
               R"({"error":{"code":"invalid_grant"}})", R"({"error":"invalid_grant")");
  CAPTURE(status, body);
  CheckEffect(Response(status, body), MakeProfile(),
              {ErrorKind::kServer, Login::kKept, true, moved});
}

TEST_CASE("xAI's account gate is access denied, and ends no login") {
  const auto [error, status] = GENERATE(table<std::string, int>({
      {"access_denied", 400},
      {"access_denied", 403},
      {"invalid_grant", 403},
      {"permission_denied", 403},
  }));
  CAPTURE(error, status);
  CheckEffect(Response(status, ErrorAnswer(error)), MakeXaiProfile(), {ErrorKind::kAccessDenied});
}

TEST_CASE("a 403 of xAI in JSON without an error member is the account gate") {
  const std::string body = GENERATE(as<std::string>{}, "{}", R"({"code":"no-plan"})",
                                    R"({"error":{"code":1}})", R"({"access_token":"t"})");
  CAPTURE(body);
  CheckEffect(Response(403, body), MakeXaiProfile(), {ErrorKind::kAccessDenied});
}

TEST_CASE("a 403 of xAI in HTML is something in front of the server, not the gate") {
  CheckEffect(Response(403, kHtml), MakeXaiProfile(),
              {ErrorKind::kServer, Login::kKept, true, true});
}

TEST_CASE("xAI's gate is offered an API key, another issuer's refusal in its own words") {
  const auto failed = [](const Profile& profile) {
    return std::get<RefreshFailed>(JudgeRefresh(
        Response(403, R"({"error":"access_denied","error_description":"not for you"})"), profile));
  };
  CHECK(failed(MakeXaiProfile()).error.hint().find("XAI_API_KEY") != std::string::npos);
  const RefreshFailed other = failed(MakeProfile());
  CHECK(std::string(other.error.what()).find("not for you") != std::string::npos);
  CHECK(other.error.hint().find("XAI_API_KEY") == std::string::npos);
}

TEST_CASE("xAI ends a login by invalid_grant like every issuer") {
  CheckEffect(Response(400, ErrorAnswer("invalid_grant")), MakeXaiProfile(),
              {ErrorKind::kLoginRequired, Login::kEnded});
}

TEST_CASE("an exchange without an answer never ends a login") {
  const auto [cause, effect] = GENERATE(table<Cause, Effect>({
      {Cause::kUrl, {ErrorKind::kServer, Login::kKept, true, true}},
      {Cause::kTrust, {ErrorKind::kConfig, Login::kKept, false, false}},
      {Cause::kResolve, {ErrorKind::kNetwork, Login::kKept, true, true}},
      {Cause::kConnect, {ErrorKind::kNetwork, Login::kKept, true, true}},
      {Cause::kProxy, {ErrorKind::kNetwork, Login::kKept, true, false}},
      {Cause::kCertificate, {ErrorKind::kNetwork, Login::kKept, true, false}},
      {Cause::kTls, {ErrorKind::kNetwork, Login::kKept, true, false}},
      {Cause::kTimeout, {ErrorKind::kNetwork, Login::kKept, true, false}},
      {Cause::kBroken, {ErrorKind::kNetwork, Login::kKept, true, false}},
  }));
  CAPTURE(static_cast<int>(cause));
  CheckEffect(TransportFailure{cause, "the line is dead", true}, MakeProfile(), effect);
}

TEST_CASE("Retry-After is passed on to the person") {
  const int status = GENERATE(408, 429, 503);
  const std::string body = GENERATE(as<std::string>{}, "", kHtml, R"({"error":"slow_down"})");
  const RefreshVerdict verdict =
      JudgeRefresh(HttpResponse{status, "", "120\x1b[2J", body}, MakeProfile());
  const std::string hint = std::get<RefreshFailed>(verdict).error.hint();
  CHECK(hint.find("120") != std::string::npos);
  CHECK(hint.find('\x1b') == std::string::npos);
}

TEST_CASE("invalid_client names the client and says that the login is kept") {
  const RefreshVerdict verdict =
      JudgeRefresh(Response(401, ErrorAnswer("invalid_client")), MakeProfile());
  const Error& error = std::get<RefreshFailed>(verdict).error;
  CHECK(std::string(error.what()).find("'client-1'") != std::string::npos);
  CHECK(error.hint().find("the login is kept") != std::string::npos);
}

TEST_CASE("tokens are tokens") {
  const RefreshVerdict verdict =
      JudgeRefresh(Response(200, R"({"access_token":"t","token_type":"bearer"})"), MakeProfile());
  REQUIRE(std::holds_alternative<grokauth::oauth::TokenResponse>(verdict));
  CHECK(std::get<grokauth::oauth::TokenResponse>(verdict).access_token == "t");
}

TEST_CASE("a verdict never repeats a token") {
  const std::string body = GENERATE(as<std::string>{}, R"({"access_token":"sesame"})",
                                    R"({"access_token":"sesame","token_type":"mac"})");
  const RefreshVerdict verdict = JudgeRefresh(Response(500, body), MakeProfile());
  const Error& error = std::get<RefreshFailed>(verdict).error;
  CHECK((error.what() + error.hint()).find("sesame") == std::string::npos);
}
