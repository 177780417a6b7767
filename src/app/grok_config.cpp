#include "app/grok_config.h"

#include <toml++/toml.h>

#include <array>

namespace grokauth::app {

namespace {

/// The one that wins first.
constexpr std::array<const char*, 2> kTables = {kGrokComTable, kGrokAuthTable};

/// The keys of the merged tables; nodes that are not there look like any other of a wrong type.
class MergedTables {
 public:
  explicit MergedTables(const toml::table& root) : root_(root) {}

  [[nodiscard]] std::optional<GrokSetting> Setting(std::string_view key) const {
    for (const char* table : kTables) {
      auto value = root_[table][key].value<std::string>();
      if (value && value->find_first_not_of(" \t\r\n") != std::string::npos) {
        return GrokSetting{std::move(*value), table};
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> String(std::string_view key) const {
    const std::optional<GrokSetting> setting = Setting(key);
    return setting ? std::optional(setting->value) : std::nullopt;
  }

  [[nodiscard]] bool Boolean(std::string_view key) const {
    for (const char* table : kTables) {
      if (const auto value = root_[table][key].value<bool>()) {
        return *value;
      }
    }
    return false;
  }

  [[nodiscard]] bool Has(std::string_view key) const {
    return root_[kGrokComTable][key] || root_[kGrokAuthTable][key];
  }

 private:
  const toml::table& root_;
};

std::optional<std::string> OidcString(const toml::table& root, std::string_view key) {
  for (const char* table : kTables) {
    auto value = root[table]["oidc"][key].value<std::string>();
    if (value && !value->empty()) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> OidcStrings(const toml::table& root, std::string_view key) {
  for (const char* table : kTables) {
    if (const toml::array* array = root[table]["oidc"][key].as_array()) {
      std::vector<std::string> strings;
      for (const toml::node& element : *array) {
        strings.push_back(element.value_or(std::string()));
      }
      return strings;
    }
  }
  return std::nullopt;
}

}  // namespace

GrokConfig ParseGrokConfig(std::string_view text) {
  GrokConfig config;
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    const toml::source_position& where = error.source().begin;
    config.fault = MakeTomlFault(where.line, where.column, error.description());
    return config;
  }
  const MergedTables tables(root);
  config.provider_command = tables.Setting(kProviderCommandKey);
  if (config.provider_command && config.provider_command->table == kGrokComTable) {
    config.hidden_provider_command = root[kGrokAuthTable][kProviderCommandKey].value<std::string>();
  }
  config.provider_label = tables.String(kProviderLabelKey);
  config.preferred_method = tables.String("preferred_method");
  config.disable_api_key_auth = tables.Boolean("disable_api_key_auth");
  config.has_force_login_team = tables.Has("force_login_team_uuid");
  config.oidc = {OidcString(root, "issuer"), OidcString(root, "client_id"),
                 OidcStrings(root, "scopes"), OidcString(root, "audience")};
  return config;
}

std::string GrokConfigPath(const std::string& grok_folder) {
  return grok_folder + "/config.toml";
}

}  // namespace grokauth::app
