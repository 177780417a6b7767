#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oauth/types.h"

namespace grokauth::oauth {

/// Where the metadata of `issuer` may be, in the order to ask: OpenID Connect Discovery 1.0 section
/// 4.1, then RFC 8414 section 3.1 (which puts the issuer's path behind the well-known part).
[[nodiscard]] std::vector<std::string> MetadataUrls(std::string_view issuer);

/// Which endpoints a client may talk to.
struct EndpointRules {
  bool allow_http_loopback = false;  ///< plain http to a loopback host is let through
  std::string pinned_domain;         ///< when not empty: hosts must be this domain or below it
};

/// Why `url` may not be used under `rules`, as one clause; empty when it may.
[[nodiscard]] std::string EndpointFault(std::string_view url, const EndpointRules& rules);

/// What is wrong with a metadata document, as one clause for the user.
struct MetadataFault {
  std::string reason;
  bool is_document = true;  ///< false: what came is no such document at all
};

/// Reads a metadata document. The issuer must equal `issuer` exactly (RFC 8414 section 3.3), the
/// token endpoint must be there, and every endpoint must satisfy `rules`.
[[nodiscard]] std::variant<ServerMetadata, MetadataFault> ParseServerMetadata(
    std::string_view body, std::string_view issuer, const EndpointRules& rules);

/// The scheme, host (lower case, no brackets, no port) and port of an absolute http(s) URL.
struct UrlParts {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  bool has_user_info = false;
};

/// The parts of `url`; nothing when it is not an absolute http or https URL of visible ASCII.
[[nodiscard]] std::optional<UrlParts> ParseUrl(std::string_view url);

/// Whether `host` is a loopback address literal or `localhost` (RFC 8252 section 7.3).
[[nodiscard]] bool IsLoopbackHost(std::string_view host);

}  // namespace grokauth::oauth
