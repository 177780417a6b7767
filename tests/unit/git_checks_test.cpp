#include "app/git_checks.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Outcome = Check::Outcome;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kLink = "/usr/bin/git-credential-grok-auth";

/// A profile for git.example, and a git that asks this program by its link.
struct World {
  World() {
    profiles = {Answering({"git.example"}), MakeXaiProfile()};
    programs.in_path["git"] = "/usr/bin/git";
    programs.first_lines["/usr/bin/git"] = "/usr/lib/git-core";
    programs.in_path["git-credential-grok-auth"] = kLink;
    programs.found[kLink] = ProgramKind::kOwn;
    Configure({"credential.helper=grok-auth"});
  }

  static Profile Answering(const Strings& hosts) {
    Profile profile = MakeProfile();
    for (const std::string& host : hosts) {
      profile.git_hosts.push_back(ParseGitHost(host).value());
    }
    return profile;
  }

  /// git's settings, "NAME=VALUE".
  void Configure(const Strings& settings) {
    ProgramOutput output{settings.empty() ? 1 : 0, ""};
    for (std::string setting : settings) {
      setting[setting.find('=')] = '\n';
      output.text += setting + '\0';
    }
    programs.outputs["/usr/bin/git"] = output;
  }

  /// The lines as a person would see them: outcome, name, finding, and the fix behind an arrow.
  [[nodiscard]] Strings Lines() {
    Strings lines;
    for (const Check& check : CheckGit(profiles, programs)) {
      const std::string outcome = check.outcome == Outcome::kGood   ? "good "
                                  : check.outcome == Outcome::kNote ? "note "
                                                                    : "trouble ";
      lines.push_back(outcome + check.name + ": " + check.finding +
                      (check.fix.empty() ? "" : " -> " + check.fix));
    }
    return lines;
  }

  std::vector<Profile> profiles;
  FakePrograms programs;
};

}  // namespace

TEST_CASE("a git that asks this program for the hosts of the profiles is good") {
  World world;
  CHECK(world.Lines() == Strings{"good git: git asks grok-auth for git.example"});
  CHECK(world.programs.started == Strings{"/usr/bin/git config --null --get-regexp ^credential\\.",
                                          "/usr/bin/git --exec-path"});
  world.profiles.push_back(World::Answering({"b.example:8443", "git.example"}));
  CHECK(world.Lines() == Strings{"good git: git asks grok-auth for git.example, b.example:8443"});
}

TEST_CASE("this program is found where git finds it") {
  World world;
  SECTION("in its own folder, before PATH") {
    world.programs.found["/usr/lib/git-core/git-credential-grok-auth"] = ProgramKind::kOwn;
    world.programs.found[kLink] = ProgramKind::kOther;
  }
  SECTION("by a path") {
    world.Configure({std::string("credential.helper=") + kLink});
  }
  SECTION("by a command") {
    world.Configure({"credential.helper=!/usr/bin/grok-auth credential"});
  }
  SECTION("by a command in PATH") {
    world.Configure({"credential.helper=!grok-auth credential"});
    world.programs.in_path["grok-auth"] = "/usr/bin/grok-auth";
  }
  SECTION("git does not tell its folder") {
    world.programs.first_lines.clear();
  }
  CHECK(world.Lines().size() == 1);
}

TEST_CASE("of git nothing is said where nobody wants anything of it") {
  World world;
  world.Configure({});
  world.profiles = {MakeXaiProfile(), World::Answering({})};
  SECTION("no helper") {}
  SECTION("helpers of others") {
    world.Configure({"credential.helper=store", "credential.https://a.example.helper=cache"});
  }
  SECTION("no git") {
    world.programs.in_path.clear();
  }
  SECTION("a git that does not answer") {
    world.programs.outputs.clear();
  }
  SECTION("a git whose configuration is broken") {
    world.programs.outputs["/usr/bin/git"].status = 128;
  }
  CHECK(world.Lines().empty());
}

TEST_CASE("a helper without a host to answer for is noted") {
  World world;
  world.profiles = {MakeXaiProfile()};
  world.Configure({"credential.https://git.example.helper=grok-auth"});
  CHECK(world.Lines() ==
        Strings{"note git: git asks grok-auth, but no profile names a host -> add 'hosts' to a "
                "table [profile.NAME.git]; see grok-auth.toml(5)"});
}

TEST_CASE("hosts that the built-in profile is given are looked at") {
  World world;
  world.profiles = {MakeXaiProfile()};
  world.profiles.front().git_hosts.push_back({"git.example", ""});
  CHECK(world.Lines() == Strings{"good git: git asks grok-auth for api.x.ai, git.example"});
}

TEST_CASE("hosts without a git are noted") {
  World world;
  SECTION("there is none") {
    world.programs.in_path.erase("git");
    CHECK(world.Lines() == Strings{"note git: there is no git in PATH"});
  }
  SECTION("it does not answer") {
    world.programs.outputs.clear();
    CHECK_THAT(world.Lines().at(0),
               Catch::StartsWith("note git: git does not tell its configuration -> run 'git conf"));
  }
  SECTION("it cannot read its configuration") {
    world.programs.outputs["/usr/bin/git"].status = 128;
    CHECK_THAT(world.Lines().at(0), Catch::StartsWith("note git: git does not tell"));
  }
}

TEST_CASE("a git that does not ask this program is trouble, with the command that helps") {
  World world;
  world.profiles.push_back(World::Answering({"b.example/team"}));
  SECTION("no helper at all") {
    world.Configure({});
    CHECK(world.Lines() == Strings{"trouble git: git does not ask grok-auth for git.example, "
                                   "b.example/team -> make grok-auth a helper of git's:\n"
                                   "  git config --global --add credential.helper grok-auth"});
  }
  SECTION("for some of the hosts, where another helper is asked") {
    world.Configure({"credential.helper=store", "credential.https://git.example.helper=",
                     "credential.https://git.example.helper=grok-auth"});
    CHECK(world.Lines() ==
          Strings{"trouble git: git does not ask grok-auth for b.example/team -> make grok-auth a "
                  "helper of git's, in place of others for that host:\n"
                  "  git config --global --add credential.https://b.example.helper ''\n"
                  "  git config --global --add credential.https://b.example.helper grok-auth"});
  }
  SECTION("where there is no link to the program") {
    world.Configure({});
    world.programs.in_path.erase("git-credential-grok-auth");
    world.programs.own_path = "/opt/a b/grok-auth";
    CHECK_THAT(world.Lines().at(0),
               Catch::EndsWith("credential.helper ''\\''/opt/a b/grok-auth'\\'' credential'"));
  }
}

TEST_CASE("a program that is not this one, or none, is told") {
  World world;
  SECTION("not found") {
    world.programs.in_path.erase("git-credential-grok-auth");
    CHECK(world.Lines().at(1) ==
          "trouble git-program: git is to run git-credential-grok-auth, which is not there -> make "
          "a link of that name to this program, where git finds it:\n"
          "  ln -s /usr/bin/grok-auth /usr/local/bin/git-credential-grok-auth");
  }
  SECTION("gone") {
    world.Configure({"credential.helper=/gone/git-credential-grok-auth"});
    CHECK_THAT(world.Lines().at(1),
               Catch::StartsWith("trouble git-program: git is to run "
                                 "/gone/git-credential-grok-auth, which is not there -> "));
  }
  SECTION("not executable") {
    world.programs.found[kLink] = ProgramKind::kNotExecutable;
    CHECK_THAT(world.Lines().at(1), Catch::Contains("which is no program that you may run -> "));
  }
  SECTION("another") {
    world.programs.found[kLink] = ProgramKind::kOther;
    CHECK(world.Lines().at(1) ==
          "note git-program: git runs /usr/bin/git-credential-grok-auth, this program is "
          "/usr/bin/grok-auth -> make it a link to this program if git is to run this one");
  }
  SECTION("one that only a shell can tell") {
    world.Configure({"credential.helper=!f() { grok-auth credential $1; }; f \x1b[2J"});
    CHECK(world.Lines().at(1) ==
          "note git-program: git runs '!f() { grok-auth credential $1; }; f [2J', which cannot be "
          "checked");
  }
  CHECK(world.Lines().size() == 2);
  CHECK(world.Lines().at(0) == "good git: git asks grok-auth for git.example");
}

TEST_CASE("each program is looked at once") {
  World world;
  world.programs.in_path.erase("git-credential-grok-auth");
  world.profiles.push_back(World::Answering({"b.example", "c.example"}));
  CHECK(world.Lines().size() == 2);
}

TEST_CASE("a helper that stores what another one answers is noted, wherever it stands") {
  World world;
  const std::string storing =
      GENERATE("store", "cache --timeout 60", "/x/git-credential-libsecret");
  const std::string before = "credential.helper=" + storing;
  const bool is_first = GENERATE(true, false);
  if (is_first) {
    world.Configure({before, "credential.helper=grok-auth"});
  } else {
    world.Configure({"credential.helper=grok-auth", before});
  }
  CHECK(world.Lines() ==
        Strings{"good git: git asks grok-auth for git.example",
                "note git-others: git gives the tokens for git.example to '" + storing +
                    "', too, which stores them and hands them out after they have expired -> make "
                    "grok-auth the only helper for that host:\n"
                    "  git config --global --add credential.https://git.example.helper ''\n"
                    "  git config --global --add credential.https://git.example.helper "
                    "grok-auth"});
}

TEST_CASE("a helper that stores tokens of other hosts is no matter") {
  World world;
  world.Configure({"credential.helper=store", "credential.https://git.example.helper=",
                   "credential.https://git.example.helper=grok-auth"});
  CHECK(world.Lines().size() == 1);
}

TEST_CASE("a helper that stores nothing may come first") {
  World world;
  world.Configure({"credential.helper=!gh auth git-credential", "credential.helper=grok-auth"});
  CHECK(world.Lines().size() == 1);
}

TEST_CASE("an entry with a path needs a git that tells paths") {
  World world;
  world.profiles = {World::Answering({"git.example/team"})};
  SECTION("it does not") {
    CHECK(world.Lines() ==
          Strings{"good git: git asks grok-auth for git.example/team",
                  "trouble git-path: git tells no paths, so nobody answers for git.example/team -> "
                  "let it tell them:\n"
                  "  git config --global credential.https://git.example.useHttpPath true"});
  }
  SECTION("it does") {
    world.Configure({"credential.helper=grok-auth", "credential.usehttppath=true"});
    CHECK(world.Lines().size() == 1);
  }
}
