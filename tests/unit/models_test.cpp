#include "app/models.h"

#include <catch2/catch.hpp>

#include <string>

#include "app/login.h"
#include "app/status.h"
#include "models_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("status tells the models that are known, and asks nobody for them") {
  ModelsFixture fixture;
  CHECK_FALSE(MakeStatusAnswer(fixture.context).Has("models"));
  fixture.Answer(200, kOffer);
  static_cast<void>(fixture.Print());
  const auto answer = MakeStatusAnswer(fixture.context);
  CHECK(answer.String("default_model_id") == "xai-grok/grok-4.3");
  CHECK(answer.Objects("models").size() == 2);
}

TEST_CASE("the models are fetched with the stored token, shown and kept") {
  ModelsFixture run;
  run.Answer(200, kOffer);
  CHECK(run.Print() ==
        "MODEL              LANE\n"
        "xai-grok/grok-4.3  chat  (default)\n"
        "xai-grok/grok-4    chat\n");
  CHECK(run.terminal.messages.empty());
  CHECK(run.worker.started.empty());
  const std::optional<ModelList> kept = ReadCachedModels(run.context);
  REQUIRE(kept);
  CHECK(kept->models.size() == 3);
  CHECK(kept->fetched_at == run.clock.Now());
}

TEST_CASE("a list that is kept is shown without a request, a token or the keyring") {
  ModelsFixture run;
  run.KeepList(seconds(3599));
  run.state.files["work.id"] = R"({"store_id":"store-1","store":"libsecret"})";
  run.state.files.erase("work.json");
  run.keyring.state = KeyringState::kHung;
  const auto answer = run.PrintJson();
  CHECK(answer.Objects("models").front().String("model") == "grok-kept");
  CHECK(answer.Boolean("stale") == false);
  CHECK(run.terminal.messages.empty());
}

TEST_CASE("the JSON answer has what scripts need") {
  ModelsFixture run;
  run.Answer(200, kOffer);
  CHECK(run.PrintJson({false, true, ModelsFormat::kJson}).Text() ==
        R"({"ok":true,"models":[)"
        R"({"id":"xai-grok/grok-4.3","model":"grok-4.3","lane":"chat","default":true},)"
        R"({"id":"xai-grok/grok-4","model":"grok-4","lane":"chat","default":false},)"
        R"({"id":"xai-grok/grok-imagine-image","model":"grok-imagine-image","lane":"chat",)"
        R"("default":false}],"fetched_at":"2027-01-15T08:00:00Z","stale":false})");
}

TEST_CASE("the server is asked again after an hour, or when forced") {
  ModelsFixture run;
  const auto [age, force] =
      GENERATE(table<seconds, bool>({{seconds(3600), false}, {seconds(1), true}}));
  run.KeepList(age);
  run.Answer(200, kOffer);
  CHECK(Has(run.Print({force, false, ModelsFormat::kTable}), "grok-4.3"));
  CHECK(ReadCachedModels(run.context)->fetched_at == run.clock.Now());
}

TEST_CASE("what is kept is shown with its age when the server cannot be asked") {
  ModelsFixture run;
  run.KeepList(seconds(3 * 3600 + 300));
  std::string reason = "the server answered 503";
  SECTION("it answers 503") {
    run.Answer(503, "{}");
  }
  SECTION("it answers 429") {
    run.Answer(429, R"({"code":"subscription:free-usage-exhausted"})");
    reason = "429 subscription:free-usage-exhausted";
  }
  SECTION("it does not answer") {
    run.http.Fail(kModelsUrl, Cause::kTimeout);
    reason = "the request for the models failed: ";
  }
  SECTION("the token cannot be renewed") {
    run.StoreLogin(run.MakeTokens(seconds(21600)));
    run.http.Fail(kTokenUrl, Cause::kTimeout);
    run.worker.PlanRefresh();
    reason = "the refresh failed: ";
  }
  SECTION("the server of the tokens is down") {
    run.StoreLogin(run.MakeTokens(seconds(21600)));
    run.http.Answer(kTokenUrl, 502, "");
    run.worker.PlanRefresh();
    reason = "the refresh failed: the server answered 502";
  }
  const auto answer = run.PrintJson();
  CHECK(answer.Boolean("stale") == true);
  CHECK(answer.Objects("models").front().String("id") == "xai-grok/grok-kept");
  CHECK(Has(run.terminal.Messages(), "grok-auth: warning: this list is 3 h 5 min old: "));
  CHECK(Has(run.terminal.Messages(), reason));
  CHECK(ReadCachedModels(run.context)->models.front() == "grok-kept");
}

TEST_CASE("without a kept list a server that cannot be asked is an error") {
  ModelsFixture run;
  ErrorKind kind = ErrorKind::kServer;
  SECTION("it answers 503") {
    run.Answer(503, "");
  }
  SECTION("it does not answer") {
    run.http.Fail(kModelsUrl, Cause::kTimeout);
    kind = ErrorKind::kNetwork;
  }
  CHECK(run.Failure().kind() == kind);
}

TEST_CASE("what a later request would not mend is an error, whatever is kept") {
  ModelsFixture run;
  run.KeepList(seconds(4000));
  ErrorKind kind = ErrorKind::kServer;
  SECTION("the account may not use it") {
    run.Answer(403, R"({"error":"no"})");
    kind = ErrorKind::kAccessDenied;
  }
  SECTION("there is no such place") {
    run.Answer(404, "");
    kind = ErrorKind::kConfig;
  }
  SECTION("the answer is a page") {
    run.Answer(200, "<html>");
  }
  SECTION("the list is empty") {
    run.Answer(200, R"({"data":[]})");
  }
  CHECK(run.Failure().kind() == kind);
}

TEST_CASE("nobody who is signed out sees models, and nobody is asked to sign in") {
  ModelsFixture run;
  run.state.files.clear();
  const Error error = run.Failure();
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(error.hint() == LoginHint(run.profile));
}

TEST_CASE("the token must last a minute") {
  ModelsFixture run;
  const auto [left, refreshes] = GENERATE(table<int, bool>({{61, false}, {59, true}}));
  run.StoreLogin(run.MakeTokens(seconds(21600 - left)));
  if (refreshes) {
    run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
    run.worker.PlanRefresh();
  }
  run.Answer(200, kOffer, refreshes ? "access-2" : "access-1");
  CHECK(Has(run.Print(), "grok-4.3"));
}

TEST_CASE("a profile without an API is an error before anything is asked") {
  ModelsFixture run;
  run.profile.api_base.reset();
  CHECK(run.Failure().kind() == ErrorKind::kConfig);
}

TEST_CASE("XAI_BASE_URL elsewhere is a warning, and xAI's own API is asked") {
  ModelsFixture run;
  run.profile.is_xai = true;
  run.profile.api_base = "https://api.x.ai/v1";
  run.environment.xai_base_url = "https://gateway.example/v1";
  run.http.Answer("https://api.x.ai/v1/models", 200, kOffer);
  CHECK(Has(run.Print(), "grok-4.3"));
  CHECK(Has(run.terminal.Messages(), "warning: XAI_BASE_URL is not on x.ai"));
}

TEST_CASE("an offer of image models alone says how to see them") {
  ModelsFixture run;
  run.Answer(200, R"({"data":[{"id":"grok-imagine-image"}]})");
  CHECK(run.PrintJson().Objects("models").empty());
  CHECK(Has(run.terminal.Messages(), "--all shows them"));
}

TEST_CASE("a logout removes the list, and its login is not seen by the next") {
  ModelsFixture run;
  run.KeepList(seconds(1));
  run.http.Answer(kRevocationUrl, 200, "");
  Logout(run.context);
  CHECK(run.cache.files.empty());
  CHECK(run.Failure().kind() == ErrorKind::kLoginRequired);
}
