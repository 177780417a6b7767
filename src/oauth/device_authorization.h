#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "oauth/encoding.h"
#include "oauth/metadata.h"
#include "oauth/types.h"

namespace grokauth::oauth {

/// What a device authorization request needs to know (RFC 8628 section 3.1).
struct DeviceAuthorizationRequest {
  std::string client_id;
  std::vector<std::string> scopes;
  std::optional<std::string> audience;
  std::optional<std::string> code_challenge;  ///< S256; some servers demand it (RFC 7636)
  Parameters extra;                           ///< the profile's `authorize_params`
};

/// The parameters of the request.
[[nodiscard]] Parameters MakeParameters(const DeviceAuthorizationRequest& request);

/// An answer that is neither a success nor an OAuth error, as one clause for the user.
struct UnusableAnswer {
  std::string reason;
};

using DeviceAuthorizationResult = std::variant<DeviceAuthorization, ErrorResponse, UnusableAnswer>;

/// Reads the answer of the device authorization endpoint. Verification URLs that `rules` forbid are
/// refused: they are shown to people and opened in browsers.
[[nodiscard]] DeviceAuthorizationResult ParseDeviceAuthorization(int status, std::string_view body,
                                                                 const EndpointRules& rules);

/// The URL for the person: `verification_uri_complete`, else `verification_uri` with the code in
/// the fragment, which no server sees, so that whoever is shown nothing but the URL (Grok's
/// terminal interface) can read the code there.
[[nodiscard]] std::string UrlWithCode(const DeviceAuthorization& authorization);

}  // namespace grokauth::oauth
