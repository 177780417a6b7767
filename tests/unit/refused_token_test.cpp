// What `models` does with a token that the API refuses.

#include <catch2/catch.hpp>

#include <string>

#include "models_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* kBadCredentials =
    R"({"code":"unauthenticated:bad-credentials","error":"could not be validated"})";

/// A refresh would bring access-2.
struct Refused : ModelsFixture {
  void PlanToken() {
    http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
    worker.PlanRefresh();
  }
};

}  // namespace

TEST_CASE("a refused token is marked and renewed, and the request repeated once") {
  Refused run;
  SECTION("with 401") {
    run.Answer(401, "");
  }
  SECTION("with 403, as xAI does") {
    run.Answer(403, kBadCredentials);
  }
  run.PlanToken();
  run.Answer(200, kOffer, "access-2");
  CHECK(Has(run.Print(), "grok-4.3"));
  CHECK(IsRejected(run.Record(), "access-1"));
  CHECK_FALSE(IsRefused(run.Record(), "access-2"));
  CHECK(run.terminal.messages.empty());
}

TEST_CASE("a new token that is refused too is the end") {
  Refused run;
  run.Answer(401, "");
  run.PlanToken();
  run.Answer(403, kBadCredentials, "access-2");
  const Error error = run.Failure();
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(Has(error.what(), "the server refuses the new token too: it answered 403 unauth"));
  CHECK(run.Tokens().refresh_token == "refresh-2");
}

TEST_CASE("a token that another process has renewed meanwhile is used") {
  Refused run;
  run.http.Handle(kModelsUrl, [&run](const HttpRequest&) {
    TokenSet tokens = run.MakeTokens(seconds(0));
    tokens.access_token = "access-9";
    tokens.generation = 2;
    run.SaveElsewhere(tokens);
    return HttpResponse{401, "", std::nullopt, ""};
  });
  run.Answer(200, kOffer, "access-9");
  CHECK(Has(run.Print(), "grok-4.3"));
  CHECK(run.worker.started.empty());
}

TEST_CASE("a refused token that cannot be renewed says both") {
  Refused run;
  run.Answer(401, R"({"error":"expired"})");
  run.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
  run.worker.PlanRefresh();
  const Error error = run.Failure();
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(Has(error.what(), "the server refuses the token (401 (expired)); the login has ended"));
  CHECK(Has(error.hint(), LoginHint(run.profile)));
}

TEST_CASE("the only token of a login is not given up because one server refuses it") {
  Refused run;
  TokenSet tokens = run.MakeTokens();
  tokens.refresh_token.reset();
  run.StoreLogin(tokens);
  run.Answer(401, "");
  const Error error = run.Failure();
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(Has(error.what(), "there is no other one"));
  CHECK_FALSE(IsRefused(run.Record(), "access-1"));
}

TEST_CASE("a refused token that cannot be renewed now shows what is kept") {
  Refused run;
  run.KeepList(seconds(7200));
  run.Answer(401, "");
  run.http.Fail(kTokenUrl, Cause::kTimeout);
  run.worker.PlanRefresh();
  CHECK(run.PrintJson().Boolean("stale") == true);
  CHECK(Has(run.terminal.Messages(), "the server refuses the token (401"));
}

TEST_CASE("a token that comes back is not sent a second time") {
  Refused run;
  run.state.unwritable.insert("work.last");  // so nobody can know that it is refused
  run.Answer(401, "");
  const Error error = run.Failure();
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(Has(error.what(), "there is no other one"));
}
