#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/exec.h"
#include "app/login.h"
#include "app/token_source.h"

namespace grokauth::cli {

/// The options that every command has.
struct CommonOptions {
  std::optional<std::string> profile;  ///< --profile
  std::optional<std::string> config;   ///< --config
  bool verbose = false;                ///< --verbose
  bool json = false;                   ///< answer in JSON: --json, or all that the command prints
  std::optional<app::Flow> flow;       ///< --device or --loopback, where the command has them
};

struct TokenCommand {
  CommonOptions common;
  app::TokenOptions options;
};
struct LoginCommand {
  CommonOptions common;
  app::LoginOptions options;
  bool api_key = false;  ///< store one instead of signing in
};
struct LogoutCommand {
  CommonOptions common;
  bool all = false;  ///< every profile
};
struct RefreshCommand {
  CommonOptions common;
  bool is_worker = false;  ///< --worker, by which the program starts itself
};
struct StatusCommand {
  CommonOptions common;
  bool all = false;  ///< every profile
};
struct ModelsCommand {
  CommonOptions common;
  bool force = false;  ///< ask the server, whatever is kept
  bool all = false;    ///< image and video models too
};
struct StartCommand {
  CommonOptions common;
};
struct PollCommand {
  CommonOptions common;
  std::optional<std::string> pending_id;  ///< as `start` printed it
};
struct ProfilesCommand {
  CommonOptions common;
};
struct DoctorCommand {
  CommonOptions common;
  bool offline = false;  ///< ask no server
};
struct SetupCommand {
  CommonOptions common;
  bool write = false;  ///< change Grok's configuration instead of printing the lines
};
struct ExecCommand {
  CommonOptions common;
  app::ExecOptions options;
};
struct CredentialCommand {
  CommonOptions common;
  bool no_interactive = false;
  std::string operation;  ///< "get", "store", "erase", or one of a later git
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
                             StatusCommand, ModelsCommand, StartCommand, PollCommand,
                             ProfilesCommand, DoctorCommand, SetupCommand, ExecCommand, SshCommand,
                             CredentialCommand, UnlockKeyringCommand, PrintCommand>;

/// Reads the arguments behind the program's name. Throws `app::Error{kUsage}`; options cannot be
/// abbreviated.
[[nodiscard]] Command ParseCommandLine(const std::vector<std::string>& arguments);

/// Whether the arguments, even if they cannot be parsed, ask a command for JSON that has it.
[[nodiscard]] bool AsksForJson(const std::vector<std::string>& arguments);

}  // namespace grokauth::cli
