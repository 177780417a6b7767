#include "app/git_checks.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/git_config.h"
#include "app/provider_command.h"
#include "oauth/encoding.h"

namespace grokauth::app {

namespace {

using Outcome = Check::Outcome;
using Checks = std::vector<Check>;

constexpr const char* kName = "git";
constexpr const char* kOtherName = "git-others";
constexpr const char* kPathName = "git-path";
constexpr const char* kProgramName = "git-program";
constexpr const char* kLinkName = "git-credential-grok-auth";
constexpr std::chrono::seconds kPatience{2};
// The exit status of `git config` when no key matches.
constexpr int kNoSuchKey = 1;

std::string Shown(std::string_view text) {
  constexpr std::size_t kLongest = 1000;
  return oauth::Printable(text, kLongest);
}

std::string TextOf(const GitHost& host) {
  return host.authority + (host.path.empty() ? "" : "/") + host.path;
}

/// Words for a message, each once.
struct Names {
  void Add(const std::string& name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) {
      list.push_back(name);
    }
  }
  [[nodiscard]] std::string Text() const {
    std::string text;
    for (const std::string& name : list) {
      text += (text.empty() ? "" : ", ") + name;
    }
    return Shown(text);
  }

  std::vector<std::string> list;
};

std::vector<GitHost> HostsOf(const std::vector<Profile>& profiles) {
  std::vector<GitHost> hosts;
  for (const Profile& profile : profiles) {
    if (!profile.is_xai || profile.git_hosts != MakeXaiProfile().git_hosts) {
      hosts.insert(hosts.end(), profile.git_hosts.begin(), profile.git_hosts.end());
    }
  }
  return hosts;
}

/// What git does for hosts that are named.
class GitExamination {
 public:
  GitExamination(std::string git, std::vector<GitSetting> settings, Programs& programs)
      : git_(std::move(git)), settings_(std::move(settings)), programs_(programs) {}

  Checks Run(const std::vector<GitHost>& hosts) {
    Checks checks;
    Names asked;
    for (const GitHost& host : hosts) {
      const std::vector<std::string> helpers = HelpersFor(host, settings_);
      const auto own = std::find_if(helpers.begin(), helpers.end(), IsOwnHelper);
      if (own == helpers.end()) {
        unasked_.push_back(host);
        continue;
      }
      asked.Add(TextOf(host));
      own_.Add(*own);
      const auto storing = std::find_if(helpers.begin(), helpers.end(), StoresTokens);
      if (storing != helpers.end()) {
        shared_.push_back({host, *storing});
      }
      if (!host.path.empty() && !IsPathTold(host, settings_)) {
        without_path_.push_back(host);
      }
    }
    if (unasked_.empty()) {
      checks.push_back({Outcome::kGood, kName, "git asks grok-auth for " + asked.Text(), ""});
    } else {
      checks.push_back(CheckUnasked());
    }
    AddPrograms(checks);
    AddShared(checks);
    AddWithoutPath(checks);
    return checks;
  }

 private:
  /// Where git finds the helper that a plain name stands for; empty when nowhere.
  std::string FindProgram(const std::string& program) {
    if (program.find('/') != std::string::npos) {
      return program;
    }
    if (!exec_path_) {
      exec_path_ = programs_.FirstLine(git_, {"--exec-path"}, kPatience).value_or("");
    }
    const std::string own = *exec_path_ + "/" + program;
    return programs_.Inspect(own) == ProgramKind::kAbsent ? programs_.Find(program) : own;
  }

  /// The commands that make git ask this program for `host` before all others that it has now.
  std::string MakeCommands(const GitHost& host, bool is_alone) {
    const bool has_link = programs_.Inspect(FindProgram(kLinkName)) == ProgramKind::kOwn;
    const std::string value =
        has_link ? kOwnHelperName : ShellQuote(ShellQuote(programs_.OwnPath()) + " credential");
    const std::string add = "  git config --global --add credential.";
    const std::string key = ShellQuote("https://" + host.authority) + ".helper ";
    return is_alone ? add + "helper " + value : add + key + "''\n" + add + key + value;
  }

  Check CheckUnasked() {
    Names names;
    for (const GitHost& host : unasked_) {
      names.Add(TextOf(host));
    }
    const bool is_alone = HelpersFor(unasked_.front(), settings_).empty();
    return {Outcome::kTrouble, kName, "git does not ask grok-auth for " + names.Text(),
            "make grok-auth a helper of git's" +
                std::string(is_alone ? "" : ", in place of others for that host") + ":\n" +
                MakeCommands(unasked_.front(), is_alone)};
  }

  void AddPrograms(Checks& checks) {
    for (const std::string& value : own_.list) {
      const GitHelper helper = ParseGitHelper(value);
      if (helper.program.empty()) {
        checks.push_back({Outcome::kNote, kProgramName,
                          "git runs '" + Shown(value) + "', which cannot be checked", ""});
        continue;
      }
      const std::string path = FindProgram(helper.program);
      const ProgramKind kind = path.empty() ? ProgramKind::kAbsent : programs_.Inspect(path);
      if (kind == ProgramKind::kOther) {
        checks.push_back(
            {Outcome::kNote, kProgramName,
             "git runs " + Shown(path) + ", this program is " + Shown(programs_.OwnPath()),
             "make it a link to this program if git is to run this one"});
      } else if (kind != ProgramKind::kOwn) {
        checks.push_back(
            {Outcome::kTrouble, kProgramName,
             "git is to run " + Shown(path.empty() ? helper.program : path) +
                 (kind == ProgramKind::kAbsent ? ", which is not there"
                                               : ", which is no program that you may run"),
             "make a link of that name to this program, where git finds it:\n  ln -s " +
                 ShellQuote(programs_.OwnPath()) + " /usr/local/bin/" + kLinkName});
      }
    }
  }

  void AddShared(Checks& checks) {
    if (!shared_.empty()) {
      const auto& [host, value] = shared_.front();
      checks.push_back({Outcome::kNote, kOtherName,
                        "git gives the tokens for " + Shown(TextOf(host)) + " to '" + Shown(value) +
                            "', too, which stores them and hands them out after they have expired",
                        "make grok-auth the only helper for that host:\n" +
                            MakeCommands(host, /*is_alone=*/false)});
    }
  }

  void AddWithoutPath(Checks& checks) {
    if (!without_path_.empty()) {
      const GitHost& host = without_path_.front();
      checks.push_back({Outcome::kTrouble, kPathName,
                        "git tells no paths, so nobody answers for " + Shown(TextOf(host)),
                        "let it tell them:\n  git config --global credential." +
                            ShellQuote("https://" + host.authority) + ".useHttpPath true"});
    }
  }

  std::string git_;
  std::vector<GitSetting> settings_;
  Programs& programs_;
  std::optional<std::string> exec_path_;
  std::vector<GitHost> unasked_;
  std::vector<std::pair<GitHost, std::string>> shared_;  ///< and who stores its tokens
  std::vector<GitHost> without_path_;
  Names own_;  ///< the values by which git runs this program
};

}  // namespace

std::vector<Check> CheckGit(const std::vector<Profile>& profiles, Programs& programs) {
  const std::vector<GitHost> hosts = HostsOf(profiles);
  const std::string git = programs.Find("git");
  if (git.empty()) {
    return hosts.empty() ? Checks()
                         : Checks{{Outcome::kNote, kName, "there is no git in PATH", ""}};
  }
  const std::optional<ProgramOutput> output =
      programs.Run(git, {"config", "--null", "--get-regexp", "^credential\\."}, kPatience);
  if (!output || output->status > kNoSuchKey) {
    return hosts.empty() ? Checks()
                         : Checks{{Outcome::kNote, kName, "git does not tell its configuration",
                                   "run 'git config --list', which may say why"}};
  }
  std::vector<GitSetting> settings = ParseGitSettings(output->text);
  if (!hosts.empty()) {
    return GitExamination(git, std::move(settings), programs).Run(hosts);
  }
  const bool is_asked = std::any_of(settings.begin(), settings.end(), [](const GitSetting& one) {
    return one.key == "helper" && IsOwnHelper(one.value);
  });
  return is_asked
             ? Checks{{Outcome::kNote, kName, "git asks grok-auth, but no profile names a host",
                       "add 'hosts' to a table [profile.NAME.git]; see grok-auth.toml(5)"}}
             : Checks();
}

}  // namespace grokauth::app
