#include "app/provider_command.h"

#include <catch2/catch.hpp>

#include <string>

using namespace grokauth::app;

TEST_CASE("words are quoted for the shell when they need it") {
  const auto [word, quoted] = GENERATE(table<std::string, std::string>({
      {"/usr/bin/grok-auth", "/usr/bin/grok-auth"},
      {"", "''"},
      {"--profile=work", "--profile=work"},
      {"/opt/my apps/g", "'/opt/my apps/g'"},
      {"/it's", "'/it'\\''s'"},
      {"/a$b`c\"d\\e", "'/a$b`c\"d\\e'"},
      {"~/a", "'~/a'"},
      {"/\xc3\xa9", "'/\xc3\xa9'"},
  }));
  CHECK(ShellQuote(word) == quoted);
}

TEST_CASE("the command has exec in front") {
  CHECK(MakeProviderCommand("/usr/bin/grok-auth", {}) == "exec /usr/bin/grok-auth");
  CHECK(MakeProviderCommand("/a b", {"--profile", "work"}) == "exec '/a b' --profile work");
}

TEST_CASE("a command that was made is read back") {
  const std::string program =
      GENERATE(as<std::string>{}, "/usr/bin/grok-auth", "/a b", "/it's", "/a\"$`\\b", "/\xc3\xa9");
  const auto command = ParseProviderCommand(MakeProviderCommand(program, {"--config", "/c d"}));
  REQUIRE(command);
  CHECK(command->has_exec);
  CHECK(command->program == program);
}

TEST_CASE("plain and quoted words are understood") {
  const auto [text, has_exec, program] = GENERATE(table<std::string, bool, std::string>({
      {"grok-auth", false, "grok-auth"},
      {"  exec\t/g \n", true, "/g"},
      {"/g --profile=work --config='a b'", false, "/g"},
      {"exec \"/a b\"/c'd'", true, "/a b/cd"},
      {"exec \"/a\\\"\\\\\\b\"", true, "/a\"\\\\b"},
      {"exec /a\\ b", true, "/a b"},
      {"executor /g", false, "executor"},
  }));
  CAPTURE(text);
  const auto command = ParseProviderCommand(text);
  REQUIRE(command);
  CHECK(command->has_exec == has_exec);
  CHECK(command->program == program);
}

TEST_CASE("a command that does more than run one program is not understood") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "  ", "exec", "A=b exec /g", "exec /g; true", "/g && /h", "/g | /h",
      "/g > /tmp/x", "exec $HOME/g", "exec \"$HOME/g\"", "exec \"`g`\"", "exec ~/g", "exec /g*",
      "exec '/g", "exec \"/g", "exec /g\\", "exec /a\\\nb", "(exec /g)", "exec -a x /g", "# /g");
  CAPTURE(text);
  CHECK_FALSE(ParseProviderCommand(text));
}
