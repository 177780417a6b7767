#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/toml_fault.h"

namespace grokauth::app {

/// The tables of Grok's configuration that hold its sign-in settings. Grok merges the second into
/// the first, whose keys win.
inline constexpr const char* kGrokComTable = "grok_com_config";
inline constexpr const char* kGrokAuthTable = "auth";
inline constexpr const char* kProviderCommandKey = "auth_provider_command";
inline constexpr const char* kProviderLabelKey = "auth_provider_label";

/// A value and the table that gives it.
struct GrokSetting {
  std::string value;
  std::string table;
};

/// Grok's settings for a company's own OpenID provider; what is empty counts as absent.
struct GrokOidcSettings {
  std::optional<std::string> issuer;
  std::optional<std::string> client_id;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::string> audience;
};

/// What of Grok's config.toml concerns signing in.
struct GrokConfig {
  std::optional<std::string> unreadable;  ///< why the file cannot be read; set by whoever reads it
  std::optional<TomlFault> fault;         ///< set: not TOML, and everything else is absent
  std::optional<GrokSetting> provider_command;
  /// The command in `[auth]` that one in `[grok_com_config]` hides.
  std::optional<std::string> hidden_provider_command;
  std::optional<std::string> provider_label;
  std::optional<std::string> preferred_method;  ///< "api_key" or "oidc"
  bool disable_api_key_auth = false;
  bool has_force_login_team = false;  ///< force_login_team_uuid is there
  GrokOidcSettings oidc;
};

/// Reads the text of Grok's config.toml. A key of another type than Grok's counts as absent.
[[nodiscard]] GrokConfig ParseGrokConfig(std::string_view text);

/// Where it is, for messages: `grok_folder` of the environment with the file's name.
[[nodiscard]] std::string GrokConfigPath(const std::string& grok_folder);

}  // namespace grokauth::app
