#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grokauth::app {

/// `word` as a POSIX shell reads it back unchanged.
[[nodiscard]] std::string ShellQuote(std::string_view word);

/// The shell command by which Grok is to run `program` with `arguments`. By `exec`: no shell stands
/// in between then, so that Grok's signals reach the program itself.
[[nodiscard]] std::string MakeProviderCommand(const std::string& program,
                                              const std::vector<std::string>& arguments);

/// A shell command that runs one program and nothing else.
struct ProviderCommand {
  bool has_exec = false;  ///< "exec" stands in front
  std::string program;
};

/// Reads `command`; nothing when it is more than words, plain or quoted: an assignment, a variable,
/// a pattern, a second command.
[[nodiscard]] std::optional<ProviderCommand> ParseProviderCommand(std::string_view command);

}  // namespace grokauth::app
