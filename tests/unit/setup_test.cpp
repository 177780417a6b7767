#include "app/setup.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

const std::string kLines =
    "[auth]\nauth_provider_command = \"exec /usr/bin/grok-auth\"\n"
    "auth_provider_label = \"grok-auth\"\n";
const std::string kPath = "/home/ada/.grok/config.toml";

struct SetupFixture : Fixture {
  SetupFixture() { environment.grok_folder = "/home/ada/.grok"; }

  void Print(const SetupOptions& options = {}) { SetUpGrok(context, options); }
  void Write() { SetUpGrok(context, {/*write=*/true, {}, {}}); }

  [[nodiscard]] bool Says(const std::string& words) {
    return terminal.Messages().find(words) != std::string::npos;
  }
};

}  // namespace

TEST_CASE("setup prints the lines, as TOML altogether") {
  SetupFixture run;
  run.Print();
  CHECK(run.terminal.answers ==
        std::vector<std::string>{
            "# For /home/ada/.grok/config.toml, where 'grok-auth setup --write' puts it:\n" +
            kLines +
            "# or, in the environment that Grok starts in, without the '#':\n"
            "# export GROK_AUTH_PROVIDER_COMMAND='exec /usr/bin/grok-auth'\n"});
  CHECK(run.terminal.messages.empty());
  CHECK(run.config_files.replaced.empty());
}

TEST_CASE("the options of setup are options of the command, files absolute") {
  SetupFixture run;
  run.programs.own_path = "/opt/my apps/grok-auth";
  run.Print({/*write=*/false, "work", "it's.toml"});
  REQUIRE(run.terminal.answers.size() == 1);
  CHECK_THAT(run.terminal.answers.front(),
             Catch::Contains("auth_provider_command = \"exec '/opt/my apps/grok-auth' "
                             "--profile=work '--config=/work/it'\\\\''s.toml'\"\n"
                             "auth_provider_label = \"grok-auth (work)\"\n"));
}

TEST_CASE("setup writes the file, keeps what it held, and says both and what comes next") {
  SetupFixture run;
  run.config_files.text = "[cli]\n";
  run.config_files.real_path = "/dotfiles/grok.toml";
  run.Write();
  CHECK(run.config_files.read == std::vector<std::string>{kPath});
  CHECK(run.config_files.replaced == std::vector<std::string>{"/dotfiles/grok.toml"});
  CHECK(run.config_files.text == "[cli]\n\n" + kLines);
  CHECK(run.terminal.answers.empty());
  CHECK(run.terminal.Messages() ==
        "/dotfiles/grok.toml makes Grok run: exec /usr/bin/grok-auth\n"
        "The old file is /dotfiles/grok.toml.backup-20270115T080000Z\n"
        "Restart Grok. It signs in by itself, or you do now with 'grok-auth login'.\n");
}

TEST_CASE("a file that was not there has no backup") {
  SetupFixture run;
  run.Write();
  CHECK(run.config_files.text == kLines);
  CHECK_FALSE(run.Says("The old file"));
}

TEST_CASE("setup writes nothing when the file says so already") {
  SetupFixture run;
  run.config_files.text = kLines;
  run.Write();
  CHECK(run.config_files.replaced.empty());
  CHECK(run.terminal.Messages() ==
        kPath + " makes Grok run grok-auth already; nothing was changed.\n");
}

TEST_CASE("a file that is not TOML, or cannot take the keys, is left alone") {
  const auto [text, reason] = GENERATE(table<std::string, std::string>({
      {"a = 1\n[auth\n", "line 2, column 6: "},
      {"[[auth]]\n", "'auth' in it is no table"},
  }));
  SetupFixture run;
  run.config_files.text = text;
  const Error error = ErrorOf([&] { run.Write(); });
  CHECK(error.kind() == ErrorKind::kConfig);
  CHECK_THAT(error.what(), Catch::StartsWith("cannot change '" + kPath + "': " + reason));
  CHECK_FALSE(error.hint().empty());
  CHECK(run.config_files.replaced.empty());
}

TEST_CASE("what wins over the lines is told") {
  const auto [text, printed, written] = GENERATE(table<std::string, std::string, std::string>({
      {"auth.preferred_method = 'api_key'", "makes Grok talk by an API key",
       "makes Grok talk by an API key"},
      {"grok_com_config.auth_provider_command = 'x'", "which wins over [auth]",
       "because that wins over [auth]"},
      {"auth.auth_provider_command = 'x'", "another command; replace it", "The old file"},
      {"a = = 1", kPath + ":1:5: ", ""},
  }));
  CAPTURE(text);
  SetupFixture run;
  run.config_files.text = text;
  run.Print();
  CHECK(run.Says(printed));
  if (!written.empty()) {
    SetupFixture other;
    other.config_files.text = text;
    other.Write();
    CHECK(other.Says(written));
  }
}

TEST_CASE("nothing is told of what does not win") {
  SetupFixture run;
  run.config_files.text = kLines + "preferred_method = 'oidc'\n";
  run.environment.provider_command = "exec /usr/bin/grok-auth";
  run.Print();
  CHECK(run.terminal.messages.empty());
}

TEST_CASE("a command in the environment that the file hides is told") {
  SetupFixture run;
  run.environment.provider_command = "other";
  run.Write();
  CHECK(run.Says("GROK_AUTH_PROVIDER_COMMAND is set to something else"));
}

TEST_CASE("a path that will not stay gets a warning") {
  SetupFixture build;
  build.programs.is_in_build_folder = true;
  build.Print();
  CHECK(build.Says("warning: /usr/bin/grok-auth is in a build folder"));
  SetupFixture temporary;
  temporary.programs.own_path = "/tmp/grok-auth";
  temporary.Print();
  CHECK(temporary.Says("warning: /tmp/grok-auth is in a temporary folder"));
  SetupFixture gone;
  gone.programs.own_kind = ProgramKind::kAbsent;
  gone.Print();
  CHECK(gone.Says("warning: the file of this program, /usr/bin/grok-auth, is gone"));
}

TEST_CASE("a path with control characters is refused") {
  SetupFixture run;
  run.programs.own_path = "/opt/\x1b[2J/grok-auth";
  CHECK(ErrorOf([&] { run.Print(); }).kind() == ErrorKind::kConfig);
  run.programs.own_path = "/opt/\xff/grok-auth";
  CHECK(ErrorOf([&] { run.Print(); }).kind() == ErrorKind::kConfig);
  run.programs.own_path = "/opt/grok-auth";
  const Error error = ErrorOf([&] { run.Print({false, {}, "\xff"}); });
  CHECK(error.kind() == ErrorKind::kConfig);
  CHECK(run.terminal.answers.empty());
}
