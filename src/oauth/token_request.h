#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oauth/encoding.h"
#include "oauth/json.h"
#include "oauth/types.h"

namespace grokauth::oauth {

/// Exchanges a device code for tokens (RFC 8628 section 3.4).
struct DeviceCodeGrant {
  std::string device_code;
  std::optional<std::string> code_verifier;  ///< when the request carried a code_challenge
};

/// Exchanges an authorization code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
struct AuthorizationCodeGrant {
  std::string code;
  std::string redirect_uri;  ///< the same as in the authorization request
  std::string code_verifier;
};

/// Exchanges a refresh token for new tokens (RFC 6749 section 6). No scope is sent: the server then
/// keeps the one that was granted.
struct RefreshTokenGrant {
  std::string refresh_token;
};

using Grant = std::variant<AuthorizationCodeGrant, DeviceCodeGrant, RefreshTokenGrant>;

/// The parameters of a token request of the public client `client_id`.
[[nodiscard]] Parameters MakeTokenRequest(const Grant& grant, const std::string& client_id);

/// The parameters of a revocation request (RFC 7009 section 2.1). `hint` is "refresh_token" or
/// "access_token".
[[nodiscard]] Parameters MakeRevocationRequest(const std::string& token, const std::string& hint,
                                               const std::string& client_id);

/// An answer of the token endpoint that is neither tokens nor an OAuth error: HTML, garbage, a
/// token of a kind that cannot be used. It says nothing about the login.
struct UnreadableAnswer {
  std::string reason;  ///< one clause for the user
  /// A refresh token that came along nevertheless: the one that was sent may be used up.
  std::optional<std::string> refresh_token = std::nullopt;
};

using TokenResult = std::variant<TokenResponse, ErrorResponse, UnreadableAnswer>;

/// Reads an answer of the token endpoint, liberally: any content type, `expires_in` also as a
/// string or a float, `token_type` in any case or absent. A body with an `error` member is an
/// `ErrorResponse` whatever its status.
[[nodiscard]] TokenResult ParseTokenResult(int status, std::string_view body);

/// The OAuth error that `answer` is; nothing when it has no member `error` with a word in it.
[[nodiscard]] std::optional<ErrorResponse> ParseErrorResponse(
    const std::optional<JsonObject>& answer);

/// The server's own words, fit for a terminal: "invalid_grant (the session has ended)".
[[nodiscard]] std::string Describe(const ErrorResponse& refusal);

/// "the server answered 503 without JSON", for messages.
[[nodiscard]] std::string DescribeUnusable(int status, bool is_json);

/// Scopes as one space-separated string (RFC 6749 section 3.3), and back.
[[nodiscard]] std::string JoinScopes(const std::vector<std::string>& scopes);
[[nodiscard]] std::vector<std::string> SplitScopes(std::string_view scope);

}  // namespace grokauth::oauth
