#pragma once

#include <Poco/Util/OptionSet.h>

#include <string>
#include <string_view>
#include <vector>

namespace grokauth::cli {

/// A command as its help describes it.
struct CommandDescription {
  std::string_view name;
  std::string_view summary;
  std::string_view text;
  std::vector<std::string_view> options;    ///< beside those of every command
  std::string_view foreign_arguments = {};  ///< another program's, which come last; empty: none
};

/// Null when there is no such command.
[[nodiscard]] const CommandDescription* FindCommand(std::string_view name);

/// The command's own options and those of every command.
[[nodiscard]] Poco::Util::OptionSet MakeOptionSet(const CommandDescription& command);

/// The text of `grok-auth --help`.
[[nodiscard]] std::string GeneralHelp();

/// The text of `grok-auth COMMAND --help`.
[[nodiscard]] std::string CommandHelp(const CommandDescription& command,
                                      const Poco::Util::OptionSet& options);

}  // namespace grokauth::cli
