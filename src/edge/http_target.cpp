#include "edge/http_target.h"

#include <Poco/Exception.h>
#include <Poco/URI.h>
#include <arpa/inet.h>

#include <algorithm>

#include "edge/http_failure.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;

/// Printable ASCII without space and backslash: nothing that could end a line of the request, or
/// that another parser of the same URL could take for a separator.
bool IsPlainText(const std::string& url) {
  return std::all_of(url.begin(), url.end(),
                     [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; });
}

Poco::URI ParseUri(const std::string& url) {
  try {
    return Poco::URI(url);
  } catch (const Poco::Exception&) {
    throw Failure(Cause::kUrl, "the URL is malformed");
  }
}

}  // namespace

Target ParseTarget(const std::string& url, bool allow_http_loopback) {
  if (!IsPlainText(url)) {
    throw Failure(Cause::kUrl, "the URL is malformed");
  }
  const Poco::URI uri = ParseUri(url);
  const std::string& scheme = uri.getScheme();
  if (scheme != "https" && scheme != "http") {
    throw Failure(Cause::kUrl, "the URL is not an https URL");
  }
  if (url.compare(scheme.size(), 3, "://") != 0 || !IsHost(uri.getHost())) {
    throw Failure(Cause::kUrl, "the URL is malformed");
  }
  const std::size_t authority = scheme.size() + 3;
  const std::size_t path = std::min(url.find_first_of("/?#", authority), url.size());
  if (url.substr(authority, path - authority).find('@') != std::string::npos) {
    throw Failure(Cause::kUrl, "the URL holds user information");
  }
  Target target{scheme == "https", uri.getHost(), uri.getPort(), {}};
  if (!target.secure && !IsLoopback(target.host)) {
    throw Failure(Cause::kUrl, "the URL is not an https URL");
  }
  if (!target.secure && !allow_http_loopback) {
    throw Failure(Cause::kUrl, "the URL is plain http to a loopback host, which is not allowed");
  }
  // Poco::URI decodes the path, and its encoding of the result need not be what was written.
  target.path_and_query = url.substr(path, std::min(url.find('#', path), url.size()) - path);
  if (target.path_and_query.empty() || target.path_and_query[0] == '?') {
    target.path_and_query.insert(0, 1, '/');
  }
  return target;
}

std::optional<std::vector<std::uint8_t>> ParseIp(const std::string& text) {
  std::vector<std::uint8_t> bytes(16);
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
    return bytes;
  }
  bytes.resize(4);
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return bytes;
  }
  return std::nullopt;
}

bool IsHost(const std::string& host) {
  const bool is_name = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
  return !host.empty() && (is_name || ParseIp(host).has_value());
}

bool IsLoopback(const std::string& host) {
  const auto ip = ParseIp(host);
  if (!ip) {
    return host == "localhost";
  }
  return ip->size() == 4 ? ip->front() == 127 : *ip == ParseIp("::1");
}

std::string HostAndPort(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace grokauth::edge::http
