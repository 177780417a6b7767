#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grokauth::edge::http {

/// Where a request goes: its URL taken apart.
struct Target {
  bool secure = true;          ///< https
  std::string host;            ///< lower case; an IPv6 literal without its brackets
  std::uint16_t port = 0;      ///< the default of the scheme when the URL names none
  std::string path_and_query;  ///< exactly as written; at least "/"
};

/// Takes `url` apart. Throws `Failure{kUrl}` when it is malformed, holds user information, or its
/// scheme is neither https nor, to a loopback host and with `allow_http_loopback`, http.
[[nodiscard]] Target ParseTarget(const std::string& url, bool allow_http_loopback);

/// The bytes of an IPv4 (4) or IPv6 (16) literal in its usual notation; nothing for other text.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> ParseIp(const std::string& text);

/// Whether `host` is an IP literal, or made of the characters of a host name in lower case.
[[nodiscard]] bool IsHost(const std::string& host);

/// Whether `host` is `localhost`, in 127.0.0.0/8, or ::1.
[[nodiscard]] bool IsLoopback(const std::string& host);

/// "host:port", an IPv6 literal in brackets.
[[nodiscard]] std::string HostAndPort(const std::string& host, std::uint16_t port);

}  // namespace grokauth::edge::http
