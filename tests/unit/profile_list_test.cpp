#include "app/profile_list.h"

#include <catch2/catch.hpp>

#include <string>

#include "fakes.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

const std::string kTwo =
    "[profile.home]\nissuer = \"https://home.example\"\nclient_id = \"c\"\n"
    "[profile.work]\nissuer = \"https://work.example\"\nclient_id = \"c\"\n";

std::string Printed(const Configuration& configuration, const Environment& environment, bool json) {
  RecordingTerminal terminal;
  PrintProfiles(configuration, environment, json, terminal);
  REQUIRE(terminal.answers.size() == 1);
  return terminal.answers.front();
}

/// The names that are marked as the default.
std::string Defaults(const Configuration& configuration, const Environment& environment) {
  std::string text = Printed(configuration, environment, /*json=*/true);
  std::string names;
  for (const Profile& profile : configuration.profiles) {
    if (text.find("{\"name\":\"" + profile.name + "\",\"issuer\":\"" + profile.issuer +
                  "\",\"default\":true}") != std::string::npos) {
      names += profile.name + " ";
    }
  }
  return names;
}

}  // namespace

TEST_CASE("profiles are listed by name, the built-in one too") {
  CHECK(Printed(ParseConfiguration("", "c"), {}, false) == "xai\n");
  CHECK(Printed(ParseConfiguration(kTwo, "c"), {}, false) == "home\nwork\nxai\n");
}

TEST_CASE("in JSON a profile has its issuer, and the default one is marked") {
  CHECK(Printed(ParseConfiguration("default_profile = \"work\"\n" + kTwo, "c"), {}, true) ==
        "{\"ok\":true,\"profiles\":["
        "{\"name\":\"home\",\"issuer\":\"https://home.example\",\"default\":false},"
        "{\"name\":\"work\",\"issuer\":\"https://work.example\",\"default\":true},"
        "{\"name\":\"xai\",\"issuer\":\"https://auth.x.ai\",\"default\":false}]}\n");
}

TEST_CASE("the default is that of a run without --profile") {
  Configuration configuration = ParseConfiguration(kTwo, "c");
  Environment environment;
  CHECK(Defaults(configuration, environment) == "xai ");
  configuration.fallback_profile = "home";
  CHECK(Defaults(configuration, environment) == "home ");
  configuration.default_profile = "work";
  CHECK(Defaults(configuration, environment) == "work ");
  environment.profile = "grok-oauth";  // another name of xai
  CHECK(Defaults(configuration, environment) == "xai ");
  environment.profile = "nobody";
  CHECK(Defaults(configuration, environment).empty());
}
