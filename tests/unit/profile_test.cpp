#include "app/profile.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::app;
using grokauth::test::ErrorOf;

namespace {

Configuration Configured(const std::string& text) {
  return ParseConfiguration(text + R"(
[profile.work]
issuer = "https://id.example"
client_id = "w"
[profile.home]
issuer = "https://home.example"
client_id = "h"
)",
                            "config.toml");
}

std::string Chosen(const Configuration& configuration, const std::optional<std::string>& option,
                   const std::optional<std::string>& variable) {
  Environment environment;
  environment.profile = variable;
  return ChooseProfile(configuration, option, environment).name;
}

}  // namespace

TEST_CASE("option --profile beats GROKAUTH_PROFILE beats default_profile beats xai") {
  const Configuration with_default = Configured("default_profile = \"home\"");
  CHECK(Chosen(with_default, "work", "xai") == "work");
  CHECK(Chosen(with_default, std::nullopt, "work") == "work");
  CHECK(Chosen(with_default, std::nullopt, std::nullopt) == "home");
  CHECK(Chosen(Configured(""), std::nullopt, std::nullopt) == "xai");
  CHECK(Chosen(DefaultConfiguration(), std::nullopt, std::nullopt) == "xai");
}

TEST_CASE("the built-in profile has other names, and they are taken everywhere") {
  const std::string alias =
      GENERATE(as<std::string>{}, "xai", "xai-oauth", "grok-oauth", "x-ai-oauth", "xai-grok-oauth");
  CAPTURE(alias);
  CHECK(CanonicalProfileName(alias) == "xai");
  CHECK(Chosen(Configured(""), alias, std::nullopt) == "xai");
  CHECK(Chosen(Configured(""), std::nullopt, alias) == "xai");
  CHECK(Chosen(Configured("default_profile = \"" + alias + "\""), std::nullopt, std::nullopt) ==
        "xai");
}

TEST_CASE("no other name is taken for the built-in profile") {
  const std::string name = GENERATE(as<std::string>{}, "XAI", "x-ai", "xai-oauth2", "grok", "");
  CHECK(CanonicalProfileName(name) == name);
}

TEST_CASE("a profile name has 1 to 64 letters, digits, '-' or '_'") {
  for (const std::string name : {"a", "A-b_9", "-", "_x"}) {
    CAPTURE(name);
    CHECK(IsProfileName(name));
  }
  CHECK(IsProfileName(std::string(64, 'a')));
  CHECK_FALSE(IsProfileName(std::string(65, 'a')));
  for (const std::string name : {"", " ", "a b", "a.b", "../x", "a/b", "a\n", "\xc3\xa4", "a:b"}) {
    CAPTURE(name);
    CHECK_FALSE(IsProfileName(name));
  }
  CHECK_FALSE(IsProfileName(std::string("a\0b", 3)));
}

TEST_CASE("a name that cannot be one is a usage error, wherever it comes from") {
  const Error option = ErrorOf([] { Chosen(DefaultConfiguration(), "../x", std::nullopt); });
  CHECK(option.kind() == ErrorKind::kUsage);
  CHECK(std::string(option.what()).find("--profile") != std::string::npos);
  const Error variable = ErrorOf([] { Chosen(DefaultConfiguration(), std::nullopt, "a b"); });
  CHECK(variable.kind() == ErrorKind::kUsage);
  CHECK(std::string(variable.what()).find("GROKAUTH_PROFILE") != std::string::npos);
}

TEST_CASE("a profile that does not exist is a configuration error that names those that do") {
  const Error error = ErrorOf([] { Chosen(Configured(""), "school", std::nullopt); });
  CHECK(error.kind() == ErrorKind::kConfig);
  CHECK(std::string(error.what()).find("'school'") != std::string::npos);
  for (const char* name : {"work", "home", "xai"}) {
    CHECK(error.hint().find(name) != std::string::npos);
  }
  const Configuration dangling = Configured("default_profile = \"school\"");
  const Error in_file = ErrorOf([&] { Chosen(dangling, std::nullopt, std::nullopt); });
  CHECK(in_file.kind() == ErrorKind::kConfig);
  CHECK(std::string(in_file.what()).find("default_profile") != std::string::npos);
}

TEST_CASE("GROKAUTH_FLOW and GROKAUTH_STORE override the profile") {
  Environment environment;
  environment.flow = "device";
  environment.store = "file";
  const Profile profile = ChooseProfile(DefaultConfiguration(), std::nullopt, environment);
  CHECK(profile.flow == Flow::kDevice);
  CHECK(profile.store == StoreChoice::kFile);
}

TEST_CASE("another word in GROKAUTH_FLOW or GROKAUTH_STORE is a usage error") {
  const std::string word = GENERATE(as<std::string>{}, "Device", "browser", "device ", "file,");
  Environment flow;
  flow.flow = word;
  CHECK(ErrorOf([&] {
          static_cast<void>(ChooseProfile(DefaultConfiguration(), std::nullopt, flow));
        }).kind() == ErrorKind::kUsage);
  Environment store;
  store.store = word;
  CHECK(ErrorOf([&] {
          static_cast<void>(ChooseProfile(DefaultConfiguration(), std::nullopt, store));
        }).kind() == ErrorKind::kUsage);
}

TEST_CASE("the built-in profile is xAI's, with its endpoints pinned") {
  const Profile profile = MakeXaiProfile();
  CHECK(profile.issuer == "https://auth.x.ai");
  CHECK(profile.is_xai);
  CHECK(profile.EndpointRules().pinned_domain == "x.ai");
  CHECK(profile.authorize_params ==
        grokauth::oauth::Parameters{{"plan", "generic"}, {"referrer", "grok-auth"}});
  CHECK(std::find(profile.scopes.begin(), profile.scopes.end(), "offline_access") !=
        profile.scopes.end());
}

TEST_CASE("no other profile is pinned to a domain or known to have xAI's gate") {
  const Profile profile = ChooseProfile(Configured(""), "work", Environment{});
  CHECK_FALSE(profile.is_xai);
  CHECK(profile.EndpointRules().pinned_domain.empty());
}
