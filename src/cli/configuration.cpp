#include "cli/configuration.h"

#include <algorithm>
#include <utility>

#include "app/error.h"
#include "app/grok_config.h"
#include "app/grok_settings.h"

namespace grokauth::cli {

namespace {

/// The file that --config or GROKAUTH_CONFIG names.
const std::optional<std::string>& NamedFile(const CommonOptions& options, const Process& process) {
  return options.config ? options.config : process.environment.config;
}

/// Adds the profile that Grok's OIDC settings make, when there are any. Throws `Error{kConfig}`.
void AddGrokOidcProfile(app::Configuration& configuration, const Process& process) {
  const app::GrokConfig grok_config = app::ParseGrokConfig(ReadGrokConfig(process).value_or(""));
  auto profile = app::MakeGrokOidcProfile(grok_config.oidc, process.environment);
  if (!profile) {
    return;
  }
  configuration.fallback_profile = profile->name;
  const bool is_defined =
      std::any_of(configuration.profiles.begin(), configuration.profiles.end(),
                  [](const app::Profile& own) { return own.name == app::kGrokOidcProfile; });
  if (!is_defined) {
    configuration.profiles.push_back(std::move(*profile));
  }
}

}  // namespace

std::string ConfigurationPath(const CommonOptions& options, const Process& process) {
  return NamedFile(options, process)
      .value_or(process.environment.config_folder + "/grok-auth/config.toml");
}

app::Configuration ReadConfiguration(const CommonOptions& options, const Process& process) {
  const std::string path = ConfigurationPath(options, process);
  const bool is_named = NamedFile(options, process).has_value();
  const std::optional<std::string> text = process.read_config(path, is_named);
  return text ? app::ParseConfiguration(*text, path) : app::DefaultConfiguration();
}

std::optional<std::string> ReadGrokConfig(const Process& process) {
  try {
    return process.read_config(app::GrokConfigPath(process.environment.grok_folder),
                               /*required=*/false);
  } catch (const app::Error&) {
    return std::nullopt;
  }
}

app::Configuration LoadConfiguration(const CommonOptions& options, const Process& process) {
  app::Configuration configuration = ReadConfiguration(options, process);
  const std::optional<std::string> requested =
      app::RequestedProfile(configuration, options.profile, process.environment);
  if (requested.value_or(app::kGrokOidcProfile) == app::kGrokOidcProfile) {
    AddGrokOidcProfile(configuration, process);
  }
  return configuration;
}

app::Configuration LoadAllProfiles(const CommonOptions& options, const Process& process,
                                   const std::function<void(const std::string& text)>& warn) {
  app::Configuration configuration = ReadConfiguration(options, process);
  try {
    AddGrokOidcProfile(configuration, process);
  } catch (const app::Error& error) {
    warn(error.what());
  }
  return configuration;
}

}  // namespace grokauth::cli
