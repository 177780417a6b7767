#pragma once

#include <optional>
#include <string>

namespace grokauth::app {

/// The environment variables that decide something, read once at the start. An empty variable
/// counts as unset.
struct Environment {
  // Grok's own (its external-auth contract).
  bool grok_auth_expired = false;                         ///< GROK_AUTH_EXPIRED is set and not "0"
  std::optional<std::string> early_invalidation_seconds;  ///< GROK_AUTH_EARLY_INVALIDATION_SECS
  std::optional<std::string> token_ttl_seconds;           ///< GROK_AUTH_TOKEN_TTL
  std::optional<std::string> grok_oidc_issuer;            ///< GROK_OIDC_ISSUER
  std::optional<std::string> grok_oidc_client_id;         ///< GROK_OIDC_CLIENT_ID
  std::optional<std::string> grok_oidc_scopes;            ///< GROK_OIDC_SCOPES, comma-separated
  std::optional<std::string> grok_oidc_audience;          ///< GROK_OIDC_AUDIENCE
  // Ours.
  std::optional<std::string> profile;  ///< GROKAUTH_PROFILE
  std::optional<std::string> config;   ///< GROKAUTH_CONFIG
  std::optional<std::string> store;    ///< GROKAUTH_STORE
  std::optional<std::string> flow;     ///< GROKAUTH_FLOW
  bool has_display = false;            ///< DISPLAY or WAYLAND_DISPLAY is set
  bool is_ssh = false;                 ///< SSH_CONNECTION or SSH_TTY is set
  std::string ssh_destination;         ///< how ssh gets to this machine: [-p PORT] user@host
  // Folders, as absolute paths.
  std::string grok_folder;    ///< ${GROK_HOME:-~/.grok}
  std::string config_folder;  ///< ${XDG_CONFIG_HOME:-~/.config}
  std::string state_folder;   ///< ${XDG_STATE_HOME:-~/.local/state}
};

}  // namespace grokauth::app
