#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/git_host.h"

namespace grokauth::app {

/// A setting `credential.KEY` or `credential.URL.KEY` of git's.
struct GitSetting {
  std::string url;  ///< what it is for; empty: everything
  std::string key;  ///< in lower case, as git tells it: "helper", "usehttppath"
  std::string value;
};

/// Reads what `git config --null --get-regexp ^credential\.` writes, in its order.
[[nodiscard]] std::vector<GitSetting> ParseGitSettings(std::string_view output);

/// The helpers that git asks, in this order, for what `host` names (gitcredentials(7),
/// "CONFIGURATION OPTIONS": an empty one empties the list). One for a part of it counts.
[[nodiscard]] std::vector<std::string> HelpersFor(const GitHost& host,
                                                  const std::vector<GitSetting>& settings);

/// Whether git tells its helpers the path of what it wants of `host`.
[[nodiscard]] bool IsPathTold(const GitHost& host, const std::vector<GitSetting>& settings);

/// The name of the helper that this program is.
inline constexpr const char* kOwnHelperName = "grok-auth";

/// A value of `credential.helper` (gitcredentials(7), "CUSTOM HELPERS").
struct GitHelper {
  std::string name;     ///< without path, "git-credential-" and arguments
  std::string program;  ///< what is started; empty when a shell would have to tell
};

[[nodiscard]] GitHelper ParseGitHelper(std::string_view value);

[[nodiscard]] bool IsOwnHelper(const std::string& value);

/// Whether the helper keeps what other helpers answer.
[[nodiscard]] bool StoresTokens(const std::string& value);

}  // namespace grokauth::app
