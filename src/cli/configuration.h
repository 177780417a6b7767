#pragma once

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

/// The same with the profile that Grok's OIDC settings make in any case, where there are some.
/// Throws `Error{kConfig}`.
[[nodiscard]] app::Configuration LoadAllProfiles(const CommonOptions& options,
                                                 const Process& process);

}  // namespace grokauth::cli
