#include "app/git_config.h"

#include <Poco/String.h>

#include <algorithm>
#include <array>

#include "app/provider_command.h"
#include "oauth/metadata.h"

namespace grokauth::app {

namespace {

constexpr std::string_view kSection = "credential.";
constexpr std::string_view kHelperPrefix = "git-credential-";

GitSetting ParseSetting(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view name = text.substr(0, end);
  name.remove_prefix(std::min(kSection.size(), name.size()));
  const std::size_t dot = name.rfind('.');
  GitSetting setting;
  setting.url = dot == std::string_view::npos ? "" : name.substr(0, dot);
  setting.key = dot == std::string_view::npos ? name : name.substr(dot + 1);
  setting.value = text.substr(std::min(end + 1, text.size()));
  return setting;
}

std::vector<std::string_view> Labels(std::string_view name) {
  std::vector<std::string_view> labels;
  while (true) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    labels.push_back(name.substr(0, dot));
    if (dot == name.size()) {
      return labels;
    }
    name.remove_prefix(dot + 1);
  }
}

/// A `*` stands for a label (git-config(1), `http.<url>.*`).
bool IsNameMatched(std::string_view pattern, std::string_view name) {
  const std::vector<std::string_view> wanted = Labels(pattern);
  const std::vector<std::string_view> labels = Labels(name);
  return std::equal(
      wanted.begin(), wanted.end(), labels.begin(), labels.end(),
      [](std::string_view one, std::string_view label) { return one == "*" || one == label; });
}

/// Whether `pattern`, a host with or without a port, is the authority of `host`.
bool IsAuthorityMatched(const std::string& scheme, const std::string& pattern,
                        const GitHost& host) {
  std::string parsable = pattern;
  std::replace(parsable.begin(), parsable.end(), '*', 'x');
  const std::optional<oauth::UrlParts> wanted = oauth::ParseUrl(scheme + "://" + parsable);
  const std::optional<oauth::UrlParts> named = oauth::ParseUrl(scheme + "://" + host.authority);
  if (!wanted || !named || wanted->port != named->port ||
      (scheme == "http" && !oauth::IsLoopbackHost(named->host))) {
    return false;
  }
  return parsable == pattern
             ? wanted->host == named->host
             : IsNameMatched(Poco::toLower(pattern.substr(0, pattern.find(':'))), named->host);
}

bool IsBelow(std::string_view path, std::string_view folder) {
  return folder.empty() || path == folder || path.starts_with(std::string(folder) + "/");
}

std::string_view WithoutOuterSlashes(std::string_view path) {
  const std::size_t start = std::min(path.find_first_not_of('/'), path.size());
  const std::size_t end = path.find_last_not_of('/');
  return end == std::string_view::npos ? "" : path.substr(start, end + 1 - start);
}

/// Whether git uses a setting for `pattern`, which may lack the scheme, for a part of `host` at
/// least.
bool IsFor(std::string_view pattern, const GitHost& host) {
  if (pattern.empty()) {
    return true;
  }
  const std::size_t colon = pattern.find("://");
  const std::string scheme(colon == std::string_view::npos ? "https" : pattern.substr(0, colon));
  pattern.remove_prefix(colon == std::string_view::npos ? 0 : colon + 3);
  const std::size_t slash = std::min(pattern.find('/'), pattern.size());
  const std::string_view path = WithoutOuterSlashes(pattern.substr(slash));
  std::string_view authority = pattern.substr(0, slash);
  authority.remove_prefix(authority.rfind('@') + 1);  // 0 without a user
  return IsAuthorityMatched(scheme, std::string(authority), host) &&
         (IsBelow(host.path, path) || IsBelow(path, host.path));
}

/// As git reads a truth value.
bool IsTrue(const std::string& value) {
  constexpr std::array<std::string_view, 5> kFalse = {"", "false", "no", "off", "0"};
  return std::find(kFalse.begin(), kFalse.end(), Poco::toLower(value)) == kFalse.end();
}

std::string NameOf(std::string_view program) {
  program.remove_prefix(program.rfind('/') + 1);
  program.remove_prefix(program.starts_with(kHelperPrefix) ? kHelperPrefix.size() : 0);
  return std::string(program);
}

}  // namespace

std::vector<GitSetting> ParseGitSettings(std::string_view output) {
  std::vector<GitSetting> settings;
  while (!output.empty()) {
    const std::size_t end = std::min(output.find('\0'), output.size());
    settings.push_back(ParseSetting(output.substr(0, end)));
    output.remove_prefix(std::min(end + 1, output.size()));
  }
  return settings;
}

std::vector<std::string> HelpersFor(const GitHost& host, const std::vector<GitSetting>& settings) {
  std::vector<std::string> helpers;
  for (const GitSetting& setting : settings) {
    if (setting.key != "helper" || !IsFor(setting.url, host)) {
      continue;
    }
    if (setting.value.empty()) {
      helpers.clear();
    } else {
      helpers.push_back(setting.value);
    }
  }
  return helpers;
}

bool IsPathTold(const GitHost& host, const std::vector<GitSetting>& settings) {
  bool is_told = false;
  for (const GitSetting& setting : settings) {
    if (setting.key == "usehttppath" && IsFor(setting.url, host)) {
      is_told = IsTrue(setting.value);
    }
  }
  return is_told;
}

GitHelper ParseGitHelper(std::string_view value) {
  const bool is_shell = value.starts_with('!');
  if (!is_shell && !value.starts_with('/')) {
    const std::string name(value.substr(0, std::min(value.find(' '), value.size())));
    return {name, std::string(kHelperPrefix) + name};
  }
  value.remove_prefix(is_shell ? 1 : 0);
  if (const std::optional<ProviderCommand> command = ParseProviderCommand(value)) {
    return {NameOf(command->program), command->program};
  }
  const bool is_own = value.find(kOwnHelperName) != std::string_view::npos;
  return {is_own ? kOwnHelperName : "", ""};
}

bool IsOwnHelper(const std::string& value) {
  return ParseGitHelper(value).name == kOwnHelperName;
}

bool StoresTokens(const std::string& value) {
  // Those of git itself, of its contrib folder, and of Git Credential Manager.
  constexpr std::array<std::string_view, 8> kStoring = {
      "store",   "cache",       "libsecret", "gnome-keyring",
      "wincred", "osxkeychain", "manager",   "manager-core"};
  const std::string name = ParseGitHelper(value).name;
  return std::find(kStoring.begin(), kStoring.end(), name) != kStoring.end();
}

}  // namespace grokauth::app
