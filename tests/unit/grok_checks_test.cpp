#include "app/grok_checks.h"

#include <catch2/catch.hpp>

#include <string>

#include "fakes.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Outcome = Check::Outcome;

namespace {

constexpr const char* kOurs = "exec /usr/bin/grok-auth";

/// Grok 1.0.41 that runs this program.
struct World {
  World() {
    environment.grok_folder = "/home/ada/.grok";
    SetVersion("grok 1.0.41 (4220f3b224a6)");
    SetCommand(kOurs);
  }

  void SetVersion(const std::string& line) {
    programs.in_path["grok"] = "/usr/bin/grok";
    programs.first_lines["/usr/bin/grok"] = line;
  }
  void SetCommand(const std::string& command) {
    config.provider_command = GrokSetting{command, "auth"};
  }

  /// The lines as a person would see them: outcome, name, finding, and the fix behind an arrow.
  [[nodiscard]] std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    for (const Check& check : CheckGrok(config, environment, programs)) {
      const std::string outcome = check.outcome == Outcome::kGood   ? "good "
                                  : check.outcome == Outcome::kNote ? "note "
                                                                    : "trouble ";
      lines.push_back(outcome + check.name + ": " + check.finding +
                      (check.fix.empty() ? "" : " -> " + check.fix));
    }
    return lines;
  }

  /// The lines that are not good.
  [[nodiscard]] std::vector<std::string> Complaints() {
    std::vector<std::string> complaints;
    for (std::string& line : Lines()) {
      if (!line.starts_with("good ")) {
        complaints.push_back(std::move(line));
      }
    }
    return complaints;
  }

  GrokConfig config;
  Environment environment;
  FakePrograms programs;
};

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("for a profile with an API key a provider command is the trouble") {
  const Check without =
      CheckGrok(GrokConfig(), Environment(), *std::make_unique<FakePrograms>(), true).back();
  CHECK(without.outcome == Check::Outcome::kGood);
  FakePrograms programs;
  Environment environment;
  environment.provider_command = "exec /usr/bin/grok-auth";
  const Check with = CheckGrok(GrokConfig(), environment, programs, true).back();
  CHECK(with.outcome == Check::Outcome::kTrouble);
  CHECK(with.finding ==
        "Grok is to run a provider (GROK_AUTH_PROVIDER_COMMAND), but the profile has "
        "an API key and no login");
}

TEST_CASE("a Grok that runs this program is good") {
  World world;
  CHECK(world.Lines() ==
        Strings{"good grok: grok 1.0.41 (4220f3b224a6) at /usr/bin/grok",
                "good provider: Grok runs /usr/bin/grok-auth ([auth] of config.toml)"});
  CHECK(world.programs.started == Strings{"/usr/bin/grok --version"});
}

TEST_CASE("a Grok that the environment tells to run this program is good") {
  World world;
  world.config.provider_command.reset();
  world.environment.provider_command = kOurs;
  CHECK(world.Complaints().empty());
  CHECK_THAT(world.Lines().back(), Catch::Contains("(GROK_AUTH_PROVIDER_COMMAND)"));
}

TEST_CASE("versions of Grok with other rules are noted") {
  const auto [line, words] = GENERATE(table<std::string, std::string>({
      {"grok 0.2.119", ""},
      {"grok 0.3.0", ""},
      {"grok 0.10.5", ""},
      {"grok 10.0.0", ""},
      {"grok 1.0.41-beta.1 (abc)", ""},
      {"1.2.3", ""},
      {"grok 0.2.118 (x)", "which asks for a refresh when 'grok login' means a sign-in -> update"},
      {"grok 0.2.106", "which asks for a refresh"},
      {"grok 0.2.105", "which may take the words of a failure for a token -> update"},
      {"grok 0.1.900", "which may take the words of a failure"},
      {"grok", "does not tell its version"},
      {"grok 1.0", "does not tell its version"},
      {"grok v1.0.1", "does not tell its version"},
      {"99999999999.0.0", "does not tell its version"},
      {"", "does not tell its version"},
  }));
  CAPTURE(line);
  World world;
  world.SetVersion(line);
  const Strings complaints = world.Complaints();
  if (words.empty()) {
    CHECK(complaints.empty());
  } else {
    REQUIRE(complaints.size() == 1);
    CHECK_THAT(complaints.front(), Catch::StartsWith("note grok: ") && Catch::Contains(words));
  }
}

TEST_CASE("a Grok that cannot be asked, and none at all, are noted") {
  World world;
  world.programs.first_lines.clear();
  CHECK(world.Complaints() == Strings{"note grok: /usr/bin/grok does not tell its version"});
  world.programs.in_path.clear();
  CHECK(world.Complaints() == Strings{"note grok: there is no grok in PATH"});
}

TEST_CASE("what Grok calls itself is made harmless") {
  World world;
  world.SetVersion("grok 1.0.41 \x1b[2J");
  CHECK(world.Lines().front() == "good grok: grok 1.0.41 [2J at /usr/bin/grok");
}

TEST_CASE("a command that does not start this program is told") {
  const auto [command, line] = GENERATE(table<std::string, std::string>({
      {"exec /gone", "trouble provider: Grok is to run /gone, which is not there"},
      {"exec /text", "trouble provider: Grok is to run /text, which is no program"},
      {"exec '/usr/local/bin/grok-auth' --profile=x",
       "note provider: Grok runs /usr/local/bin/grok-auth, this program is /usr/bin/grok-auth"},
      {"exec grok-auth", "note provider: Grok runs 'grok-auth', wherever its PATH has it"},
      {"exec ./g", "note provider: Grok runs './g', wherever its PATH has it"},
      {"/usr/bin/grok-auth", "note exec: the command has no 'exec' in front"},
      {"A=1 exec /usr/bin/grok-auth",
       "note provider: Grok runs another command, which cannot be checked"},
      {"exec \x1b[31m", "note provider: Grok runs another command, which cannot be checked"},
  }));
  CAPTURE(command);
  World world;
  world.SetCommand(command);
  world.programs.found["/text"] = ProgramKind::kNotExecutable;
  world.programs.found["/usr/local/bin/grok-auth"] = ProgramKind::kOther;
  const Strings complaints = world.Complaints();
  REQUIRE(complaints.size() == 1);
  CHECK_THAT(complaints.front(), Catch::StartsWith(line));
}

TEST_CASE("without a command Grok's own sign-in is used, which is trouble where there is a Grok") {
  World world;
  world.config.provider_command.reset();
  CHECK(world.Complaints() == Strings{"trouble provider: Grok is not told to run grok-auth -> run "
                                      "'grok-auth setup --write', then restart Grok"});
  world.programs.in_path.clear();
  CHECK_THAT(world.Complaints().back(), Catch::StartsWith("note provider: Grok is not told"));
}

TEST_CASE("what hides a command, or forbids it, is told") {
  World world;
  world.config.provider_command = GrokSetting{kOurs, "grok_com_config"};
  world.config.hidden_provider_command = "other";
  world.environment.provider_command = "another";
  world.config.preferred_method = "api_key";
  const Strings complaints = world.Complaints();
  REQUIRE(complaints.size() == 3);
  CHECK_THAT(complaints[0], Catch::StartsWith("note other-one: [auth] has another command"));
  CHECK_THAT(complaints[1], Catch::StartsWith("note variable: GROK_AUTH_PROVIDER_COMMAND is set"));
  CHECK_THAT(complaints[2], Catch::StartsWith("trouble method: preferred_method = \"api_key\""));
  world.config.hidden_provider_command = kOurs;
  world.environment.provider_command = kOurs;
  world.config.preferred_method = "oidc";
  CHECK(world.Complaints().empty());
}

TEST_CASE("an API key beside the provider is noted, with what wins") {
  World world;
  world.environment.has_xai_api_key = true;
  CHECK(world.Complaints() ==
        Strings{"note api-key: XAI_API_KEY is set as well; Grok uses it only while it has no "
                "token"});
  world.config.has_force_login_team = true;
  CHECK_THAT(world.Complaints().back(), Catch::Contains("force_login_team_uuid keeps Grok from"));
  world.config.disable_api_key_auth = true;
  CHECK_THAT(world.Complaints().back(), Catch::Contains("disable_api_key_auth keeps Grok from"));
  world.config = GrokConfig{};
  world.config.preferred_method = "api_key";
  CHECK_THAT(world.Complaints().back(), Catch::Contains("preferred_method makes Grok use it"));
}

TEST_CASE("of a configuration that is not TOML nothing else is said") {
  World world;
  world.config = GrokConfig{};
  world.config.fault = TomlFault{3, 7, "expected a value"};
  CHECK(world.Complaints() ==
        Strings{"trouble grok-config: /home/ada/.grok/config.toml is not TOML: line 3, column 7: "
                "expected a value -> correct that line"});
}
