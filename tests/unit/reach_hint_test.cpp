#include "app/reach_hint.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "fakes.h"

using namespace grokauth::app;
using grokauth::test::FakeMachine;

namespace {

using Lines = std::vector<std::string>;

constexpr std::uint16_t kPort = 56121;

std::string JoinLines(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("the way that ssh came is told by SSH_CONNECTION, else by the machine's name") {
  using Connection = std::optional<std::string>;
  const auto [user, connection, words] = GENERATE(table<std::string, Connection, std::string>({
      {"ada", std::nullopt, "ada@box"},
      {"ada", "203.0.113.9 50000 192.0.2.7 22", "ada@192.0.2.7"},
      {"ada", "203.0.113.9 50000 192.0.2.7 2222", "-p 2222 ada@192.0.2.7"},
      {"ada", "2001:db8::1 50000 2001:db8::2 22", "ada@2001:db8::2"},
      {"ada", "fe80::1%eth0 50000 fe80::2%eth0 2200", "-p 2200 ada@fe80::2%eth0"},
      {"ada", "only three words", "ada@box"},
      {"ada", "UNKNOWN 65535 UNKNOWN 65535", "-p 65535 ada@UNKNOWN"},
      {"ada", "a 1 192.0.2.7 x22", "ada@192.0.2.7"},
      {"ada", "a 1 192.0.2.7 70000", "ada@192.0.2.7"},
      {"ada", "a 1 192.0.2.7 0", "ada@192.0.2.7"},
      // What could do something in a shell, or hide something on a screen, is not printed.
      {"ada", "a 1 $(id) 22", "ada@HOST"},
      {"ada", "a 1 -oProxyCommand=x 22", "ada@HOST"},
      {"ada", "a 1 x;reboot 22", "ada@HOST"},
      {"ada", "a 1 \x1b[2J 22", "ada@HOST"},
      {"ada", "a 1 h\xc3\xb6st 22", "ada@HOST"},
      {"", std::nullopt, "USER@box"},
      {"-lroot", std::nullopt, "USER@box"},
      {"a;reboot", std::nullopt, "USER@box"},
      {"a'b", std::nullopt, "USER@box"},
      {"a`id`", std::nullopt, "USER@box"},
      {"a\nb", std::nullopt, "USER@box"},
      {"a\x1b[2Jb", std::nullopt, "USER@box"},
      {"a\xe2\x80\xae"
       "b",
       std::nullopt, "USER@box"},
      {std::string(400, 'a'), std::nullopt, "USER@box"},
      // Names that ssh takes and a shell would not leave alone.
      {"ACME\\ada", std::nullopt, "'ACME\\ada@box'"},
      {"ada$HOME", std::nullopt, "'ada$HOME@box'"},
      {"ada lovelace", "a 1 192.0.2.7 2222", "-p 2222 'ada lovelace@192.0.2.7'"},
      {"ada@acme.example", std::nullopt, "'ada@acme.example@box'"},
      {"j\xc3\xb6rg", std::nullopt, "'j\xc3\xb6rg@box'"},
      {"a.b_c-d", std::nullopt, "a.b_c-d@box"},
  }));
  CAPTURE(user, connection);
  CHECK(SshWords(MakeSshDestination(user, "box", connection)) == words);
}

TEST_CASE("a machine without a usable name gets a placeholder") {
  const std::string name = GENERATE("", "-box", "b ox", "b;ox");
  CAPTURE(name);
  CHECK(SshWords(MakeSshDestination("ada", name, std::nullopt)) == "ada@HOST");
}

TEST_CASE("the surroundings are told by their marks") {
  Environment environment;
  FakeMachine machine;
  PlaceMarks& marks = environment.marks;
  CHECK(FindSurroundings(environment, machine) == Surroundings::kHere);
  machine.has_container_mark = true;
  CHECK(FindSurroundings(environment, machine) == Surroundings::kContainer);
  machine.has_container_mark = false;
  machine.looks = 0;
  // Each of these goes before those above it.
  marks.container = true;
  CHECK(FindSurroundings(environment, machine) == Surroundings::kContainer);
  marks.pod = true;
  CHECK(FindSurroundings(environment, machine) == Surroundings::kPod);
  environment.is_ssh = true;
  CHECK(FindSurroundings(environment, machine) == Surroundings::kSsh);
  marks.cloud_shell = true;
  CHECK(FindSurroundings(environment, machine) == Surroundings::kCloudShell);
  marks.google_cloud_shell = true;
  CHECK(FindSurroundings(environment, machine) == Surroundings::kGoogleCloudShell);
  marks.codespace = true;
  CHECK(FindSurroundings(environment, machine) == Surroundings::kCodespace);
  CHECK(machine.looks == 0);
}

TEST_CASE("the way to the listener is spelled out for each place") {
  const SshDestination machine{"ada", "192.0.2.7", 2222};
  const auto [surroundings, text] = GENERATE(table<Surroundings, std::string>({
      {Surroundings::kHere,
       "The browser must reach this computer. From another one:\n"
       "  ssh -N -L 56121:127.0.0.1:56121 -p 2222 ada@192.0.2.7\n"
       "  If you come through a jump host, add: -J JUMPHOST\n"
       "  Or in one step: grok-auth ssh -p 2222 ada@192.0.2.7\n"},
      {Surroundings::kSsh,
       "The browser must reach this computer. From the one you sit at:\n"
       "  ssh -N -L 56121:127.0.0.1:56121 -p 2222 ada@192.0.2.7\n"
       "  If you come through a jump host, add: -J JUMPHOST\n"
       "  Or in one step: grok-auth ssh -p 2222 ada@192.0.2.7\n"},
      {Surroundings::kContainer,
       "The browser must reach port 56121 of this container's own 127.0.0.1,\n"
       "where published ports (docker run -p) do not lead. In a container that was\n"
       "started with --network=host, it is the port of the host.\n"
       "Or run 'grok-auth login' on a terminal here: it takes the\n"
       "address that the browser ends at.\n"},
      {Surroundings::kPod,
       "The browser must reach this pod. From the computer you sit at:\n"
       "  kubectl port-forward 192.0.2.7 56121\n"
       "  If the pod is not in your default namespace, add: -n NAMESPACE\n"
       "Or run 'grok-auth login' on a terminal here: it takes the\n"
       "address that the browser ends at.\n"},
      {Surroundings::kCodespace,
       "The browser must reach this codespace. VS Code on your computer forwards the\n"
       "port by itself; without it, from the computer you sit at:\n"
       "  gh codespace ports forward 56121:56121\n"
       "Or run 'grok-auth login' on a terminal here: it takes the\n"
       "address that the browser ends at.\n"},
      {Surroundings::kGoogleCloudShell,
       "The browser must reach this cloud shell. From the computer you sit at:\n"
       "  gcloud cloud-shell ssh --ssh-flag=\"-L 56121:127.0.0.1:56121\"\n"
       "Or run 'grok-auth login' on a terminal here: it takes the\n"
       "address that the browser ends at.\n"},
      {Surroundings::kCloudShell,
       "The browser must reach port 56121 of this cloud shell's own 127.0.0.1. If it\n"
       "can forward ports, forward it to port 56121 of the computer you sit at.\n"
       "Or run 'grok-auth login' on a terminal here: it takes the\n"
       "address that the browser ends at.\n"},
  }));
  CHECK(JoinLines(ReachHint(surroundings, machine, kPort, std::nullopt, false)) == text);
}

TEST_CASE("what can be pasted is said, and the profile is named where commands need it") {
  const SshDestination machine{"ada", "box", std::nullopt};
  const Lines pasting = {
      "Or open the address anywhere, and paste here the address that the browser",
      "ends at, or the code that the page shows."};
  for (const Surroundings surroundings :
       {Surroundings::kHere, Surroundings::kSsh, Surroundings::kContainer, Surroundings::kPod,
        Surroundings::kCodespace, Surroundings::kGoogleCloudShell, Surroundings::kCloudShell}) {
    const Lines lines = ReachHint(surroundings, machine, kPort, "work", true);
    REQUIRE(lines.size() > 2);
    CHECK(Lines(lines.end() - 2, lines.end()) == pasting);
    CHECK(JoinLines(lines).find("grok-auth login") == std::string::npos);
  }
  CHECK(ReachHint(Surroundings::kSsh, machine, kPort, "work", false).back() ==
        "  Or in one step: grok-auth ssh --profile work ada@box");
  const Lines by_login = ReachHint(Surroundings::kPod, machine, kPort, "work", false);
  CHECK(Lines(by_login.end() - 2, by_login.end()) ==
        Lines{"Or run 'grok-auth login --profile work' on a terminal here: it takes the",
              "address that the browser ends at."});
}
