#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oauth/encoding.h"
#include "oauth/types.h"

namespace grokauth::oauth {

/// An authorization request with PKCE (RFC 6749 section 4.1.1, RFC 7636 section 4.3, OpenID Connect
/// Core 1.0 section 3.1.2.1).
struct AuthorizationRequest {
  std::string authorization_endpoint;
  std::string client_id;
  std::string redirect_uri;
  std::vector<std::string> scopes;
  std::optional<std::string> audience;
  std::string state;
  std::string nonce;
  std::string code_challenge;  ///< S256
  Parameters extra;            ///< the profile's `authorize_params`
};

/// The URL to open in a browser.
[[nodiscard]] std::string MakeAuthorizationUrl(const AuthorizationRequest& request);

/// The parameters of a query string, percent-decoded; of a repeated one only the first (RFC 6749
/// section 3.1 forbids repetition).
[[nodiscard]] Parameters ParseQuery(std::string_view query);

/// An authorization code that belongs to the request (RFC 6749 section 4.1.2).
struct AuthorizationCode {
  std::string code;
};
/// A redirect with another `state`: not the answer to the request.
struct StateMismatch {};
/// A redirect without `code` and `error`: a bare visit.
struct NoAnswer {};
/// The answer of another server (RFC 9207 section 2.4).
struct IssuerMismatch {};

using RedirectResult =
    std::variant<AuthorizationCode, ErrorResponse, StateMismatch, NoAnswer, IssuerMismatch>;

/// What the redirect's query says. `state` is compared in constant time; `iss` must be the issuer
/// when it is there, and be there when `iss_required`.
[[nodiscard]] RedirectResult ReadRedirect(std::string_view query, std::string_view state,
                                          std::string_view issuer, bool iss_required);

/// The same of what a person copied by hand: the redirect's URL, its query, or the bare code that a
/// page shows when it cannot reach the listener. A bare code carries no state: it is bound to the
/// request by the code verifier alone (RFC 7636), so it is only for the process that made the
/// request.
[[nodiscard]] RedirectResult ReadPastedRedirect(std::string_view text, std::string_view state,
                                                std::string_view issuer, bool iss_required);

}  // namespace grokauth::oauth
