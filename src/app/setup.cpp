#include "app/setup.h"

#include <ctime>
#include <variant>
#include <vector>

#include "app/error.h"
#include "app/grok_config.h"
#include "app/grok_config_edit.h"
#include "app/provider_command.h"

namespace grokauth::app {

namespace {

/// A path as a message shows it, whole (PATH_MAX of Linux).
std::string Shown(const std::string& path) {
  constexpr std::size_t kLongestPath = 4096;
  return oauth::Printable(path, kLongestPath);
}

/// The path of this program, with a warning where it will not stay.
std::string OwnPath(Context& context) {
  Programs& programs = context.edges.programs;
  std::string path = programs.OwnPath();
  if (Shown(path) != path) {
    throw Error(ErrorKind::kConfig,
                "Grok's configuration cannot hold the path of grok-auth, '" + Shown(path) + "'",
                "install it where the path is plain text");
  }
  const bool is_build = programs.IsInBuildFolder(path);
  if (programs.Inspect(path) != ProgramKind::kOwn) {
    context.messages.Warn("the file of this program, " + path + ", is gone; run the new one");
  } else if (is_build || path.starts_with("/tmp/") || path.starts_with("/var/tmp/")) {
    context.messages.Warn(path + " is in a " + (is_build ? "build" : "temporary") +
                          " folder; install grok-auth, and run 'setup' of that one");
  }
  return path;
}

/// Whether somebody chose the profile, so that Grok's runs must choose it too: they need not have
/// the environment of this one.
bool IsNamed(const Context& context, const SetupOptions& options) {
  return options.profile || context.environment.profile;
}

ProviderSettings MakeSettings(Context& context, const SetupOptions& options) {
  std::vector<std::string> arguments;
  if (IsNamed(context, options)) {
    arguments.push_back("--profile=" + context.profile.name);
  }
  if (options.config) {
    arguments.push_back("--config=" + context.edges.programs.Absolute(*options.config));
  }
  std::string label = "grok-auth";
  if (IsNamed(context, options)) {
    label += " (" + context.profile.name + ")";
  }
  return {MakeProviderCommand(OwnPath(context), arguments), label};
}

/// Grok's file without a word of ours: what an empty one becomes.
std::string MakeLines(const ProviderSettings& settings) {
  const auto lines = EditGrokConfig("", settings);
  if (const auto* refusal = std::get_if<EditRefusal>(&lines)) {
    throw Error(ErrorKind::kConfig, "the command for Grok cannot be written: " + refusal->reason,
                "use paths that are UTF-8");
  }
  return std::get<std::string>(lines);
}

/// 20261121T064500Z, for the name of a file.
std::string MakeTimeStamp(UnixTime time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::string stamp(16, '\0');
  stamp.resize(std::strftime(stamp.data(), stamp.size() + 1, "%Y%m%dT%H%M%SZ", &utc));
  return stamp;
}

/// Says what of Grok's configuration and the environment goes against the settings.
void WarnOfOthers(Context& context, const GrokConfig& config, const std::string& path,
                  const ProviderSettings& settings) {
  Messages& messages = context.messages;
  if (config.preferred_method == "api_key") {
    messages.Warn("preferred_method = \"api_key\" in " + Shown(path) +
                  " makes Grok talk by an API key, whoever is signed in; remove that line unless "
                  "you want that");
  }
  if (context.environment.provider_command.value_or(settings.command) != settings.command) {
    messages.Warn("GROK_AUTH_PROVIDER_COMMAND is set to something else; a command in " +
                  Shown(path) + " wins over it");
  }
}

void PrintLines(Context& context, const ProviderSettings& settings) {
  const std::string path = GrokConfigPath(context.environment.grok_folder);
  std::string answer = "# For " + Shown(path) + ", where 'grok-auth setup --write' puts it:\n";
  answer += MakeLines(settings);
  answer += "# or, in the environment that Grok starts in, without the '#':\n";
  answer += "# export GROK_AUTH_PROVIDER_COMMAND=" + ShellQuote(settings.command) + "\n";
  context.edges.terminal.WriteAnswer(answer);

  GrokConfig config;
  try {
    config = ParseGrokConfig(context.edges.config_files.Read(path).text.value_or(""));
  } catch (const Error& error) {
    context.messages.Warn(error.what());
  }
  if (config.fault) {
    context.messages.Warn(Shown(path) + ":" + std::to_string(config.fault->line) + ":" +
                          std::to_string(config.fault->column) + ": " + config.fault->reason);
  }
  if (config.provider_command && config.provider_command->value != settings.command) {
    const bool wins = config.provider_command->table == kGrokComTable;
    context.messages.Warn("[" + config.provider_command->table + "] in " + Shown(path) +
                          " has another command" +
                          (wins ? ", which wins over [auth]" : "; replace it"));
  }
  WarnOfOthers(context, config, path, settings);
}

/// What the file is to become.
std::string Edit(const ConfigFile& file, const ProviderSettings& settings) {
  auto edited = EditGrokConfig(file.text.value_or(""), settings);
  if (const auto* refusal = std::get_if<EditRefusal>(&edited)) {
    throw Error(ErrorKind::kConfig, "cannot change '" + Shown(file.path) + "': " + refusal->reason,
                "correct it, or write the lines that 'grok-auth setup' prints into it by hand");
  }
  return std::get<std::string>(edited);
}

/// A run of a profile with an API key hands out no token, and Grok's window ends when it fails.
void WarnOfApiKey(Context& context) {
  const StoredLogin login = context.store.Load();
  if (login.tokens && login.tokens->credential == Credential::kApiKey) {
    context.messages.Warn(
        "profile '" + context.profile.name +
        "' has an API key and no login, so Grok cannot sign in by it: sign in, or "
        "take these lines out again and start Grok by 'grok-auth exec -- grok'");
  }
}

void Write(Context& context, const ProviderSettings& settings, bool is_named) {
  const std::string path = GrokConfigPath(context.environment.grok_folder);
  const ConfigFile file = context.edges.config_files.Read(path);
  const std::string text = Edit(file, settings);
  Messages& messages = context.messages;
  if (text == file.text) {
    messages.Say(Shown(file.path) + " makes Grok run grok-auth already; nothing was changed.");
  } else {
    const std::string backup = context.edges.config_files.Replace(
        file, text, ".backup-" + MakeTimeStamp(context.edges.clock.Now()));
    messages.Say(Shown(file.path) + " makes Grok run: " + Shown(settings.command));
    if (!backup.empty()) {
      messages.Say("The old file is " + Shown(backup));
    }
    messages.Say("Restart Grok. It signs in by itself, or you do now with 'grok-auth login" +
                 (is_named ? " --profile " + context.profile.name : "") + "'.");
  }
  const GrokConfig config = ParseGrokConfig(text);
  if (config.provider_command && config.provider_command->table == kGrokComTable) {
    messages.Say("The command is in [grok_com_config], because that wins over [auth].");
  }
  WarnOfOthers(context, config, file.path, settings);
}

}  // namespace

void SetUpGrok(Context& context, const SetupOptions& options) {
  const ProviderSettings settings = MakeSettings(context, options);
  if (options.write) {
    WarnOfApiKey(context);
    Write(context, settings, IsNamed(context, options));
  } else {
    PrintLines(context, settings);
  }
}

}  // namespace grokauth::app
