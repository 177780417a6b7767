#include "app/ssh_plan.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "fixture.h"

using namespace grokauth::app;
using grokauth::test::ErrorOf;
using Words = std::vector<std::string>;
using Use = AddressVerdict::Use;

namespace {

constexpr const char* kFile = R"(
[profile.work]
issuer = "https://id.example"
client_id = "client-1"
redirect_port = 4000
[profile.coded]
issuer = "https://id.example"
client_id = "client-1"
flow = "device"
[profile.browsed]
issuer = "https://id.example"
client_id = "client-1"
flow = "loopback"
)";

struct Given {
  SshOptions options;
  Environment environment;
  std::string top;

  [[nodiscard]] SshPlan Plan() const {
    return PlanSsh(options, ParseConfiguration(top + kFile, "config.toml"), environment);
  }
};

SshPlan PlanFor(const char* profile, std::optional<Flow> flow = std::nullopt) {
  Given given;
  given.options = {profile, flow, false, {"host"}};
  return given.Plan();
}

/// Of the arguments of ssh, what becomes the remote command.
Words CommandOf(const SshPlan& plan) {
  const Words all = MakeSshArguments(plan, {"host"});
  return {std::next(std::find(all.begin(), all.end(), "host")), all.end()};
}

}  // namespace

TEST_CASE("the profile is named as for every command, and the remote host gets its name") {
  Given given;
  given.top = "default_profile = \"coded\"";
  given.environment.profile = "browsed";
  given.options.profile = "work";
  CHECK(given.Plan().profile == "work");
  CHECK(CommandOf(given.Plan()) == Words{"grok-auth", "login", "--profile=work", "--no-browser"});
  given.options.profile.reset();
  CHECK(given.Plan().profile == "browsed");
  given.environment.profile.reset();
  CHECK(given.Plan().profile == "coded");
  given.options.profile = "xai-oauth";
  CHECK(given.Plan().profile == "xai");
}

TEST_CASE("where no profile is named, the remote host's default decides") {
  const SshPlan plan = Given().Plan();
  CHECK_FALSE(plan.profile);
  CHECK_FALSE(plan.flow);
  CHECK(plan.forwarded_port == 56121);
  CHECK(CommandOf(plan) == Words{"grok-auth", "login", "--no-browser"});
}

TEST_CASE("a sign-in by code is asked for as one and needs no forward") {
  const auto [profile, flow] = GENERATE(table<const char*, std::optional<Flow>>({
      {"xai", std::nullopt},
      {"xai", Flow::kDevice},
      {"coded", std::nullopt},
      {"work", Flow::kDevice},
      {"elsewhere", Flow::kDevice},
  }));
  CAPTURE(profile);
  const SshPlan plan = PlanFor(profile, flow);
  CHECK(plan.flow == Flow::kDevice);
  CHECK_FALSE(plan.forwarded_port);
  CHECK(CommandOf(plan) == Words{"grok-auth", "login", std::string("--profile=") + profile,
                                 "--device", "--no-browser"});
}

TEST_CASE("a sign-in that may come back to a port has it forwarded") {
  const auto [profile, flow, port, option] =
      GENERATE(table<const char*, std::optional<Flow>, std::uint16_t, std::string>({
          {"xai", Flow::kLoopback, 56121, "--loopback"},
          {"work", std::nullopt, 4000, ""},
          {"work", Flow::kLoopback, 4000, "--loopback"},
          {"coded", Flow::kLoopback, 56121, "--loopback"},
          {"browsed", std::nullopt, 56121, "--loopback"},
          {"elsewhere", std::nullopt, 56121, ""},
      }));
  CAPTURE(profile);
  const SshPlan plan = PlanFor(profile, flow);
  CHECK(plan.forwarded_port == port);
  Words expected{"grok-auth", "login", std::string("--profile=") + profile};
  if (!option.empty()) {
    expected.push_back(option);
  }
  expected.emplace_back("--no-browser");
  CHECK(CommandOf(plan) == expected);
}

TEST_CASE("GROKAUTH_FLOW overrides the profile's flow, and an option overrides it") {
  Given given;
  given.options.profile = "coded";
  given.environment.flow = "loopback";
  CHECK(given.Plan().flow == Flow::kLoopback);
  given.environment.flow = "auto";
  CHECK(given.Plan().forwarded_port);
  CHECK_FALSE(given.Plan().flow);
  given.environment.flow = "device";
  given.options.flow = Flow::kLoopback;
  CHECK(given.Plan().flow == Flow::kLoopback);
  given.options.flow.reset();
  given.environment.flow = "browser";
  CHECK(ErrorOf([&] { static_cast<void>(given.Plan()); }).kind() == ErrorKind::kUsage);
}

TEST_CASE("a name that cannot be a profile's is not sent anywhere") {
  const std::string name = GENERATE(as<std::string>{}, "", "a b", "$(id)", "../x", "a\nb");
  Given given;
  given.options.profile = name;
  CHECK(ErrorOf([&] { static_cast<void>(given.Plan()); }).kind() == ErrorKind::kUsage);
}

TEST_CASE("the arguments for ssh stand unchanged between our options and the remote command") {
  const Words given{"-p", "2222", "-o", "ProxyCommand=nc -x 'a b' %h %p", "u@h", "-v", "", "$HOME"};
  const Words own{"-o", "ControlPath=none", "-o", "RequestTTY=no", "-o", "RemoteCommand=none"};
  Words expected = own;
  expected.insert(expected.end(), given.begin(), given.end());
  for (const char* word : {"grok-auth", "login", "--profile=xai", "--device", "--no-browser"}) {
    expected.emplace_back(word);
  }
  CHECK(MakeSshArguments(PlanFor("xai"), given) == expected);

  expected = own;
  for (const char* word :
       {"-o", "ExitOnForwardFailure=yes", "-L", "127.0.0.1:56121:127.0.0.1:56121"}) {
    expected.emplace_back(word);
  }
  expected.insert(expected.end(), given.begin(), given.end());
  for (const char* word : {"grok-auth", "login", "--no-browser"}) {
    expected.emplace_back(word);
  }
  CHECK(MakeSshArguments(Given().Plan(), given) == expected);
}

TEST_CASE("a word comes through a POSIX shell as it is") {
  const auto [word, quoted] = GENERATE(table<std::string, std::string>({
      {"grok-auth", "grok-auth"},
      {"--profile=work_2", "--profile=work_2"},
      {"a/b.c:d@e,f+g", "a/b.c:d@e,f+g"},
      {"", "''"},
      {"a b", "'a b'"},
      {"it's", R"('it'\''s')"},
      {"'", R"(''\''')"},
      {"\"", "'\"'"},
      {"$HOME", "'$HOME'"},
      {"`id`", "'`id`'"},
      {"a\nb", "'a\nb'"},
      {"a\\b", "'a\\b'"},
      {"*", "'*'"},
      {"~", "'~'"},
      {"a;b", "'a;b'"},
      {"!!", "'!!'"},
      {"\xc3\xa4", "'\xc3\xa4'"},
  }));
  CHECK(ShellQuoted(word) == quoted);
}

TEST_CASE("only an https address is opened") {
  const std::string url = GENERATE(
      as<std::string>{}, "http://id.example/", "http://127.0.0.1/", "https://", "https:///path",
      "https://user@id.example/", "https://user:pw@id.example/", "https://id.example/a b",
      "https://id.example/\xc3\xa4", "https://id.ex\\ample/", "file:///etc/passwd", "ftp://x.ai/",
      "javascript://x.ai/%0aalert(1)", "--help", "https://id.example/ --new-window", "");
  const char* profile = GENERATE("xai", "work", "elsewhere");
  CAPTURE(url, profile);
  const AddressVerdict verdict = JudgeAddress(url, PlanFor(profile));
  CHECK(verdict.use == Use::kRefuse);
  CHECK_FALSE(verdict.fault.empty());
  CHECK(JudgeAddress(url, Given().Plan()).use == Use::kRefuse);
}

TEST_CASE("the profile xai signs in on x.ai, and so does one that is not named") {
  const auto [url, named, unnamed] = GENERATE(table<const char*, Use, Use>({
      {"https://x.ai/device", Use::kOpen, Use::kOpen},
      {"https://accounts.x.ai/device?user_code=A-B", Use::kOpen, Use::kOpen},
      {"https://AUTH.X.AI:8443/", Use::kOpen, Use::kOpen},
      {"https://evil.example/x.ai", Use::kRefuse, Use::kShow},
      {"https://evilx.ai/", Use::kRefuse, Use::kShow},
      {"https://x.ai.evil.example/", Use::kRefuse, Use::kShow},
      {"https://evil.example/?https://x.ai/", Use::kRefuse, Use::kShow},
      {"https://evil.example#.x.ai", Use::kRefuse, Use::kShow},
  }));
  CAPTURE(url);
  CHECK(JudgeAddress(url, PlanFor("xai")).use == named);
  CHECK(JudgeAddress(url, Given().Plan()).use == unnamed);
  CHECK(JudgeAddress(url, PlanFor("work")).use == Use::kOpen);
  CHECK(JudgeAddress(url, PlanFor("elsewhere")).use == Use::kOpen);
}

TEST_CASE("the address tells the port that the browser goes to in the end") {
  const auto [url, port] = GENERATE(table<const char*, std::optional<std::uint16_t>>({
      {"https://id.example/auth?a=b&redirect_uri=http%3A%2F%2F127.0.0.1%3A4000%2Fcallback", 4000},
      {"https://id.example/auth?redirect_uri=http://localhost:1/", 1},
      {"https://id.example/auth?redirect_uri=https%3A%2F%2Fid.example%3A4000%2F", std::nullopt},
      {"https://id.example/auth?redirect_uri=%zz", std::nullopt},
      {"https://id.example/auth?redirect_uri=", std::nullopt},
      {"https://id.example/device?user_code=A-B", std::nullopt},
      {"https://id.example/device?", std::nullopt},
      {"https://id.example/device", std::nullopt},
  }));
  CAPTURE(url);
  CHECK(RedirectPort(url) == port);
}
