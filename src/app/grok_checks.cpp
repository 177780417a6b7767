#include "app/grok_checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/provider_command.h"
#include "oauth/encoding.h"

namespace grokauth::app {

namespace {

using Outcome = Check::Outcome;
using Checks = std::vector<Check>;
/// Major, minor, patch.
using Version = std::array<unsigned, 3>;

constexpr const char* kSetupFix = "run 'grok-auth setup --write', then restart Grok";
constexpr const char* kCheckName = "grok";
constexpr const char* kConfigName = "grok-config";
constexpr const char* kProviderName = "provider";
constexpr const char* kApiKeyName = "api-key";
constexpr const char* kExecName = "exec";
constexpr const char* kOtherName = "other-one";
constexpr const char* kVariableName = "variable";
constexpr const char* kMethodName = "method";

/// A path or a command as a message shows it.
std::string Shown(const std::string& text) {
  constexpr std::size_t kLongest = 1000;
  return oauth::Printable(text, kLongest);
}

/// The first word of `text` that is three numbers with dots in between.
std::optional<Version> ParseVersion(std::string_view text) {
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i > 0 && text[i - 1] != ' ') {
      continue;
    }
    Version version{};
    const char* at = text.data() + i;
    bool is_version = true;
    for (std::size_t part = 0; part < version.size() && is_version; ++part) {
      const bool has_dot = part == 0 || (at != end && *at == '.');
      const auto [next, error] =
          std::from_chars(at + (part > 0 && has_dot ? 1 : 0), end, version[part]);
      is_version = has_dot && error == std::errc();
      at = next;
    }
    if (is_version) {
      return version;
    }
  }
  return std::nullopt;
}

void CheckProgram(const std::string& path, Programs& programs, Checks& checks) {
  if (path.empty()) {
    checks.push_back({Outcome::kNote, kCheckName, "there is no grok in PATH", ""});
    return;
  }
  constexpr std::chrono::seconds kPatience(5);
  const std::optional<std::string> line = programs.FirstLine(path, {"--version"}, kPatience);
  const std::optional<Version> version = line ? ParseVersion(*line) : std::nullopt;
  if (!version) {
    checks.push_back({Outcome::kNote, kCheckName, Shown(path) + " does not tell its version", ""});
    return;
  }
  const std::string finding = Shown(*line) + " at " + Shown(path);
  // The first versions that read a broken answer as an error, and that leave GROK_AUTH_EXPIRED
  // unset when a person signs in (Grok's public history: a881e67, e5478ef).
  constexpr Version kFailsClosed{0, 2, 106};
  constexpr Version kTellsSignInApart{0, 2, 119};
  if (*version < kFailsClosed) {
    checks.push_back({Outcome::kNote, kCheckName,
                      finding + ", which may take the words of a failure for a token",
                      "update Grok; until then run 'grok-auth login' before you start it"});
  } else if (*version < kTellsSignInApart) {
    checks.push_back({Outcome::kNote, kCheckName,
                      finding + ", which asks for a refresh when 'grok login' means a sign-in",
                      "update Grok, or run 'grok-auth login' before 'grok login'"});
  } else {
    checks.push_back({Outcome::kGood, kCheckName, finding, ""});
  }
}

/// The command that Grok runs, and what sets it.
struct Origin {
  std::string command;
  std::string origin;
};

std::optional<Origin> FindCommand(const GrokConfig& config, const Environment& environment) {
  if (config.provider_command) {
    return Origin{config.provider_command->value,
                  "[" + config.provider_command->table + "] of config.toml"};
  }
  if (environment.provider_command) {
    return Origin{*environment.provider_command, "GROK_AUTH_PROVIDER_COMMAND"};
  }
  return std::nullopt;
}

/// The check of what is at the path of the command.
Check CheckPath(const std::string& path, Programs& programs) {
  const std::string own = programs.OwnPath();
  switch (programs.Inspect(path)) {
    case ProgramKind::kAbsent:
      return {Outcome::kTrouble, kProviderName,
              "Grok is to run " + Shown(path) + ", which is not there", kSetupFix};
    case ProgramKind::kNotExecutable:
      return {Outcome::kTrouble, kProviderName,
              "Grok is to run " + Shown(path) + ", which is no program that you may run",
              kSetupFix};
    case ProgramKind::kOther:
      return {Outcome::kNote, kProviderName,
              "Grok runs " + Shown(path) + ", this program is " + Shown(own),
              "run 'grok-auth setup --write' if Grok is to run this one"};
    case ProgramKind::kOwn:
      break;
  }
  return {Outcome::kGood, kProviderName, "Grok runs " + Shown(path), ""};
}

void CheckCommand(const Origin& origin, Programs& programs, Checks& checks) {
  const std::optional<ProviderCommand> command = ParseProviderCommand(origin.command);
  if (!command) {
    checks.push_back(
        {Outcome::kNote, kProviderName,
         "Grok runs another command, which cannot be checked (" + Shown(origin.origin) + ")", ""});
    return;
  }
  if (!command->program.starts_with("/")) {
    checks.push_back({Outcome::kNote, kProviderName,
                      "Grok runs '" + Shown(command->program) + "', wherever its PATH has it",
                      "give the absolute path: run 'grok-auth setup --write'"});
    return;
  }
  Check check = CheckPath(command->program, programs);
  check.finding += " (" + Shown(origin.origin) + ")";
  checks.push_back(std::move(check));
  if (!command->has_exec) {
    checks.push_back({Outcome::kNote, kExecName,
                      "the command has no 'exec' in front: Grok's signals end a shell, not the run",
                      "run 'grok-auth setup --write'"});
  }
}

/// Of a profile with an API key, which a provider run cannot hand out: Grok's window ends when its
/// provider fails.
Check CheckProviderOfKey(const std::optional<Origin>& origin) {
  if (!origin) {
    return {Outcome::kGood, kProviderName,
            "none, as it must be: the API key reaches Grok by 'grok-auth exec -- grok'", ""};
  }
  return {Outcome::kTrouble, kProviderName,
          "Grok is to run a provider (" + Shown(origin->origin) +
              "), but the profile has an API key and no login",
          "remove that setting and start Grok by 'grok-auth exec -- grok', or sign in with "
          "'grok-auth login'"};
}

/// The provider command, and what keeps Grok from running it.
void CheckProvider(const GrokConfig& config, const Environment& environment, bool has_grok,
                   Programs& programs, Checks& checks) {
  const std::optional<Origin> origin = FindCommand(config, environment);
  if (!origin) {
    checks.push_back({has_grok ? Outcome::kTrouble : Outcome::kNote, kProviderName,
                      "Grok is not told to run grok-auth", kSetupFix});
    return;
  }
  CheckCommand(*origin, programs, checks);
  if (config.hidden_provider_command.value_or(origin->command) != origin->command) {
    checks.push_back(
        {Outcome::kNote, kOtherName, "[auth] has another command, which [grok_com_config] hides",
         "remove one of the two from " + Shown(GrokConfigPath(environment.grok_folder))});
  }
  if (environment.provider_command.value_or(origin->command) != origin->command) {
    checks.push_back({Outcome::kNote, kVariableName,
                      "GROK_AUTH_PROVIDER_COMMAND is set to something else; the file wins over it",
                      "unset it"});
  }
  if (config.preferred_method == "api_key") {
    checks.push_back({Outcome::kTrouble, kMethodName,
                      "preferred_method = \"api_key\" makes Grok talk by an API key, whoever is "
                      "signed in",
                      "remove that key from " + Shown(GrokConfigPath(environment.grok_folder)) +
                          ", unless you use Grok with an API key"});
  }
}

/// Grok's order is: the key of a model, the token of a session, XAI_API_KEY.
void CheckApiKey(const GrokConfig& config, const Environment& environment, Checks& checks) {
  if (!environment.has_xai_api_key) {
    return;
  }
  if (config.disable_api_key_auth || config.has_force_login_team) {
    checks.push_back(
        {Outcome::kNote, kApiKeyName,
         std::string("XAI_API_KEY is set as well; ") +
             (config.disable_api_key_auth ? "disable_api_key_auth" : "force_login_team_uuid") +
             " keeps Grok from using it",
         ""});
  } else if (config.preferred_method == "api_key") {
    checks.push_back({Outcome::kNote, kApiKeyName,
                      "XAI_API_KEY is set, and preferred_method makes Grok use it", ""});
  } else {
    checks.push_back({Outcome::kNote, kApiKeyName,
                      "XAI_API_KEY is set as well; Grok uses it only while it has no token", ""});
  }
}

}  // namespace

std::vector<Check> CheckGrok(const GrokConfig& config, const Environment& environment,
                             Programs& programs, bool has_api_key) {
  Checks checks;
  const std::string grok = programs.Find("grok");
  CheckProgram(grok, programs, checks);
  const std::string path = Shown(GrokConfigPath(environment.grok_folder));
  if (config.unreadable) {
    checks.push_back({Outcome::kTrouble, kConfigName, Shown(*config.unreadable),
                      "Grok reads it, too: see that it is a plain file that you may read"});
  } else if (config.fault) {
    checks.push_back({Outcome::kTrouble, kConfigName,
                      path + " is not TOML: line " + std::to_string(config.fault->line) +
                          ", column " + std::to_string(config.fault->column) + ": " +
                          config.fault->reason,
                      "correct that line"});
  } else if (has_api_key) {
    checks.push_back(CheckProviderOfKey(FindCommand(config, environment)));
  } else {
    CheckProvider(config, environment, !grok.empty(), programs, checks);
  }
  CheckApiKey(config, environment, checks);
  return checks;
}

}  // namespace grokauth::app
