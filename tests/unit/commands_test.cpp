#include "cli/commands.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>
#include <vector>

#include "oauth/json.h"
#include "program_fixture.h"

using namespace grokauth;
using namespace grokauth::test;
using Arguments = std::vector<std::string>;

namespace {

oauth::JsonObject Answer(const Program& program) {
  REQUIRE(program.terminal.answers.size() == 1);
  CHECK(program.terminal.answers.front().ends_with("\n"));
  return oauth::JsonObject::Parse(program.terminal.answers.front()).value();
}

}  // namespace

TEST_CASE("a provider run prints the token on standard output and nothing else anywhere") {
  Program program;
  program.StoreLogin(program.MakeTokens());
  CHECK(program.Run({}) == 0);
  CHECK(Answer(program).String("access_token") == "access-1");
  CHECK(program.terminal.messages.empty());
}

TEST_CASE("even --verbose writes nothing before the address of a sign-in") {
  Program program;
  program.ExpectNewCode();
  program.ExpectApproval();
  CHECK(program.Run({"--verbose"}) == 0);
  CHECK(program.FirstAddress() == kNewUrl);
  CHECK(program.terminal.Messages().find("grok-auth: GET ") != std::string::npos);
}

TEST_CASE("what was held back is told when it comes to no sign-in") {
  Program program;
  program.StoreLogin(program.MakeTokens(seconds(21500)));
  program.http.Fail(kTokenUrl, app::TransportFailure::Cause::kTimeout);
  program.worker.PlanRefresh();
  CHECK(program.Run({"--bare"}) == 0);
  CHECK(program.terminal.answers == std::vector<std::string>{"access-1\n"});
  CHECK(program.terminal.Messages().find("grok-auth: warning: the refresh failed") == 0);
}

TEST_CASE("an error is a line on standard error, a hint and an exit status") {
  Program program;
  CHECK(program.Run({"token", "--no-interactive"}) == 3);
  CHECK(program.terminal.answers.empty());
  const std::string said = program.terminal.Messages();
  CHECK(said.starts_with("grok-auth: error: nobody is signed in\ngrok-auth: hint: "));
  CHECK(said.ends_with("\n"));
}

TEST_CASE("with --json an error is an answer, too") {
  Program program;
  CHECK(program.Run({"refresh", "--json"}) == 3);
  const oauth::JsonObject answer = Answer(program);
  CHECK(answer.Boolean("ok") == false);
  CHECK(answer.String("error") == "login_required");
  CHECK(answer.Has("message"));
  CHECK(answer.Has("hint"));
}

TEST_CASE("an interrupted run ends with 128 and the number of the signal") {
  const auto [signal, status] = GENERATE(table<int, int>({{SIGINT, 130}, {SIGTERM, 143}}));
  Program program;
  program.ExpectNewCode();
  program.clock.InterruptAfter(seconds(3), signal);
  CHECK(program.Run({}) == status);
  CHECK(program.terminal.answers.empty());
}

TEST_CASE("a configuration file that was named must be there") {
  Program program;
  program.StoreLogin(program.MakeTokens());
  SECTION("by nobody") {
    static_cast<void>(program.Run({"status"}));
    CHECK(program.config_path == "/home/u/.config/grok-auth/config.toml");
    CHECK_FALSE(program.config_required);
  }
  SECTION("by GROKAUTH_CONFIG") {
    program.environment.config = "/etc/a.toml";
    static_cast<void>(program.Run({"status"}));
    CHECK(program.config_path == "/etc/a.toml");
    CHECK(program.config_required);
  }
  SECTION("by --config, which wins") {
    program.environment.config = "/etc/a.toml";
    static_cast<void>(program.Run({"status", "--config=/etc/b.toml"}));
    CHECK(program.config_path == "/etc/b.toml");
    CHECK(program.config_required);
  }
}

TEST_CASE("a mistake in the configuration file ends every command with 2") {
  Program program;
  program.config = "nonsense";
  const std::string command = GENERATE(as<std::string>{}, "token", "login", "logout", "status");
  CHECK(program.Run({command}) == 2);
  CHECK(program.terminal.Messages().find("config.toml:1:") != std::string::npos);
}

TEST_CASE("status ends with 0 and prints no token in every state") {
  Program program;
  std::string expected = "signed_out";
  SECTION("signed out") {}
  SECTION("connected") {
    program.StoreLogin(program.MakeTokens());
    expected = "connected";
  }
  SECTION("expired, but refreshable") {
    program.StoreLogin(program.MakeTokens(seconds(30000)));
    expected = "connected";
  }
  SECTION("expired") {
    const app::TokenSet tokens = program.MakeTokens(seconds(30000));
    app::RefreshRecord record = Fixture::MakeRecord(tokens);
    MarkDead(record, "refresh-1");
    program.StoreLogin(tokens, record);
    expected = "expired";
  }
  CHECK(program.Run({"status", "--json"}) == 0);
  CHECK(Answer(program).Boolean("ok") == true);
  CHECK(Answer(program).String("status") == expected);
  CHECK(program.terminal.answers.front().find("access-1") == std::string::npos);
  CHECK(program.terminal.answers.front().find("refresh-1") == std::string::npos);
  CHECK(program.state.locks_taken.empty());
}

TEST_CASE("login answers in JSON who signed in, without a token") {
  Program program;
  program.ExpectNewCode();
  program.ExpectApproval();
  CHECK(program.Run({"login", "--json"}) == 0);
  const oauth::JsonObject answer = Answer(program);
  CHECK(answer.String("status") == "connected");
  CHECK(answer.Object("account").value().String("sub") == "user-1");
  CHECK(program.terminal.answers.front().find("access-new") == std::string::npos);
}

TEST_CASE("ssh reads our configuration, and its status is the remote login's") {
  Program program;
  program.environment.profile.reset();
  program.config = std::string("default_profile = \"work\"\n") + kConfig + "flow = \"device\"\n";
  program.remote_shell.End(4);
  CHECK(program.Run({"ssh", "--config=/etc/b.toml", "host"}) == 4);
  CHECK(program.config_path == "/etc/b.toml");
  CHECK(program.remote_shell.started ==
        std::vector<Arguments>{{"-o", "ControlPath=none", "-o", "RequestTTY=no", "-o",
                                "RemoteCommand=none", "host", "grok-auth", "login",
                                "--profile=work", "--device", "--no-browser"}});
  CHECK(program.terminal.answers.empty());
  CHECK(program.terminal.messages.empty());
}

TEST_CASE("ssh ends like the others on an error and on a signal") {
  Program program;
  SECTION("an error") {
    program.remote_shell.End(127);
    CHECK(program.Run({"ssh", "host"}) == 2);
    CHECK(program.terminal.Messages().starts_with("grok-auth: error: the host has no grok-auth"));
  }
  SECTION("a signal") {
    program.remote_shell.Write("never", std::chrono::hours(5));
    program.clock.InterruptAfter(seconds(3), SIGTERM);
    CHECK(program.Run({"ssh", "host"}) == 143);
  }
}

TEST_CASE("exec ends with a status of its own only when its command cannot be run") {
  Program program;
  program.StoreLogin(program.MakeTokens());
  int expected = 126;
  SECTION("found, and not started") {}
  SECTION("not found") {
    program.successor.failure = {true, "no such file"};
    expected = 127;
  }
  CHECK(program.Run({"exec", "--", "some\x1bthing", "-x"}) == expected);
  REQUIRE(program.successor.started.size() == 1);
  CHECK(program.successor.started[0].arguments == Arguments{"some\x1bthing", "-x"});
  CHECK(program.successor.started[0].value == "access-1");
  CHECK(program.terminal.Messages().starts_with("grok-auth: error: 'some"));
  CHECK(program.terminal.Messages().find('\x1b') == std::string::npos);
  CHECK(program.terminal.answers.empty());
}

TEST_CASE("exec starts nothing when nobody is signed in") {
  Program program;
  CHECK(program.Run({"exec", "--", "grok"}) == 3);
  CHECK(program.successor.started.empty());
  CHECK(program.terminal.Messages().find("'grok-auth login --profile work'") != std::string::npos);
}

TEST_CASE("login --api-key answers in JSON that there is one, without it") {
  Program program;
  program.secret_input.line = "xai-0123456789abcdef";
  CHECK(program.Run({"login", "--api-key", "--json"}) == 0);
  const oauth::JsonObject answer = Answer(program);
  CHECK(answer.String("status") == "connected");
  CHECK(answer.String("credential") == "api_key");
  CHECK(program.terminal.answers.front().find("xai-") == std::string::npos);
  CHECK(program.terminal.Messages().find("xai-") == std::string::npos);
}

TEST_CASE("only the program itself can be its worker") {
  Program program;
  CHECK(program.Run({"refresh", "--worker"}) == 2);
  CHECK(program.report.empty());
}

TEST_CASE("a worker reports, and writes nothing") {
  Program program;
  program.is_worker = true;
  program.StoreLogin(program.MakeTokens());
  program.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  CHECK(program.Run({"refresh", "--worker", "--profile=work"}) == 0);
  const auto report = app::ParseReport(program.report);
  REQUIRE(report);
  CHECK(std::get<app::ReportedToken>(*report).handout.access_token == "access-2");
  CHECK(program.terminal.answers.empty());
  CHECK(program.terminal.messages.empty());
}

TEST_CASE("all is about every profile, and those that the configuration forgot") {
  Program program;
  program.StoreLogin(program.MakeTokens());
  program.state.files["old.json"] = program.state.files.at("work.json");
  program.state.files["signed-out.id"] = program.state.files.at("work.id");
  program.state.files["not a name.json"] = program.state.files.at("work.json");
  CHECK(program.Run({"status", "--all", "--json"}) == 0);
  const std::string answer = program.terminal.answers.at(0);
  std::vector<std::string> names;
  for (const char* name : {"work", "xai", "old", "signed-out", "not a name"}) {
    if (answer.find(R"("profile":")" + std::string(name) + '"') != std::string::npos) {
      names.emplace_back(name);
    }
  }
  CHECK(names == std::vector<std::string>{"work", "xai", "old"});
  CHECK(program.http.sent.empty());
}

TEST_CASE("logout --all signs everybody out, and revokes each login at its own server") {
  Program program;
  program.StoreLogin(program.MakeTokens());
  program.state.files["old.json"] = program.state.files.at("work.json");
  program.http.Answer(kRevocationUrl, 200, "");
  program.http.Answer(kRevocationUrl, 200, "");
  CHECK(program.Run({"logout", "--all"}) == 0);
  CHECK_FALSE(program.state.files.contains("work.json"));
  CHECK_FALSE(program.state.files.contains("old.json"));
  const std::string said = program.terminal.Messages();
  CHECK(said.find("Signed out of profile 'work'") != std::string::npos);
  CHECK(said.find("Signed out of profile 'old'") != std::string::npos);
  CHECK(said.find("Nobody") == std::string::npos);
}

TEST_CASE("a login that cannot be looked at does not keep the others signed in") {
  Program program;
  program.StoreLogin(program.MakeTokens());
  program.state.files["gone.json"] = "x";
  program.state.unreadable = {"gone.json"};
  program.http.Answer(kRevocationUrl, 200, "");
  CHECK(program.Run({"logout", "--all", "--json"}) == 1);
  CHECK_FALSE(program.state.files.contains("work.json"));
  CHECK(Answer(program).String("error") == "store");
}

TEST_CASE("logout --all says so when nobody was signed in") {
  Program program;
  CHECK(program.Run({"logout", "--all"}) == 0);
  CHECK(program.terminal.Messages() == "Nobody was signed in.\n");
}

TEST_CASE("the worker is told profile and file, nothing secret") {
  Program program;
  program.StoreLogin(program.MakeTokens());
  program.worker.PlanSilentEnd();
  static_cast<void>(program.Run({"refresh", "--config=/etc/b.toml"}));
  CHECK(program.worker.started ==
        std::vector<Arguments>{{"refresh", "--worker", "--profile=work", "--config=/etc/b.toml"}});
}

TEST_CASE("doctor ends with 0 when nothing is wrong, and with 1 otherwise") {
  Program program;
  program.StoreLogin(program.MakeTokens());
  SECTION("nothing is wrong") {
    CHECK(program.Run({"doctor", "--offline", "--json"}) == 0);
    CHECK(Answer(program).Boolean("healthy") == true);
  }
  SECTION("the login has ended") {
    app::RefreshRecord record = Fixture::MakeRecord(program.MakeTokens());
    MarkDead(record, "refresh-1");
    program.StoreLogin(program.MakeTokens(seconds(30000)), record);
    CHECK(program.Run({"doctor", "--offline", "--json"}) == 1);
    CHECK(Answer(program).Boolean("healthy") == false);
  }
  CHECK(Answer(program).Boolean("ok") == true);
  CHECK(program.terminal.messages.empty());
}

TEST_CASE(
    "a configuration that cannot be used is a finding of doctor, and no other takes its place") {
  Program program;
  std::string finding;
  SECTION("the file") {
    program.config = "default_profile = \n";
    finding = "trouble config      /home/u/.config/grok-auth/config.toml:1:19: ";
  }
  SECTION("the profile") {
    program.environment.profile = "nowhere";
    finding = "trouble profile     there is no profile 'nowhere' (from GROKAUTH_PROFILE)";
  }
  SECTION("the environment") {
    program.environment.flow = "fast";
    finding = "trouble profile     GROKAUTH_FLOW is 'fast'";
  }
  CHECK(program.Run({"doctor"}) == 1);
  REQUIRE(program.terminal.answers.size() == 1);
  const std::string& table = program.terminal.answers.front();
  CHECK(table.find(finding) != std::string::npos);
  CHECK(table.find("note    login       not checked, without a profile\n") != std::string::npos);
  CHECK(table.find("ok      state       ") != std::string::npos);
  CHECK(program.terminal.messages.empty());
}

TEST_CASE("doctor tells which configuration and which profile it found") {
  Program program;
  std::string expected =
      "ok      config      '/home/u/.config/grok-auth/config.toml' is in order\n"
      "ok      profile     'work' at https://id.example, flow = \"auto\"\n";
  SECTION("a file") {}
  SECTION("none") {
    program.config.reset();
    program.environment.profile.reset();
    expected =
        "ok      config      no '/home/u/.config/grok-auth/config.toml'; none is needed\n"
        "ok      profile     'xai' at https://auth.x.ai, flow = \"auto\"\n";
  }
  static_cast<void>(program.Run({"doctor", "--offline"}));
  CHECK(program.terminal.answers.front().starts_with(expected));
}
