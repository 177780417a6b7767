#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/profile.h"
#include "cli/command_line.h"
#include "cli/process.h"

namespace grokauth::cli {

/// Where our configuration file is, or would be.
[[nodiscard]] std::string ConfigurationPath(const CommonOptions& options, const Process& process);

/// Our configuration file. Throws `Error{kConfig}`.
[[nodiscard]] app::Configuration ReadConfiguration(const CommonOptions& options,
                                                   const Process& process);

/// The text of Grok's configuration file. One that cannot be read counts as empty: it is Grok's to
/// complain.
[[nodiscard]] std::optional<std::string> ReadGrokConfig(const Process& process);

/// Our configuration, and Grok's OIDC settings where they can be the profile. Throws
/// `Error{kConfig}`.
[[nodiscard]] app::Configuration LoadConfiguration(const CommonOptions& options,
                                                   const Process& process);

/// The same with Grok's OIDC settings in any case, for lists. Settings that cannot work are told
/// by `warn`, and left out.
[[nodiscard]] app::Configuration LoadAllProfiles(
    const CommonOptions& options, const Process& process,
    const std::function<void(const std::string& text)>& warn);

}  // namespace grokauth::cli
