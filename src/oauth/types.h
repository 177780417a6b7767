#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace grokauth::oauth {

/// Unix time in whole seconds.
using UnixTime = std::chrono::sys_seconds;

/// What a server says of itself (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2), as
/// far as it is used here. Endpoints are absolute URLs.
struct ServerMetadata {
  std::string issuer;
  std::string token_endpoint;
  std::optional<std::string> authorization_endpoint;
  std::optional<std::string> device_authorization_endpoint;
  std::optional<std::string> revocation_endpoint;
  /// Every authorization response names the issuer (RFC 9207 section 3).
  bool authorization_response_iss_parameter_supported = false;
};

/// The device authorization response (RFC 8628 section 3.2).
struct DeviceAuthorization {
  std::string device_code;
  std::string user_code;
  std::string verification_uri;
  std::optional<std::string> verification_uri_complete;
  std::chrono::seconds expires_in{0};
  std::chrono::seconds interval{0};
};

/// A successful answer of the token endpoint (RFC 6749 section 5.1).
struct TokenResponse {
  std::string access_token;
  std::string token_type;  ///< as sent; "Bearer" when the server left it out
  std::optional<std::chrono::seconds> expires_in;
  std::optional<std::string> refresh_token;
  std::optional<std::string> scope;
  std::optional<std::string> id_token;
};

/// A refusal by the token, device authorization or revocation endpoint (RFC 6749 section 5.2).
struct ErrorResponse {
  std::string error;              ///< "invalid_grant", "authorization_pending", ... as sent
  std::string error_description;  ///< for people, as sent; empty when absent
};

/// Who signed in, from the ID token (OpenID Connect Core 1.0 sections 2 and 5.1).
struct Account {
  std::string sub;
  std::optional<std::string> email;
  std::optional<std::string> name;
};

}  // namespace grokauth::oauth
