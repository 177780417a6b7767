#include "edge/http_proxy.h"

#include <Poco/Exception.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "edge/http_failure.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;

/// Where curl looks for a proxy whose address names no port.
constexpr std::uint16_t kDefaultProxyPort = 1080;

/// A whole decimal number in `text`, at most `max`.
std::optional<unsigned> ParseNumber(std::string_view text, unsigned max) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) {
    return std::nullopt;
  }
  return number;
}

struct HostPort {
  std::string host;
  std::string port;  ///< empty when there is none
};

/// Splits "host", "host:port", "[ipv6]:port", "[ipv6]" and "ipv6"; no host when the text is none of
/// them.
HostPort SplitPort(const std::string& text) {
  if (text.substr(0, 1) == "[") {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) {
      return {};
    }
    const bool has_port = end + 1 < text.size() && text[end + 1] == ':';
    return {text.substr(1, end - 1), text.substr(end + (has_port ? 2 : 1))};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || text.find(':', colon + 1) != std::string::npos) {
    return {text, {}};
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

/// Whether the first `bits` bits of `ip` are those of `network`.
bool IsInNetwork(const std::vector<std::uint8_t>& ip, const std::vector<std::uint8_t>& network,
                 unsigned bits) {
  if (ip.size() != network.size()) {
    return false;
  }
  for (std::size_t i = 0; i < ip.size() && bits > 0; ++i) {
    const unsigned here = std::min(bits, 8U);
    if (((ip[i] ^ network[i]) >> (8 - here)) != 0) {
      return false;
    }
    bits -= here;
  }
  return true;
}

bool MatchesIp(const std::string& entry, const std::vector<std::uint8_t>& ip) {
  const std::size_t slash = std::min(entry.find('/'), entry.size());
  const auto network = ParseIp(entry.substr(0, slash));
  if (!network) {
    return false;
  }
  const unsigned all = static_cast<unsigned>(network->size()) * 8;
  const auto bits =
      slash == entry.size() ? std::optional(all) : ParseNumber(entry.substr(slash + 1), all);
  return bits && IsInNetwork(ip, *network, *bits);
}

bool MatchesName(std::string entry, const std::string& host) {
  if (entry.substr(0, 1) == "*") {
    entry.erase(0, 1);
  }
  if (entry.substr(0, 1) == ".") {
    entry.erase(0, 1);
  }
  if (entry.empty() || host.size() < entry.size()) {
    return false;
  }
  const std::size_t start = host.size() - entry.size();
  return host.compare(start, entry.size(), entry) == 0 && (start == 0 || host[start - 1] == '.');
}

bool MatchesEntry(const std::string& entry, const Target& target) {
  if (entry == "*") {
    return true;
  }
  const HostPort parts = SplitPort(entry);
  if (!parts.port.empty() && ParseNumber(parts.port, 65535) != target.port) {
    return false;
  }
  const auto ip = ParseIp(target.host);
  return ip ? MatchesIp(parts.host, *ip) : MatchesName(parts.host, target.host);
}

/// The proxy at `address`, which came from the environment variable `variable`. No reason quotes
/// the address: it may hold a password.
Proxy ParseProxy(std::string address, const std::string& variable) {
  const std::string malformed = "the proxy address in " + variable + " is malformed";
  if (const std::size_t end = address.find("://"); end != std::string::npos) {
    const std::string scheme = Poco::toLower(address.substr(0, end));
    if (scheme != "http") {
      const bool is_word = std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      });
      throw Failure(Cause::kProxy, !is_word ? malformed
                                            : variable + " names a proxy of the kind '" + scheme +
                                                  "', but only http proxies can be used");
    }
    address.erase(0, end + 3);
  }
  address.resize(std::min(address.find_first_of("/?#"), address.size()));
  Proxy proxy;
  if (const std::size_t at = address.rfind('@'); at != std::string::npos) {
    std::string& credentials = proxy.credentials.emplace();
    try {
      Poco::URI::decode(address.substr(0, at), credentials);
    } catch (const Poco::Exception&) {
      throw Failure(Cause::kProxy, malformed);
    }
    if (credentials.find(':') == std::string::npos) {
      credentials += ':';
    }
    address.erase(0, at + 1);
  }
  const HostPort parts = SplitPort(Poco::toLower(address));
  const auto port = parts.port.empty() ? kDefaultProxyPort : ParseNumber(parts.port, 65535);
  if (!IsHost(parts.host) || !port || *port == 0) {
    throw Failure(Cause::kProxy, malformed);
  }
  proxy.host = parts.host;
  proxy.port = static_cast<std::uint16_t>(*port);
  return proxy;
}

}  // namespace

std::string Proxy::Description() const {
  return "the proxy " + HostAndPort(host, port);
}

bool IsExempt(const std::string& no_proxy, const Target& target) {
  const std::string list = Poco::toLower(no_proxy);
  constexpr const char* kSeparators = ", \t\r\n";
  for (std::size_t start = list.find_first_not_of(kSeparators); start != std::string::npos;) {
    const std::size_t end = std::min(list.find_first_of(kSeparators, start), list.size());
    if (MatchesEntry(list.substr(start, end - start), target)) {
      return true;
    }
    start = list.find_first_not_of(kSeparators, end);
  }
  return false;
}

std::optional<Proxy> ChooseProxy(const NetworkEnvironment& environment, const Target& target) {
  // Plain http only ever goes to loopback hosts, so the proxy for http has nothing to do.
  if (IsLoopback(target.host) || IsExempt(environment.no_proxy.value_or(""), target)) {
    return std::nullopt;
  }
  if (environment.https_proxy && !environment.https_proxy->empty()) {
    return ParseProxy(*environment.https_proxy, "HTTPS_PROXY");
  }
  if (environment.all_proxy && !environment.all_proxy->empty()) {
    return ParseProxy(*environment.all_proxy, "ALL_PROXY");
  }
  return std::nullopt;
}

}  // namespace grokauth::edge::http
