#include "app/grok_config.h"

#include <catch2/catch.hpp>

#include <string>

using namespace grokauth::app;

TEST_CASE("without settings Grok's configuration says nothing") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "[cli]\na = 1\n", "[auth]\n", "auth = 1\n", "[[auth]]\n",
               "[auth]\nauth_provider_command = 5\nauth_provider_label = []\n"
               "preferred_method = true\ndisable_api_key_auth = \"true\"\n",
               "[auth]\nauth_provider_command = \" \\t\"\nauth_provider_label = \"\"\n");
  CAPTURE(text);
  const GrokConfig config = ParseGrokConfig(text);
  CHECK_FALSE(config.fault);
  CHECK_FALSE(config.provider_command);
  CHECK_FALSE(config.hidden_provider_command);
  CHECK_FALSE(config.provider_label);
  CHECK_FALSE(config.preferred_method);
  CHECK_FALSE(config.disable_api_key_auth);
  CHECK_FALSE(config.has_force_login_team);
}

TEST_CASE("the settings are read from either table") {
  const std::string table = GENERATE(as<std::string>{}, "auth", "grok_com_config");
  const GrokConfig config = ParseGrokConfig(
      "[" + table + "]\nauth_provider_command = \"exec /g\"\nauth_provider_label = \"G\"\n" +
      "preferred_method = \"api_key\"\ndisable_api_key_auth = true\n" +
      "force_login_team_uuid = [\"t\"]\n");
  REQUIRE(config.provider_command);
  CHECK(config.provider_command->value == "exec /g");
  CHECK(config.provider_command->table == table);
  CHECK(config.provider_label == "G");
  CHECK(config.preferred_method == "api_key");
  CHECK(config.disable_api_key_auth);
  CHECK(config.has_force_login_team);
}

TEST_CASE("grok_com_config wins key by key, and what it hides is told") {
  const GrokConfig config = ParseGrokConfig(
      "[auth]\nauth_provider_command = \"a\"\nauth_provider_label = \"A\"\n"
      "disable_api_key_auth = true\npreferred_method = \"oidc\"\n"
      "[grok_com_config]\nauth_provider_command = \"c\"\ndisable_api_key_auth = false\n"
      "preferred_method = \"api_key\"\n");
  REQUIRE(config.provider_command);
  CHECK(config.provider_command->value == "c");
  CHECK(config.hidden_provider_command == "a");
  CHECK(config.provider_label == "A");
  CHECK(config.preferred_method == "api_key");
  CHECK_FALSE(config.disable_api_key_auth);
}

TEST_CASE("of a configuration that is not TOML the place is told, and nothing else") {
  const GrokConfig config =
      ParseGrokConfig("[auth]\nauth_provider_command = \"a\"\nb = \"\x1b[2J\"\n");
  REQUIRE(config.fault);
  CHECK(config.fault->line == 3);
  CHECK(config.fault->column > 4);
  CHECK(config.fault->reason.find('\x1b') == std::string::npos);
  CHECK_FALSE(config.fault->reason.empty());
  CHECK_FALSE(config.provider_command);
}
