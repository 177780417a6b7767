#include "app/git_config.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace grokauth::app;
using Strings = std::vector<std::string>;

namespace {

GitHost Host(const std::string& text) {
  return ParseGitHost(text).value();
}

/// What git writes for these settings, "NAME=VALUE".
std::string Output(const Strings& settings) {
  std::string text;
  for (std::string setting : settings) {
    setting[setting.find('=')] = '\n';
    text += setting + '\0';
  }
  return text;
}

Strings Helpers(const std::string& host, const Strings& settings) {
  return HelpersFor(Host(host), ParseGitSettings(Output(settings)));
}

bool IsUsed(const std::string& pattern, const std::string& host) {
  return !Helpers(host, {"credential." + pattern + ".helper=x"}).empty();
}

}  // namespace

TEST_CASE("git's settings are read as it writes them") {
  const std::vector<GitSetting> settings = ParseGitSettings(
      Output({"credential.helper=store", "credential.https://git.example:8443/a.b.helper=!f() {\n}",
              "credential.usehttppath=", "credential.Git.Example.username=ada=grace"}));
  REQUIRE(settings.size() == 4);
  CHECK((settings[0].url.empty() && settings[0].key == "helper" && settings[0].value == "store"));
  CHECK((settings[1].url == "https://git.example:8443/a.b" && settings[1].key == "helper"));
  CHECK(settings[1].value == "!f() {\n}");
  CHECK((settings[2].key == "usehttppath" && settings[2].value.empty()));
  CHECK((settings[3].url == "Git.Example" && settings[3].value == "ada=grace"));
  CHECK(ParseGitSettings("").empty());
  CHECK(ParseGitSettings("credential.helper").front().value.empty());
  CHECK(ParseGitSettings("x").front().key.empty());
}

TEST_CASE(
    "helpers are asked in the order of the configuration, and an empty one empties the list") {
  const Strings settings{"credential.helper=store", "credential.https://git.example.helper=",
                         "credential.https://git.example.helper=grok-auth",
                         "credential.helper=cache"};
  CHECK(Helpers("git.example", settings) == Strings{"grok-auth", "cache"});
  CHECK(Helpers("other.example", settings) == Strings{"store", "cache"});
  CHECK(Helpers("git.example", {}).empty());
}

TEST_CASE("a setting for an address is for the hosts that git takes it for") {
  for (const char* pattern :
       {"https://git.example", "https://git.example/", "https://git.example:443", "git.example",
        "https://GIT.example", "https://*.example", "https://ada@git.example", "https://git.*"}) {
    CAPTURE(pattern);
    CHECK(IsUsed(pattern, "git.example"));
  }
  for (const char* pattern :
       {"http://git.example", "https://example", "https://*", "https://*.git.example",
        "https://x.git.example", "https://git.example:8443", "https://git*.example", "https://",
        "https://git.example.evil", "ssh://git.example", "git", "://git.example"}) {
    CAPTURE(pattern);
    CHECK_FALSE(IsUsed(pattern, "git.example"));
  }
  CHECK(IsUsed("https://git.example:8443", "git.example:8443"));
  CHECK_FALSE(IsUsed("https://git.example", "git.example:8443"));
  CHECK(IsUsed("http://127.0.0.1:8080", "127.0.0.1:8080"));
  CHECK(IsUsed("https://[::1]:8443", "[::1]:8443"));
}

TEST_CASE("a setting for a path is for what lies there, and for a host that has it") {
  CHECK(IsUsed("https://git.example/team", "git.example/team"));
  CHECK(IsUsed("https://git.example/team/", "git.example/team/sub"));
  CHECK(IsUsed("https://git.example/team/sub", "git.example/team"));
  CHECK(IsUsed("https://git.example/team", "git.example"));
  CHECK(IsUsed("https://git.example", "git.example/team"));
  CHECK_FALSE(IsUsed("https://git.example/teams", "git.example/team"));
  CHECK_FALSE(IsUsed("https://git.example/team", "git.example/teams"));
}

TEST_CASE("whether git tells the path is what it read last") {
  const auto is_told = [](const Strings& settings) {
    return IsPathTold(Host("git.example/team"), ParseGitSettings(Output(settings)));
  };
  CHECK_FALSE(is_told({}));
  CHECK_FALSE(is_told({"credential.helper=true"}));
  for (const char* value : {"true", "TRUE", "yes", "on", "1", "2"}) {
    CHECK(is_told({std::string("credential.usehttppath=") + value}));
  }
  for (const char* value : {"false", "No", "off", "0", ""}) {
    CHECK_FALSE(is_told({std::string("credential.usehttppath=") + value}));
  }
  CHECK(is_told({"credential.usehttppath=false", "credential.https://git.example.usehttppath=1"}));
  CHECK_FALSE(is_told({"credential.usehttppath=1", "credential.git.example.usehttppath=0"}));
  CHECK_FALSE(is_told({"credential.https://other.example.usehttppath=1"}));
}

TEST_CASE("the value of a helper is a name, a path or a shell command") {
  const auto [value, name, program] = GENERATE(table<std::string, std::string, std::string>({
      {"grok-auth", "grok-auth", "git-credential-grok-auth"},
      {"grok-auth --profile work", "grok-auth", "git-credential-grok-auth"},
      {"cache --timeout=60", "cache", "git-credential-cache"},
      {"/usr/bin/git-credential-grok-auth", "grok-auth", "/usr/bin/git-credential-grok-auth"},
      {"/usr/bin/grok-auth credential", "grok-auth", "/usr/bin/grok-auth"},
      {"/opt/a\\ b/grok-auth credential", "grok-auth", "/opt/a b/grok-auth"},
      {"!grok-auth credential", "grok-auth", "grok-auth"},
      {"!'/opt/a b/grok-auth' --profile=x credential", "grok-auth", "/opt/a b/grok-auth"},
      {"!exec /usr/bin/grok-auth credential", "grok-auth", "/usr/bin/grok-auth"},
      {"!f() { grok-auth credential \"$@\"; }; f", "grok-auth", ""},
      {"!f() { echo; }; f", "", ""},
      {"!gh auth git-credential", "gh", "gh"},
      {"/usr/lib/git-core/git-credential-libsecret", "libsecret",
       "/usr/lib/git-core/git-credential-libsecret"},
      {"grok-auth2", "grok-auth2", "git-credential-grok-auth2"},
      {"", "", "git-credential-"},
  }));
  CAPTURE(value);
  CHECK(ParseGitHelper(value).name == name);
  CHECK(ParseGitHelper(value).program == program);
  CHECK(IsOwnHelper(value) == (name == "grok-auth"));
  CHECK(StoresTokens(value) == (name == "cache" || name == "libsecret"));
}
