// The command `credential`, as git runs it.

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "program_fixture.h"

using namespace grokauth;
using namespace grokauth::test;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kGitConfig =
    "default_profile = \"play\"\n"
    "[profile.play]\nissuer = \"https://play.example\"\nclient_id = \"c\"\n"
    "[profile.work]\nissuer = \"https://id.example\"\nclient_id = \"client-1\"\nstore = \"file\"\n"
    "[profile.work.git]\nhosts = [\"git.example\"]\nusername = \"ada\"\n"
    "[profile.deep]\nissuer = \"https://deep.example\"\nclient_id = \"c\"\n"
    "[profile.deep.git]\nhosts = [\"git.example/deep\"]\n";
constexpr const char* kRequest = "protocol=https\nhost=git.example\n\n";

/// Somebody is signed in to `work`; nobody to the others.
struct Git : Program {
  Git() {
    environment.profile.reset();
    config = kGitConfig;
    input = kRequest;
    StoreLogin(MakeTokens());
  }

  /// Nothing was written anywhere, and nothing changed.
  void CheckSilent() {
    CHECK(terminal.answers.empty());
    CHECK(terminal.messages.empty());
    CHECK(state.changes.empty());
  }
};

}  // namespace

TEST_CASE("git gets the token of the profile that its host belongs to, and nothing else") {
  Git git;
  CHECK(git.Run({"credential", "get"}) == 0);
  CHECK(git.terminal.answers ==
        Strings{"username=ada\npassword=access-1\npassword_expiry_utc=1800018000\n"});
  CHECK(git.terminal.messages.empty());
  CHECK(git.input_reads == 1);
}

TEST_CASE("the profile of a git host is neither the default one nor that of the environment") {
  Git git;
  git.environment.profile = "play";
  CHECK(git.Run({"credential", "get"}) == 0);
  CHECK(git.terminal.answers.size() == 1);
}

TEST_CASE("the profile with the longest path answers, also when nobody is signed in to it") {
  Git git;
  git.input = "protocol=https\nhost=git.example\npath=deep/repo.git\n\n";
  CHECK(git.Run({"credential", "get"}) == 3);
  CHECK(git.terminal.answers.empty());
  CHECK_THAT(git.terminal.Messages(), Catch::Contains("'grok-auth login --profile deep'"));
}

TEST_CASE("the option --profile lets that profile alone answer, and only for its hosts") {
  Git git;
  SECTION("its host") {
    CHECK(git.Run({"credential", "--profile", "work", "get"}) == 0);
    CHECK(git.terminal.answers.size() == 1);
  }
  SECTION("before one that has a longer path") {
    git.input = "protocol=https\nhost=git.example\npath=deep/repo.git\n\n";
    CHECK(git.Run({"credential", "--profile=work", "get"}) == 0);
    CHECK(git.terminal.answers.size() == 1);
  }
  SECTION("not its host") {
    CHECK(git.Run({"credential", "--profile=play", "get"}) == 0);
    git.CheckSilent();
  }
  SECTION("no such profile") {
    CHECK(git.Run({"credential", "--profile=none", "get"}) == 2);
    CHECK(git.terminal.answers.empty());
  }
}

TEST_CASE("what no profile answers for is passed over in silence") {
  Git git;
  git.input = GENERATE(as<std::string>{}, "", "\n", "protocol=https\nhost=other.example\n",
                       "protocol=http\nhost=git.example\n", "host=git.example\n",
                       "protocol=ssh\nhost=git.example\n", "protocol=https\n");
  const std::string operation = GENERATE("get", "erase");
  CAPTURE(git.input, operation);
  CHECK(git.Run({"credential", operation}) == 0);
  git.CheckSilent();
}

TEST_CASE("operations that are not known are passed over in silence, their input read") {
  Git git;
  const std::string operation = GENERATE("store", "capability", "frobnicate", "GET", "");
  CAPTURE(operation);
  git.input = GENERATE(as<std::string>{}, kRequest, "nonsense\r\n");
  CHECK(git.Run({"credential", operation}) == 0);
  CHECK(git.input_reads == 1);
  git.CheckSilent();
}

TEST_CASE("store keeps nothing") {
  Git git;
  git.input = "protocol=https\nhost=git.example\nusername=ada\npassword=other\n\n";
  CHECK(git.Run({"credential", "store"}) == 0);
  git.CheckSilent();
}

TEST_CASE("an input that is not git's ends with 2, and is not quoted") {
  Git git;
  git.input = GENERATE(as<std::string>{}, "nonsense\n", "host=a\rb\n",
                       std::string("host=a\0b\n", 9), std::string(70000, 'a') + "=\n");
  const std::string operation = GENERATE("get", "erase");
  CHECK(git.Run({"credential", operation}) == 2);
  CHECK(git.terminal.answers.empty());
  const std::string said = git.terminal.Messages();
  CHECK_THAT(said, Catch::StartsWith("grok-auth: error: the request on standard input is not "));
  CHECK_THAT(said, Catch::Contains("\ngrok-auth: hint: it must be lines key=value"));
  CHECK(said.find("nonsense") == std::string::npos);
  CHECK(git.state.changes.empty());
}

TEST_CASE("a mistake in the configuration file ends with 2, the input read") {
  Git git;
  git.config = "nonsense";
  CHECK(git.Run({"credential", "get"}) == 2);
  CHECK(git.terminal.answers.empty());
  CHECK(git.input_reads == 1);
}

TEST_CASE("a request that nobody can answer for now ends with an error for git to show") {
  Git git;
  git.state.files.clear();
  CHECK(git.Run({"credential", "get"}) == 3);
  CHECK(git.terminal.answers.empty());
  CHECK_THAT(git.terminal.Messages(),
             Catch::StartsWith("grok-auth: error: nobody is signed in\ngrok-auth: hint: ") &&
                 Catch::Contains("'grok-auth login --profile work'"));
}

TEST_CASE("erase makes the next get a refresh") {
  Git git;
  git.input = "protocol=https\nhost=git.example\nusername=ada\npassword=access-1\n\n";
  CHECK(git.Run({"credential", "erase"}) == 0);
  CHECK(git.terminal.answers.empty());
  git.input = kRequest;
  git.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  git.worker.PlanRefresh();
  CHECK(git.Run({"credential", "get"}) == 0);
  REQUIRE(git.terminal.answers.size() == 1);
  CHECK_THAT(git.terminal.answers.front(), Catch::Contains("password=access-2\n"));
  CHECK(git.worker.started == std::vector<Strings>{{"refresh", "--worker", "--profile=work"}});
}

TEST_CASE("without a configuration file the built-in profile answers for its API") {
  Git git;
  git.config.reset();
  CHECK(git.Run({"credential", "get"}) == 0);
  CHECK(git.terminal.answers.empty());
  git.input = "protocol=https\nhost=api.x.ai\n\n";
  CHECK(git.Run({"credential", "get"}) == 3);
  CHECK_THAT(git.terminal.Messages(), Catch::Contains("'grok-auth login --profile xai'"));
}

TEST_CASE("settings of Grok that cannot work are no business of git's") {
  Git git;
  git.config = std::string(kConfig) + "[profile.work.git]\nhosts = [\"git.example\"]\n";
  git.environment.grok_oidc_issuer = "no issuer";
  git.environment.grok_oidc_client_id = "c";
  CHECK(git.Run({"status"}) == 2);
  git.terminal.answers.clear();
  CHECK(git.Run({"credential", "get"}) == 0);
  CHECK(git.terminal.answers.size() == 1);
}

TEST_CASE("the settings of the environment count for the profile that answers git") {
  Git git;
  git.environment.store = "nowhere";
  CHECK(git.Run({"credential", "get"}) == 2);
  CHECK_THAT(git.terminal.Messages(), Catch::Contains("GROKAUTH_STORE"));
}

TEST_CASE("credential needs one operation") {
  const auto arguments = GENERATE(Strings{"credential"}, Strings{"credential", "get", "erase"},
                                  Strings{"credential", "--profile", "work"});
  CHECK(ErrorOf([&] { static_cast<void>(cli::ParseCommandLine(arguments)); }).kind() ==
        app::ErrorKind::kUsage);
}
