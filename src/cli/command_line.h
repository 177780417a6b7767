#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/login.h"
#include "app/token_source.h"

namespace grokauth::cli {

/// The options that every command has.
struct CommonOptions {
  std::optional<std::string> profile;  ///< --profile
  std::optional<std::string> config;   ///< --config
  bool verbose = false;                ///< --verbose
  bool json = false;                   ///< --json, where the command has it
  std::optional<app::Flow> flow;       ///< --device or --loopback, where the command has them
};

struct TokenCommand {
  CommonOptions common;
  app::TokenOptions options;
};
struct LoginCommand {
  CommonOptions common;
  app::LoginOptions options;
};
struct LogoutCommand {
  CommonOptions common;
};
struct RefreshCommand {
  CommonOptions common;
  bool is_worker = false;  ///< --worker, by which the program starts itself
};
struct StatusCommand {
  CommonOptions common;
};
struct SshCommand {
  CommonOptions common;
  bool no_browser = false;
  std::vector<std::string> arguments;  ///< for ssh; not empty
};
/// `unlock-keyring`, by which the program starts itself to have a dialog opened that may never end.
struct UnlockKeyringCommand {};
/// --help or --version: a text for standard output.
struct PrintCommand {
  std::string text;
};

/// The name of the command `UnlockKeyringCommand`; not in the help.
inline constexpr const char* kUnlockKeyringCommand = "unlock-keyring";

using Command = std::variant<TokenCommand, LoginCommand, LogoutCommand, RefreshCommand,
                             StatusCommand, SshCommand, UnlockKeyringCommand, PrintCommand>;

/// Reads the arguments behind the program's name. Throws `app::Error{kUsage}`; options cannot be
/// abbreviated.
[[nodiscard]] Command ParseCommandLine(const std::vector<std::string>& arguments);

/// Whether the arguments, even if they cannot be parsed, ask a command for JSON that has it.
[[nodiscard]] bool AsksForJson(const std::vector<std::string>& arguments);

}  // namespace grokauth::cli
