#pragma once

#include <catch2/catch.hpp>

#include <string>

#include "app/model_cache.h"
#include "app/models.h"
#include "fixture.h"
#include "oauth/json.h"

namespace grokauth::test {

inline constexpr const char* kModelsUrl = "https://grok.example/v1/models";
inline constexpr const char* kOffer =
    R"({"data":[{"id":"grok-4"},{"id":"grok-4.3"},{"id":"grok-imagine-image"}]})";

/// Somebody who is signed in, with a token that lasts, at a profile that knows its API.
struct ModelsFixture : Fixture {
  ModelsFixture() {
    profile.api_base = "https://grok.example/v1";
    StoreLogin(MakeTokens());
  }

  /// What the command prints.
  [[nodiscard]] std::string Print(app::ModelsOptions options = {}) {
    terminal.answers.clear();
    app::PrintModels(context, options);
    REQUIRE(terminal.answers.size() == 1);
    return terminal.answers.front();
  }

  [[nodiscard]] oauth::JsonObject PrintJson(app::ModelsOptions options = {}) {
    options.format = app::ModelsFormat::kJson;
    std::optional<oauth::JsonObject> answer = oauth::JsonObject::Parse(Print(options));
    REQUIRE(answer);
    return *answer;
  }

  /// The error that the command ends with; it has printed nothing then.
  [[nodiscard]] app::Error Failure(const app::ModelsOptions& options = {}) {
    app::Error error = ErrorOf([&] { app::PrintModels(context, options); });
    CHECK(terminal.answers.empty());
    return error;
  }

  /// A list was fetched so long ago.
  void KeepList(seconds age) {
    app::KeepModels(context, "store-1", {{"grok-kept"}, clock.Now() - age});
  }

  /// The server answers the next request, which must carry `token`.
  void Answer(int status, const std::string& body, const std::string& token = "access-1") {
    http.Handle(kModelsUrl, [status, body, token](const app::HttpRequest& request) {
      CHECK(request.bearer_token == token);
      CHECK(request.method == app::HttpRequest::Method::kGet);
      return app::HttpResponse{status, "", std::nullopt, body};
    });
  }
};

}  // namespace grokauth::test
