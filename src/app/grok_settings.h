#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/environment.h"
#include "app/profile.h"

namespace grokauth::app {

/// The name of the profile that a company's existing Grok configuration makes.
inline constexpr const char* kGrokOidcProfile = "grok-oidc";

/// The profile that Grok's own OIDC settings describe: `[grok_com_config.oidc]`, else `[auth.oidc]`
/// of its config.toml (`config_text`, nothing when there is none), else GROK_OIDC_ISSUER,
/// GROK_OIDC_CLIENT_ID, GROK_OIDC_SCOPES (comma-separated) and GROK_OIDC_AUDIENCE, key by key as
/// Grok merges them. Nothing when there is neither issuer nor client. A file that is not TOML
/// counts as empty: it is Grok's to complain about. Throws `Error{kConfig}` for settings that
/// cannot work.
[[nodiscard]] std::optional<Profile> ReadGrokOidcProfile(
    const std::optional<std::string>& config_text, const Environment& environment);

}  // namespace grokauth::app
