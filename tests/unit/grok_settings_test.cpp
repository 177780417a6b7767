#include "app/grok_settings.h"

#include <catch2/catch.hpp>

#include <string>

#include "app/error.h"

using namespace grokauth::app;
using Words = std::vector<std::string>;

namespace {

const Words kDefaultScopes = {"openid", "profile", "email", "offline_access", "api:access"};

Environment FullEnvironment() {
  Environment environment;
  environment.grok_oidc_issuer = "https://env.example";
  environment.grok_oidc_client_id = "env-client";
  environment.grok_oidc_scopes = "env:a,env:b";
  environment.grok_oidc_audience = "env-audience";
  return environment;
}

std::optional<Profile> ReadProfile(const std::optional<std::string>& text,
                                   const Environment& environment) {
  return MakeGrokOidcProfile(ParseGrokConfig(text.value_or("")).oidc, environment);
}

std::string Section(const std::string& name, const std::string& word) {
  return "[" + name + ".oidc]\nissuer = \"https://" + word + ".example\"\nclient_id = \"" + word +
         "-client\"\nscopes = [\"" + word + ":a\"]\naudience = \"" + word + "-audience\"\n";
}

/// What makes the settings useless; empty when nothing does.
std::string FaultOf(const std::optional<std::string>& text, const Environment& environment) {
  try {
    static_cast<void>(ReadProfile(text, environment));
    return "";
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kConfig);
    CHECK_FALSE(error.hint().empty());
    return error.what();
  }
}

}  // namespace

TEST_CASE("without an issuer and a client Grok has no OIDC settings") {
  Environment environment;
  CHECK_FALSE(ReadProfile(std::nullopt, environment));
  environment.grok_oidc_scopes = "openid";
  environment.grok_oidc_audience = "a";
  CHECK_FALSE(ReadProfile(std::nullopt, environment));
  const std::string text =
      GENERATE(as<std::string>{}, "", "[auth]\n", "[auth.oidc]\n",
               "[auth.oidc]\nscopes = [\"a\"]\n", "[auth.oidc]\nissuer = \"\"\nclient_id = \"\"\n",
               "[cli]\nx = 1\n", "[oidc]\nissuer = \"https://a.example\"\nclient_id = \"c\"\n");
  CAPTURE(text);
  CHECK_FALSE(ReadProfile(text, environment));
}

TEST_CASE("the environment alone makes a profile") {
  const auto profile = ReadProfile(std::nullopt, FullEnvironment());
  REQUIRE(profile);
  CHECK(profile->name == "grok-oidc");
  CHECK(profile->issuer == "https://env.example");
  CHECK(profile->client_id == "env-client");
  CHECK(profile->scopes == Words{"env:a", "env:b"});
  CHECK(profile->audience == "env-audience");
  CHECK(profile->flow == Flow::kAuto);
  CHECK(profile->store == StoreChoice::kAuto);
  CHECK_FALSE(profile->is_xai);
  CHECK_FALSE(profile->allow_http_loopback);
  CHECK(profile->authorize_params.empty());
}

TEST_CASE("either table of the file alone makes a profile") {
  const std::string section = GENERATE(as<std::string>{}, "auth", "grok_com_config");
  CAPTURE(section);
  const auto profile = ReadProfile(Section(section, "file"), Environment{});
  REQUIRE(profile);
  CHECK(profile->issuer == "https://file.example");
  CHECK(profile->client_id == "file-client");
  CHECK(profile->scopes == Words{"file:a"});
  CHECK(profile->audience == "file-audience");
}

TEST_CASE("grok_com_config wins over auth, and the file over the environment") {
  const std::string both = Section("auth", "auth") + Section("grok_com_config", "com");
  CHECK(ReadProfile(both, FullEnvironment())->client_id == "com-client");
  CHECK(ReadProfile(both, FullEnvironment())->scopes == Words{"com:a"});
  CHECK(ReadProfile(Section("auth", "auth"), FullEnvironment())->issuer == "https://auth.example");
}

TEST_CASE("settings are merged key by key") {
  const std::string text =
      "[grok_com_config.oidc]\nissuer = \"https://com.example\"\n"
      "[auth.oidc]\nissuer = \"https://auth.example\"\nclient_id = \"auth-client\"\n";
  const auto profile = ReadProfile(text, FullEnvironment());
  REQUIRE(profile);
  CHECK(profile->issuer == "https://com.example");
  CHECK(profile->client_id == "auth-client");
  CHECK(profile->scopes == Words{"env:a", "env:b"});
  CHECK(profile->audience == "env-audience");
}

TEST_CASE("a key that is empty or of another type counts as absent") {
  const std::string text = GENERATE(
      as<std::string>{}, "[auth.oidc]\nissuer = \"\"\nclient_id = \"\"\naudience = \"\"\n",
      "[auth.oidc]\nissuer = 5\nclient_id = [\"a\"]\nscopes = \"openid\"\naudience = true\n",
      "[auth]\noidc = \"x\"\n", "auth = 1\ngrok_com_config = []\n", "[[auth]]\noidc = {}\n");
  CAPTURE(text);
  const auto profile = ReadProfile(text, FullEnvironment());
  REQUIRE(profile);
  CHECK(profile->issuer == "https://env.example");
  CHECK(profile->client_id == "env-client");
  CHECK(profile->scopes == Words{"env:a", "env:b"});
  CHECK(profile->audience == "env-audience");
}

TEST_CASE("a file that is not TOML counts as empty") {
  const std::string text =
      GENERATE(as<std::string>{}, "[auth.oidc", "auth = 1\nauth = 2\n", "\xff\xfe", "= 5\n",
               "[auth.oidc]\nclient_id = \"a\"\nclient_id = \"b\"\n", std::string("\0", 1));
  CAPTURE(text);
  CHECK(ReadProfile(text, FullEnvironment())->client_id == "env-client");
  CHECK_FALSE(ReadProfile(text, Environment{}));
}

TEST_CASE("scopes of the environment are separated by commas, and blanks around them are nothing") {
  const auto [text, scopes] = GENERATE(table<std::string, Words>({
      {"openid", {"openid"}},
      {"openid,email", {"openid", "email"}},
      {" openid , email ", {"openid", "email"}},
      {"openid,,email,", {"openid", "email"}},
      {"\topenid,\nemail\r\n", {"openid", "email"}},
      {",", {}},
      {"a\x1b[2Jb", {"a[2Jb"}},
  }));
  Environment environment = FullEnvironment();
  environment.grok_oidc_scopes = text;
  CHECK(ReadProfile(std::nullopt, environment)->scopes == scopes);
}

TEST_CASE("without scopes Grok's default ones are asked for") {
  Environment environment = FullEnvironment();
  environment.grok_oidc_scopes.reset();
  CHECK(ReadProfile(std::nullopt, environment)->scopes == kDefaultScopes);
  CHECK(ReadProfile("[auth.oidc]\nclient_id = \"c\"\n", environment)->scopes == kDefaultScopes);
}

TEST_CASE("half of the settings cannot be used") {
  Environment issuer;
  issuer.grok_oidc_issuer = "https://a.example";
  CHECK_THAT(FaultOf(std::nullopt, issuer),
             Catch::Contains("needs both an issuer and a client id"));
  Environment client;
  client.grok_oidc_client_id = "c";
  CHECK_THAT(FaultOf(std::nullopt, client),
             Catch::Contains("needs both an issuer and a client id"));
  CHECK(FaultOf("[auth.oidc]\nclient_id = \"c\"\n", issuer).empty());
}

TEST_CASE("an issuer that is not https cannot be used") {
  const std::string issuer =
      GENERATE(as<std::string>{}, "http://id.example", "http://localhost:8080", "id.example",
               "https://", "https://a b.example", "https://user:pw@id.example",
               "https://id.example\x1b[2J", "javascript:alert(1)");
  CAPTURE(issuer);
  Environment environment = FullEnvironment();
  environment.grok_oidc_issuer = issuer;
  const std::string fault = FaultOf(std::nullopt, environment);
  CHECK_THAT(fault, Catch::StartsWith("Grok's OIDC configuration (GROK_OIDC_ISSUER"));
  CHECK(fault.find('\x1b') == std::string::npos);
}
