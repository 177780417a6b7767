#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/credential_protocol.h"

namespace grokauth::app {

/// An entry of a profile's `git.hosts`: whom its token may be given to.
struct GitHost {
  std::string authority;  ///< host, or host:port
  std::string path;  ///< what a request's path must lie under, without outer slashes; empty: all

  bool operator==(const GitHost&) const = default;
};

/// "host", "host:port" or "host[:port]/path"; IPv6 in brackets. Nothing when `text` is none of
/// them: wildcards, user names and other schemes are not.
[[nodiscard]] std::optional<GitHost> ParseGitHost(std::string_view text);

/// Whether the token of a profile with this entry may answer `request`: the protocol is https (or
/// http, when `allow_http_loopback`, to a loopback host), the host is the same but for upper and
/// lower case, the port the same or the protocol's default in both, and the path lies under the
/// entry's. A request without a path does not match an entry with one.
[[nodiscard]] bool Matches(const GitHost& entry, const CredentialRequest& request,
                           bool allow_http_loopback);

}  // namespace grokauth::app
