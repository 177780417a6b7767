#include "app/api_base.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

Environment WithBaseUrl(const std::string& url) {
  Environment environment;
  environment.xai_base_url = url;
  return environment;
}

}  // namespace

TEST_CASE("XAI_BASE_URL on x.ai is where xAI's API is") {
  const auto [url, expected] = GENERATE(table<std::string, std::string>({
      {"https://api.x.ai/v1", "https://api.x.ai/v1"},
      {"https://us-east-1.api.x.ai/v1//", "https://us-east-1.api.x.ai/v1"},
      {"https://x.ai", "https://x.ai"},
  }));
  const ApiBase base = ChooseApiBase(MakeXaiProfile(), WithBaseUrl(url));
  CHECK(base.url == expected);
  CHECK(base.warning.empty());
}

TEST_CASE("XAI_BASE_URL elsewhere is passed over with a warning that does not repeat it") {
  const auto [url, fault] = GENERATE(table<std::string, std::string>({
      {"https://gateway.example/v1", "is not on x.ai"},
      {"https://evil-x.ai/v1", "is not on x.ai"},
      {"https://x.ai.evil.example/v1", "is not on x.ai"},
      {"http://api.x.ai/v1", "is plain http"},
      {"http://127.0.0.1:4000/v1", "is not on x.ai"},
      {"https://user:secret@api.x.ai/v1", "carries a user name or password"},
      {"https://api.x.ai/v1?key=secret", "has a query or a fragment"},
      {"api.x.ai", "is not an absolute https URL"},
  }));
  const ApiBase base = ChooseApiBase(MakeXaiProfile(), WithBaseUrl(url));
  CHECK(base.url == "https://api.x.ai/v1");
  CHECK(base.warning == "XAI_BASE_URL " + fault +
                            ", and is passed over: the models are those of https://api.x.ai/v1");
}

TEST_CASE("no other profile reads XAI_BASE_URL") {
  Profile profile = MakeProfile();
  const Environment environment = WithBaseUrl("https://api.x.ai/v1");
  CHECK_FALSE(ChooseApiBase(profile, environment).url);
  profile.api_base = "https://grok.example/v1";
  CHECK(ChooseApiBase(profile, environment).url == "https://grok.example/v1");
  profile.issuer = "https://auth.x.ai";
  CHECK(RequireApiBase(profile, environment) == "https://grok.example/v1");
}

TEST_CASE("a profile without an API says which key to add") {
  Profile profile = MakeProfile();
  std::string hint =
      "add to [profile.work] in the configuration file: api_base = \"https://HOST/v1\"";
  SECTION("of the configuration file") {}
  SECTION("of Grok's own settings") {
    profile.name = "grok-oidc";
    hint =
        "write a table [profile.grok-oidc] with issuer, client_id and api_base into the "
        "configuration file";
  }
  const Error error = ErrorOf([&] { static_cast<void>(RequireApiBase(profile, {})); });
  CHECK(error.kind() == ErrorKind::kConfig);
  CHECK(error.what() ==
        "profile '" + profile.name + "' does not say where the API is that its tokens are for");
  CHECK(error.hint() == hint);
}

TEST_CASE("xAI's API is known by its host") {
  CHECK(IsXaiApi("https://api.x.ai/v1"));
  CHECK_FALSE(IsXaiApi("https://grok.example/v1"));
  CHECK_FALSE(IsXaiApi("https://notx.ai/v1"));
}
