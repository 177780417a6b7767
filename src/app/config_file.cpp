#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <sstream>
#include <string>
#include <utility>

#include "app/api_base.h"
#include "app/error.h"
#include "app/profile.h"
#include "app/toml_fault.h"

namespace grokauth::app {

namespace {

constexpr const char* kManualHint = "grok-auth.toml(5) has the keys and their values";

/// Reads one table of the file; every complaint names file, line and column.
class TableReader {
 public:
  TableReader(const toml::table& table, const std::string& path) : table_(table), path_(path) {}

  [[noreturn]] void Fail(const toml::source_region& where, const std::string& what,
                         const std::string& hint = kManualHint) const {
    std::ostringstream message;
    message << oauth::Printable(path_) << ":" << where.begin.line << ":" << where.begin.column
            << ": " << what;
    throw Error(ErrorKind::kConfig, message.str(), hint);
  }

  void AllowOnly(std::initializer_list<std::string_view> keys) const {
    for (const auto& [key, value] : table_) {
      if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
        std::string known;
        for (const std::string_view name : keys) {
          known += (known.empty() ? "" : ", ") + std::string(name);
        }
        Fail(key.source(), "unknown key '" + oauth::Printable(key.str()) + "'",
             "the keys here are: " + known);
      }
    }
  }

  [[nodiscard]] std::optional<std::string> String(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return std::nullopt;
    }
    const std::optional<std::string> value = node->value_exact<std::string>();
    if (!value || value->empty()) {
      Fail(node->source(), "'" + std::string(key) + "' must be a string that is not empty");
    }
    if (oauth::Printable(*value, value->size()) != *value) {
      Fail(node->source(), "'" + std::string(key) + "' has a control character or outer blanks");
    }
    return *value;
  }

  [[nodiscard]] bool Boolean(std::string_view key, bool fallback) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return fallback;
    }
    const std::optional<bool> value = node->value_exact<bool>();
    if (!value) {
      Fail(node->source(), "'" + std::string(key) + "' must be true or false");
    }
    return *value;
  }

  [[nodiscard]] std::optional<std::int64_t> Integer(std::string_view key, std::int64_t smallest,
                                                    std::int64_t largest) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return std::nullopt;
    }
    const std::optional<std::int64_t> value = node->value_exact<std::int64_t>();
    if (!value || *value < smallest || *value > largest) {
      Fail(node->source(), "'" + std::string(key) + "' must be a whole number from " +
                               std::to_string(smallest) + " to " + std::to_string(largest));
    }
    return value;
  }

  /// The value of `key` as one of the words that `parse` knows.
  template <typename Value>
  [[nodiscard]] Value Word(std::string_view key, Value fallback,
                           std::optional<Value> (*parse)(std::string_view),
                           const char* words) const {
    const std::optional<std::string> word = String(key);
    const std::optional<Value> value = word ? parse(*word) : fallback;
    if (!value) {
      Fail(table_.get(key)->source(),
           "'" + std::string(key) + "' is '" + oauth::Printable(*word) + "'",
           "it must be one of: " + std::string(words));
    }
    return *value;
  }

  [[nodiscard]] std::optional<std::vector<std::string>> Strings(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return std::nullopt;
    }
    const toml::array* array = node->as_array();
    std::vector<std::string> strings;
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      const std::optional<std::string> value = (*array)[i].value_exact<std::string>();
      if (!value || !oauth::IsTokenText(*value)) {
        Fail((*array)[i].source(), "'" + std::string(key) + "' must hold words without blanks");
      }
      strings.push_back(*value);
    }
    if (array == nullptr) {
      Fail(node->source(), "'" + std::string(key) + "' must be an array of strings");
    }
    return strings;
  }

  [[nodiscard]] std::optional<oauth::Parameters> StringTable(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return std::nullopt;
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) {
      Fail(node->source(), "'" + std::string(key) + "' must be a table of strings");
    }
    const TableReader reader(*table, path_);
    oauth::Parameters parameters;
    for (const auto& [name, value] : *table) {
      parameters.emplace_back(std::string(name.str()), *reader.String(name.str()));
    }
    return parameters;
  }

  [[nodiscard]] std::optional<TableReader> Table(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return std::nullopt;
    }
    if (!node->is_table()) {
      Fail(node->source(), "'" + std::string(key) + "' must be a table");
    }
    return TableReader(*node->as_table(), path_);
  }

  [[nodiscard]] const toml::table& table() const { return table_; }

 private:
  const toml::table& table_;
  const std::string& path_;
};

/// Whether grok-auth sends this parameter itself: a second one is forbidden (RFC 6749 section 3.1).
bool IsOwnParameter(std::string_view name) {
  constexpr std::array<std::string_view, 9> kOwn = {
      "response_type", "client_id",      "redirect_uri",          "scope",   "state",
      "nonce",         "code_challenge", "code_challenge_method", "audience"};
  return std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
}

void ReadIssuer(const TableReader& reader, Profile& profile) {
  const std::optional<std::string> issuer = reader.String("issuer");
  if (!issuer) {
    return;
  }
  const toml::source_region& where = reader.table().get("issuer")->source();
  if (profile.is_xai && *issuer != profile.issuer) {
    reader.Fail(where, "the built-in profile 'xai' has the issuer " + profile.issuer,
                "give a profile for another issuer another name");
  }
  const std::string fault = oauth::EndpointFault(*issuer, profile.EndpointRules());
  const std::optional<oauth::UrlParts> parts = oauth::ParseUrl(*issuer);
  if (parts && parts->has_user_info) {
    reader.Fail(where, "the issuer " + fault, "a password has no place there");  // nor in a message
  }
  if (!fault.empty() || issuer->find_first_of("?#") != std::string::npos) {
    reader.Fail(where, "the issuer '" + oauth::Printable(*issuer) + "' " +
                           (fault.empty() ? "has a query or a fragment" : fault));
  }
  profile.issuer = *issuer;
}

/// The table [profile.NAME.git].
void ReadGit(const TableReader& reader, Profile& profile) {
  reader.AllowOnly({"hosts", "username"});
  if (const std::optional<std::vector<std::string>> hosts = reader.Strings("hosts")) {
    profile.git_hosts.clear();
    for (const std::string& text : *hosts) {
      const std::optional<GitHost> host = ParseGitHost(text);
      if (!host) {
        reader.Fail(reader.table().get("hosts")->source(),
                    "'" + oauth::Printable(text) + "' in 'hosts' is no host",
                    "write it as host, host:port or host/path, without a scheme or a wildcard");
      }
      profile.git_hosts.push_back(*host);
    }
  }
  profile.git_username = reader.String("username").value_or(profile.git_username);
}

void ReadApiBase(const TableReader& reader, Profile& profile) {
  const std::optional<std::string> url = reader.String("api_base");
  if (!url) {
    return;
  }
  const std::string fault = ApiBaseFault(*url, profile.EndpointRules());
  if (!fault.empty()) {
    reader.Fail(reader.table().get("api_base")->source(), "'api_base' " + fault);
  }
  profile.api_base = WithoutEndSlashes(*url);
}

Profile ReadProfile(const std::string& name, const TableReader& reader) {
  reader.AllowOnly({"issuer", "client_id", "scopes", "audience", "flow", "device_pkce",
                    "redirect_port", "redirect_port_exact", "store", "mirror", "min_validity",
                    "ca_file", "api_base", "allow_http_loopback", "authorize_params", "git"});
  Profile profile = name == "xai" ? MakeXaiProfile() : Profile{};
  profile.name = name;
  if (name != "xai") {
    profile.scopes = {"openid", "profile", "email", "offline_access"};
  }
  profile.allow_http_loopback = reader.Boolean("allow_http_loopback", false);
  ReadIssuer(reader, profile);
  ReadApiBase(reader, profile);
  profile.client_id = reader.String("client_id").value_or(profile.client_id);
  profile.scopes = reader.Strings("scopes").value_or(profile.scopes);
  profile.audience = reader.String("audience");
  profile.flow = reader.Word("flow", profile.flow, ParseFlow, "auto, device, loopback");
  profile.device_pkce = reader.Boolean("device_pkce", profile.device_pkce);
  if (const auto port = reader.Integer("redirect_port", 1, 65535)) {
    profile.redirect_port = static_cast<std::uint16_t>(*port);
  }
  profile.redirect_port_exact = reader.Boolean("redirect_port_exact", false);
  profile.store = reader.Word("store", profile.store, ParseStoreChoice, "auto, libsecret, file");
  profile.mirror = reader.Boolean("mirror", profile.mirror);
  if (const auto seconds = reader.Integer("min_validity", 0, 86400)) {
    profile.min_validity = std::chrono::seconds(*seconds);
  }
  profile.ca_file = reader.String("ca_file");
  if (const std::optional<TableReader> git = reader.Table("git")) {
    ReadGit(*git, profile);
  }
  profile.authorize_params =
      reader.StringTable("authorize_params").value_or(profile.authorize_params);
  for (const auto& [parameter, value] : profile.authorize_params) {
    if (IsOwnParameter(parameter)) {
      reader.Fail(reader.table().get("authorize_params")->source(),
                  "'authorize_params' has '" + oauth::Printable(parameter) +
                      "', which grok-auth sets itself");
    }
  }
  for (const auto& [key, value] :
       {std::pair("issuer", &profile.issuer), std::pair("client_id", &profile.client_id)}) {
    if (value->empty()) {
      reader.Fail(reader.table().source(), "profile '" + name + "' has no '" + key + "'");
    }
  }
  return profile;
}

void ReadProfiles(const toml::node& node, Configuration& configuration) {
  const toml::table* tables = node.as_table();
  if (tables == nullptr) {
    TableReader(toml::table{}, configuration.path)
        .Fail(node.source(), "'profile' must be a table, as in [profile.work]");
  }
  const TableReader reader(*tables, configuration.path);
  for (const auto& [key, value] : *tables) {
    const std::string name(key.str());
    if (!IsProfileName(name) || CanonicalProfileName(name) != name) {
      reader.Fail(key.source(), "'" + oauth::Printable(name) + "' cannot name a profile",
                  CanonicalProfileName(name) != name
                      ? "it is another name of the built-in profile 'xai'"
                      : "a profile name has 1 to 64 letters, digits, '-' or '_'");
    }
    if (!value.is_table()) {
      reader.Fail(value.source(), "'profile." + name + "' must be a table");
    }
    configuration.profiles.push_back(
        ReadProfile(name, TableReader(*value.as_table(), configuration.path)));
  }
}

}  // namespace

Configuration ParseConfiguration(std::string_view text, const std::string& path) {
  Configuration configuration;
  configuration.path = path;
  try {
    const toml::table root = toml::parse(text, path);
    const TableReader reader(root, path);
    reader.AllowOnly({"default_profile", "profile"});
    configuration.default_profile = reader.String("default_profile");
    if (const toml::node* profiles = root.get("profile")) {
      ReadProfiles(*profiles, configuration);
    }
  } catch (const toml::parse_error& error) {
    const toml::source_position& where = error.source().begin;
    const TomlFault fault = MakeTomlFault(where.line, where.column, error.description());
    std::ostringstream message;
    message << oauth::Printable(path) << ":" << fault.line << ":" << fault.column << ": "
            << fault.reason;
    throw Error(ErrorKind::kConfig, message.str(), "correct the line; nothing stored was touched");
  }
  const bool has_xai = std::any_of(configuration.profiles.begin(), configuration.profiles.end(),
                                   [](const Profile& profile) { return profile.is_xai; });
  if (!has_xai) {
    configuration.profiles.push_back(MakeXaiProfile());
  }
  return configuration;
}

}  // namespace grokauth::app
