#pragma once

#include <optional>
#include <string>

#include "app/ssh_destination.h"

namespace grokauth::app {

/// The places that leave a mark in the environment of what runs there.
struct PlaceMarks {
  bool codespace = false;           ///< CODESPACES or CODESPACE_NAME: GitHub Codespaces
  bool google_cloud_shell = false;  ///< CLOUD_SHELL
  /// GITPOD_WORKSPACE_ID, REPL_ID, STACKBLITZ, ACC_CLOUD (Azure Cloud Shell) or
  /// AWS_EXECUTION_ENV=CloudShell
  bool cloud_shell = false;
  bool pod = false;        ///< KUBERNETES_SERVICE_HOST
  bool container = false;  ///< container: Podman, systemd-nspawn, Toolbox
};

/// The environment variables that decide something, read once at the start. An empty variable
/// counts as unset.
struct Environment {
  // Grok's own (its external-auth contract).
  bool grok_auth_expired = false;                         ///< GROK_AUTH_EXPIRED is set and not "0"
  std::optional<std::string> early_invalidation_seconds;  ///< GROK_AUTH_EARLY_INVALIDATION_SECS
  std::optional<std::string> token_ttl_seconds;           ///< GROK_AUTH_TOKEN_TTL
  /// GROK_AUTH_PROVIDER_ACCESS_TOKEN: the token that did not do, of a model's provider
  std::optional<std::string> provider_access_token;
  std::optional<std::string> grok_oidc_issuer;     ///< GROK_OIDC_ISSUER
  std::optional<std::string> grok_oidc_client_id;  ///< GROK_OIDC_CLIENT_ID
  std::optional<std::string> grok_oidc_scopes;     ///< GROK_OIDC_SCOPES, comma-separated
  std::optional<std::string> grok_oidc_audience;   ///< GROK_OIDC_AUDIENCE
  std::optional<std::string> xai_base_url;         ///< XAI_BASE_URL
  std::optional<std::string> provider_command;     ///< GROK_AUTH_PROVIDER_COMMAND
  bool has_xai_api_key = false;                    ///< XAI_API_KEY is set
  bool git_may_prompt = true;                      ///< GIT_TERMINAL_PROMPT is not false
  // Ours.
  std::optional<std::string> profile;  ///< GROKAUTH_PROFILE
  std::optional<std::string> config;   ///< GROKAUTH_CONFIG
  std::optional<std::string> store;    ///< GROKAUTH_STORE
  std::optional<std::string> flow;     ///< GROKAUTH_FLOW
  // Where the person sits.
  bool has_display = false;  ///< DISPLAY or WAYLAND_DISPLAY is set
  bool is_ssh = false;       ///< SSH_CONNECTION, SSH_CLIENT or SSH_TTY is set
  bool is_wsl = false;       ///< WSL_DISTRO_NAME or WSL_INTEROP is set
  /// CODESPACES, REMOTE_CONTAINERS or VSCODE_IPC_HOOK_CLI is set: an editor on the person's own
  /// computer works in here, and its BROWSER opens pages there
  bool is_remote_editor = false;
  PlaceMarks marks;
  SshDestination ssh_destination;
  std::optional<std::string> browser;  ///< BROWSER
  std::string program_path;            ///< PATH
  // Folders, as absolute paths.
  std::string grok_folder;                    ///< ${GROK_HOME:-~/.grok}
  std::string config_folder;                  ///< ${XDG_CONFIG_HOME:-~/.config}
  std::string state_folder;                   ///< ${XDG_STATE_HOME:-~/.local/state}
  std::optional<std::string> runtime_folder;  ///< XDG_RUNTIME_DIR, if private and in memory
  std::string cache_folder;                   ///< ${XDG_CACHE_HOME:-~/.cache}
};

}  // namespace grokauth::app
