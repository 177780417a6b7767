#include "cli/configuration.h"

#include <algorithm>
#include <utility>

#include "app/error.h"
#include "app/grok_settings.h"

namespace grokauth::cli {

namespace {

/// The file that --config or GROKAUTH_CONFIG names.
const std::optional<std::string>& NamedFile(const CommonOptions& options, const Process& process) {
  return options.config ? options.config : process.environment.config;
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
    return process.read_config(process.environment.grok_folder + "/config.toml",
                               /*required=*/false);
  } catch (const app::Error&) {
    return std::nullopt;
  }
}

namespace {

/// Adds the profile that Grok's OIDC settings make, where there are some.
void AddGrokOidc(app::Configuration& configuration, const Process& process) {
  auto profile = app::ReadGrokOidcProfile(ReadGrokConfig(process), process.environment);
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

app::Configuration LoadConfiguration(const CommonOptions& options, const Process& process) {
  app::Configuration configuration = ReadConfiguration(options, process);
  const std::optional<std::string> requested =
      app::RequestedProfile(configuration, options.profile, process.environment);
  if (requested.value_or(app::kGrokOidcProfile) == app::kGrokOidcProfile) {
    AddGrokOidc(configuration, process);
  }
  return configuration;
}

app::Configuration LoadAllProfiles(const CommonOptions& options, const Process& process) {
  app::Configuration configuration = ReadConfiguration(options, process);
  AddGrokOidc(configuration, process);
  return configuration;
}

}  // namespace grokauth::cli
