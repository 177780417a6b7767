#pragma once

#include <optional>

#include "app/environment.h"
#include "app/grok_config.h"
#include "app/profile.h"

namespace grokauth::app {

/// The name of the profile that a company's existing Grok configuration makes.
inline constexpr const char* kGrokOidcProfile = "grok-oidc";

/// The profile that Grok's own OIDC settings describe: those of its config.toml, else
/// GROK_OIDC_ISSUER, GROK_OIDC_CLIENT_ID, GROK_OIDC_SCOPES (comma-separated) and
/// GROK_OIDC_AUDIENCE, key by key as Grok merges them. Nothing when there is neither issuer nor
/// client. Throws `Error{kConfig}` for settings that cannot work.
[[nodiscard]] std::optional<Profile> MakeGrokOidcProfile(const GrokOidcSettings& settings,
                                                         const Environment& environment);

}  // namespace grokauth::app
