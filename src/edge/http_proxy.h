#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "edge/http_client.h"
#include "edge/http_target.h"

namespace grokauth::edge::http {

/// An HTTP proxy that tunnels to other hosts.
struct Proxy {
  std::string host;
  std::uint16_t port = 0;
  std::optional<std::string> credentials;  ///< "user:password", as they are

  /// For reasons: "the proxy host:port", never with credentials.
  [[nodiscard]] std::string Description() const;
};

/// The proxy that the environment names for `target`, or nothing when it is to be reached directly,
/// as loopback hosts always are. Throws `Failure{kProxy}` when the proxy is not one we can use.
[[nodiscard]] std::optional<Proxy> ChooseProxy(const NetworkEnvironment& environment,
                                               const Target& target);

/// Whether `no_proxy` exempts `target`: a list, by commas or blanks, of `*`, host names (which
/// stand for their subdomains too, with or without a leading dot), IP literals and CIDR ranges,
/// each but the first and last with an optional port.
[[nodiscard]] bool IsExempt(const std::string& no_proxy, const Target& target);

}  // namespace grokauth::edge::http
