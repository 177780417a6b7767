#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "oauth/json.h"
#include "oauth/types.h"

namespace grokauth::oauth {

/// The claims of a JWT (RFC 7519), not verified; nothing when `token` is not one. Fit for what is
/// shown or for hints only, never for a decision about trust.
[[nodiscard]] std::optional<JsonObject> PeekClaims(std::string_view token);

/// The `exp` claim of a JWT (RFC 7519 section 4.1.4).
[[nodiscard]] std::optional<UnixTime> PeekExpiry(std::string_view token);

/// Who an ID token speaks of. It came from the token endpoint over TLS, which stands in for its
/// signature (OpenID Connect Core 1.0 section 3.1.3.7 point 6). Nothing when it is not a JWT, has
/// no `sub`, or its `iss` or `aud` are not `issuer` and `client_id`.
[[nodiscard]] std::optional<Account> ReadAccount(std::string_view id_token, std::string_view issuer,
                                                 std::string_view client_id);

/// What is wrong with the ID token of an authorization code flow (OpenID Connect Core 1.0 section
/// 3.1.3.7: iss, aud, exp, nonce), as one clause; empty when nothing is. Its signature is not
/// checked, see `ReadAccount`.
[[nodiscard]] std::string IdTokenFault(std::string_view id_token, std::string_view issuer,
                                       std::string_view client_id, std::string_view nonce,
                                       UnixTime now);

}  // namespace grokauth::oauth
