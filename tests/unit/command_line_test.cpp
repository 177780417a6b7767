#include "cli/command_line.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "fixture.h"

using namespace grokauth;
using namespace grokauth::cli;
using std::chrono::seconds;
using test::ErrorOf;
using Arguments = std::vector<std::string>;

namespace {

template <typename SomeCommand>
SomeCommand Parsed(const Arguments& arguments) {
  const Command command = ParseCommandLine(arguments);
  REQUIRE(std::holds_alternative<SomeCommand>(command));
  return std::get<SomeCommand>(command);
}

app::Error Refused(const Arguments& arguments) {
  const app::Error error = ErrorOf([&] { static_cast<void>(ParseCommandLine(arguments)); });
  CHECK(error.kind() == app::ErrorKind::kUsage);
  CHECK(error.hint().starts_with("see 'grok-auth "));
  return error;
}

std::string TextOf(const Arguments& arguments) {
  return Parsed<PrintCommand>(arguments).text;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::vector<std::string> kCommands = {"token", "login", "logout", "refresh", "status", "ssh"};

}  // namespace

TEST_CASE("an API key is not taken from the command line, and not repeated") {
  for (const Arguments& arguments : {Arguments{"login", "--api-key", "xai-secret"},
                                     Arguments{"login", "xai-secret", "--api-key"},
                                     Arguments{"login", "--api-key=xai-secret"}}) {
    const app::Error error = ErrorOf([&] { static_cast<void>(ParseCommandLine(arguments)); });
    CHECK(error.kind() == app::ErrorKind::kUsage);
    CHECK((error.what() + error.hint()).find("xai-secret") == std::string::npos);
  }
}

TEST_CASE("no command is the command token") {
  const auto bare = Parsed<TokenCommand>({});
  CHECK(bare.options.format == app::TokenFormat::kJson);
  CHECK_FALSE(bare.options.no_interactive);
  CHECK_FALSE(bare.options.no_browser);
  CHECK_FALSE(bare.options.timeout);
  CHECK_FALSE(bare.options.min_validity);
  CHECK_FALSE(bare.common.profile);
  CHECK_FALSE(bare.common.config);
  CHECK_FALSE(bare.common.verbose);
  CHECK(Parsed<TokenCommand>({"--bare"}).options.format == app::TokenFormat::kBare);
  CHECK(Parsed<TokenCommand>({"token", "--bare"}).options.format == app::TokenFormat::kBare);
}

TEST_CASE("every option of token is read") {
  const auto command = Parsed<TokenCommand>({"token", "--no-interactive", "--no-browser",
                                             "--timeout=30", "--min-validity", "60", "--profile",
                                             "work", "--config=/a=b:c", "--verbose"});
  CHECK(command.options.no_interactive);
  CHECK(command.options.no_browser);
  CHECK(command.options.timeout == seconds(30));
  CHECK(command.options.min_validity == seconds(60));
  CHECK(command.common.profile == "work");
  CHECK(command.common.config == "/a=b:c");
  CHECK(command.common.verbose);
}

TEST_CASE("every option of login is read") {
  const auto command = Parsed<LoginCommand>(
      {"login", "--no-browser", "--timeout", "900", "--json", "--profile=work"});
  CHECK(command.options.no_browser);
  CHECK(command.options.timeout == seconds(900));
  CHECK(command.common.json);
  CHECK(command.common.profile == "work");
  CHECK_FALSE(Parsed<LoginCommand>({"login"}).options.timeout);
}

TEST_CASE("logout, refresh and status take --json") {
  CHECK(Parsed<LogoutCommand>({"logout", "--json"}).common.json);
  CHECK_FALSE(Parsed<LogoutCommand>({"logout"}).common.json);
  CHECK(Parsed<RefreshCommand>({"refresh", "--json"}).common.json);
  CHECK_FALSE(Parsed<RefreshCommand>({"refresh"}).is_worker);
  CHECK(Parsed<StatusCommand>({"status", "--json", "--verbose"}).common.json);
  CHECK(Parsed<StatusCommand>({"status", "--verbose"}).common.verbose);
}

TEST_CASE("the worker's option is the worker's alone, and not in the help") {
  CHECK(Parsed<RefreshCommand>({"refresh", "--worker", "--profile=work"}).is_worker);
  CHECK_FALSE(Contains(TextOf({"refresh", "--help"}), "worker"));
  static_cast<void>(Refused({"token", "--worker"}));
}

TEST_CASE("an option of another command is refused") {
  const auto arguments = GENERATE(values<Arguments>({{"token", "--json"},
                                                     {"--json"},
                                                     {"login", "--bare"},
                                                     {"login", "--no-interactive"},
                                                     {"login", "--min-validity=5"},
                                                     {"logout", "--no-browser"},
                                                     {"refresh", "--timeout=5"},
                                                     {"status", "--bare"}}));
  CAPTURE(arguments);
  static_cast<void>(Refused(arguments));
}

TEST_CASE("an option cannot be abbreviated, nor written in another way") {
  const std::string option = GENERATE(as<std::string>{}, "--prof=work", "--pro", "--verb", "--b",
                                      "--no-i", "--hel", "--Bare", "--BARE", "-bare", "-b", "-h",
                                      "-v", "-V", "/bare", "---bare", "--bare-", "--=x", "--:x");
  CAPTURE(option);
  static_cast<void>(Refused({"token", option}));
}

TEST_CASE("an option that needs a value does not go without") {
  const auto arguments = GENERATE(values<Arguments>({{"token", "--profile"},
                                                     {"token", "--bare", "--config"},
                                                     {"--timeout"},
                                                     {"login", "--timeout"},
                                                     {"token", "--profile=", "work"}}));
  CAPTURE(arguments);
  static_cast<void>(Refused(arguments));
}

TEST_CASE("the word behind an option that needs a value is its value, whatever it looks like") {
  const auto command = Parsed<TokenCommand>({"token", "--profile", "--bare"});
  CHECK(command.common.profile == "--bare");
  CHECK(command.options.format == app::TokenFormat::kJson);
}

TEST_CASE("a flag takes no value") {
  const std::string option = GENERATE(as<std::string>{}, "--bare=yes", "--bare=", "--verbose:1",
                                      "--no-browser=false", "--help=token");
  CAPTURE(option);
  static_cast<void>(Refused({"token", option}));
}

TEST_CASE("an option is given once") {
  static_cast<void>(Refused({"token", "--profile=a", "--profile=b"}));
  static_cast<void>(Refused({"token", "--bare", "--bare"}));
}

TEST_CASE("an argument that is no option is refused") {
  const auto arguments = GENERATE(values<Arguments>({{"token", "extra"},
                                                     {"login", "work"},
                                                     {"token", "--bare", "extra"},
                                                     {"--bare", "token"},
                                                     {"status", ""},
                                                     {"token", "-"},
                                                     {"token", "--", "extra"},
                                                     {"token", "--profile", "work", "extra"}}));
  CAPTURE(arguments);
  static_cast<void>(Refused(arguments));
}

TEST_CASE("an API key is stored instead of signing in, so what is for that is refused") {
  CHECK_FALSE(Parsed<LoginCommand>({"login"}).api_key);
  CHECK(Parsed<LoginCommand>({"login", "--api-key", "--json"}).api_key);
  const std::string option = GENERATE(as<std::string>{}, "--device", "--loopback", "--no-browser",
                                      "--no-qr", "--timeout=5", "--api-key");
  CAPTURE(option);
  static_cast<void>(Refused({"login", "--api-key", option}));
  static_cast<void>(Refused({"login", option, "--api-key"}));
}

TEST_CASE("what stands behind the options of exec is the command, unchanged") {
  const auto [arguments, foreign] = GENERATE(table<Arguments, Arguments>({
      {{"grok"}, {"grok"}},
      {{"--", "grok", "-p", "--profile"}, {"grok", "-p", "--profile"}},
      {{"--profile=work", "grok", "--help", "--", "x"}, {"grok", "--help", "--", "x"}},
      {{"--profile", "work", "--", "--odd"}, {"--odd"}},
      {{"--min-validity", "300", "sh", "-c", ""}, {"sh", "-c", ""}},
  }));
  Arguments all{"exec"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  CHECK(Parsed<ExecCommand>(all).options.arguments == foreign);
}

TEST_CASE("the options of exec are read, and a command is needed") {
  const auto command = Parsed<ExecCommand>({"exec", "--min-validity=300", "--profile=work", "x"});
  CHECK(command.options.min_validity == seconds(300));
  CHECK(command.common.profile == "work");
  CHECK_FALSE(Parsed<ExecCommand>({"exec", "x"}).options.min_validity);
  static_cast<void>(Refused({"exec"}));
  static_cast<void>(Refused({"exec", "--"}));
  static_cast<void>(Refused({"exec", "--json", "x"}));
}

TEST_CASE("what stands behind the options of ssh is for ssh, unchanged") {
  const auto [arguments, foreign] = GENERATE(table<Arguments, Arguments>({
      {{"host"}, {"host"}},
      {{"-p", "2222", "u@host"}, {"-p", "2222", "u@host"}},
      {{"--device", "-v", "host", "--device"}, {"-v", "host", "--device"}},
      {{"--profile", "work", "host", "--", "--x"}, {"host", "--", "--x"}},
      {{"--profile=work", "-o", "ProxyCommand=a b  c"}, {"-o", "ProxyCommand=a b  c"}},
      {{"--", "--host"}, {"--host"}},
      {{"--verbose", "--", "--", "host"}, {"--", "host"}},
      {{"", "host"}, {"", "host"}},
      {{"-", "host"}, {"-", "host"}},
      {{"--config", "--verbose", "host"}, {"host"}},
  }));
  Arguments all{"ssh"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  CAPTURE(all);
  CHECK(Parsed<SshCommand>(all).arguments == foreign);
}

TEST_CASE("every option of ssh is read") {
  const auto command = Parsed<SshCommand>({"ssh", "--profile", "work", "--config=/a", "--loopback",
                                           "--no-browser", "--verbose", "host", "--device"});
  CHECK(command.common.profile == "work");
  CHECK(command.common.config == "/a");
  CHECK(command.common.flow == app::Flow::kLoopback);
  CHECK(command.common.verbose);
  CHECK(command.no_browser);
  const auto plain = Parsed<SshCommand>({"ssh", "host", "--no-browser"});
  CHECK_FALSE(plain.common.flow);
  CHECK_FALSE(plain.no_browser);
}

TEST_CASE("ssh without a host, or with an option that is not ours, is refused") {
  const auto arguments = GENERATE(values<Arguments>({{"ssh"},
                                                     {"ssh", "--device"},
                                                     {"ssh", "--"},
                                                     {"ssh", "--profile", "host"},
                                                     {"ssh", "--json", "host"},
                                                     {"ssh", "--timeout=5", "host"},
                                                     {"ssh", "--prof=x", "host"},
                                                     {"ssh", "--device", "--loopback", "host"},
                                                     {"ssh", "--device=yes", "host"},
                                                     {"ssh", "--profile"}}));
  CAPTURE(arguments);
  CHECK(ErrorOf([&] { static_cast<void>(ParseCommandLine(arguments)); }).kind() ==
        app::ErrorKind::kUsage);
}

TEST_CASE("a command that does not exist is refused, its name fit for a terminal") {
  const std::string name =
      GENERATE(as<std::string>{}, "tokens", "Token", "", "log", "help", "version", "a\x1b[2J");
  CAPTURE(name);
  const app::Error error = Refused({name});
  CHECK(Contains(error.what(), "there is no command"));
  CHECK_FALSE(Contains(error.what(), "\x1b"));
}

TEST_CASE("a number of seconds is a whole number up to a day") {
  CHECK(Parsed<TokenCommand>({"--timeout=0"}).options.timeout == seconds(0));
  CHECK(Parsed<TokenCommand>({"--timeout=86400"}).options.timeout == seconds(86400));
  const std::string value = GENERATE(as<std::string>{}, "86401", "-1", "+1", "1.5", "1s", "0x10",
                                     "1e3", " 1", "1 ", "ten", "", "99999999999999999999");
  CAPTURE(value);
  for (const std::string option : {"--timeout=", "--min-validity="}) {
    const app::Error error = ErrorOf([&] {
      static_cast<void>(ParseCommandLine({"token", option + value}));
    });
    CHECK(error.kind() == app::ErrorKind::kUsage);
    CHECK(Contains(error.hint(), "86400"));
  }
}

TEST_CASE("option --help lists the commands, and each command's lists its options") {
  const std::string general = TextOf({"--help"});
  CHECK(general.starts_with("usage: grok-auth [COMMAND] [OPTIONS]\n"));
  for (const std::string& command : kCommands) {
    CAPTURE(command);
    CHECK(Contains(general, "\n  " + command + " "));
    const std::string help = TextOf({command, "--help"});
    CHECK(Contains(help, "grok-auth " + command));
    for (const std::string option : {"profile", "config", "verbose", "help", "version"}) {
      CHECK(Contains(help, "--" + option));
    }
  }
  const std::string token = TextOf({"token", "--help"});
  for (const std::string option :
       {"--bare", "--no-interactive", "--no-browser", "--timeout", "--min-validity"}) {
    CHECK(Contains(token, option));
  }
  CHECK_FALSE(Contains(token, "--json"));
}

TEST_CASE("every option that a command's help lists is one that it takes") {
  for (const std::string& command : kCommands) {
    const std::string help = TextOf({command, "--help"});
    for (std::size_t at = help.find("--"); at != std::string::npos; at = help.find("--", at + 2)) {
      const std::size_t end = help.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
      const std::string option = help.substr(at, end - at);
      CAPTURE(command, option);
      const bool takes_value = end != std::string::npos && help[end] == '=';
      Arguments arguments{command, takes_value ? option + "=1" : option};
      if (command == "ssh") {
        arguments.emplace_back("host");
      }
      CHECK_NOTHROW(ParseCommandLine(arguments));
    }
  }
}

TEST_CASE("option --help and --version win over the other options") {
  CHECK(TextOf({"--bare", "--help"}) == TextOf({"--help"}));
  CHECK(TextOf({"login", "--json", "--help"}) == TextOf({"login", "--help"}));
  CHECK(TextOf({"login", "--json", "--version"}) == TextOf({"--version"}));
}

TEST_CASE("option --version prints name and version, behind every command") {
  const std::string text = TextOf({"--version"});
  CHECK_THAT(text, Catch::Matches("grok-auth [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  for (const std::string& command : kCommands) {
    CHECK(TextOf({command, "--version"}) == text);
  }
}
