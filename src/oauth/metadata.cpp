#include "oauth/metadata.h"

#include <Poco/Exception.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <utility>

#include "oauth/encoding.h"
#include "oauth/json.h"

namespace grokauth::oauth {

namespace {

constexpr std::string_view kOpenIdSuffix = "/.well-known/openid-configuration";
constexpr std::string_view kOAuthSuffix = "/.well-known/oauth-authorization-server";

bool IsInDomain(std::string_view host, std::string_view domain) {
  return host == domain || (host.size() > domain.size() && host.ends_with(domain) &&
                            host[host.size() - domain.size() - 1] == '.');
}

}  // namespace

std::optional<UrlParts> ParseUrl(std::string_view url) {
  if (!IsTokenText(url)) {
    return std::nullopt;
  }
  try {
    const Poco::URI uri{std::string(url)};
    const std::string& scheme = uri.getScheme();
    if ((scheme != "https" && scheme != "http") || uri.getHost().empty()) {
      return std::nullopt;
    }
    std::string host = Poco::toLower(uri.getHost());
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    }
    // Programs disagree on what other characters end a host; none of them is part of a real one.
    if (host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._:") != std::string::npos) {
      return std::nullopt;
    }
    return UrlParts{scheme, std::move(host), uri.getPort(), !uri.getUserInfo().empty()};
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

bool IsLoopbackHost(std::string_view host) {
  const bool is_ipv4_literal = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || (is_ipv4_literal && host.starts_with("127."));
}

std::vector<std::string> MetadataUrls(std::string_view issuer) {
  std::string base(issuer);
  while (base.ends_with('/')) {
    base.pop_back();
  }
  std::vector<std::string> urls{base + std::string(kOpenIdSuffix)};
  const std::size_t authority = base.find("://");
  const std::size_t path =
      authority == std::string::npos ? authority : base.find('/', authority + 3);
  urls.push_back(path == std::string::npos
                     ? base + std::string(kOAuthSuffix)
                     : base.substr(0, path) + std::string(kOAuthSuffix) + base.substr(path));
  return urls;
}

std::string EndpointFault(std::string_view url, const EndpointRules& rules) {
  const std::optional<UrlParts> parts = ParseUrl(url);
  if (!parts) {
    return "is not an absolute https URL";
  }
  if (parts->has_user_info) {
    return "carries a user name or password";
  }
  if (!rules.pinned_domain.empty() && !IsInDomain(parts->host, rules.pinned_domain)) {
    return "is not on " + rules.pinned_domain;
  }
  if (parts->scheme == "https" || (rules.allow_http_loopback && IsLoopbackHost(parts->host))) {
    return {};
  }
  return IsLoopbackHost(parts->host) ? "is plain http (allow_http_loopback is not set)"
                                     : "is plain http";
}

std::variant<ServerMetadata, MetadataFault> ParseServerMetadata(std::string_view body,
                                                                std::string_view issuer,
                                                                const EndpointRules& rules) {
  const std::optional<JsonObject> document = JsonObject::Parse(body);
  if (!document) {
    return MetadataFault{"is not a JSON object", /*is_document=*/false};
  }
  ServerMetadata metadata;
  metadata.issuer = document->String("issuer").value_or("");
  if (metadata.issuer != issuer) {
    return MetadataFault{"names the issuer '" + Printable(metadata.issuer) + "' instead of '" +
                         Printable(issuer) + "'"};
  }
  metadata.token_endpoint = document->String("token_endpoint").value_or("");
  metadata.authorization_endpoint = document->String("authorization_endpoint");
  metadata.device_authorization_endpoint = document->String("device_authorization_endpoint");
  metadata.revocation_endpoint = document->String("revocation_endpoint");
  metadata.authorization_response_iss_parameter_supported =
      document->Boolean("authorization_response_iss_parameter_supported").value_or(false);
  const std::pair<const char*, std::optional<std::string>> endpoints[] = {
      {"token_endpoint", metadata.token_endpoint},
      {"authorization_endpoint", metadata.authorization_endpoint},
      {"device_authorization_endpoint", metadata.device_authorization_endpoint},
      {"revocation_endpoint", metadata.revocation_endpoint},
  };
  for (const auto& [name, url] : endpoints) {
    const std::string fault = url ? EndpointFault(*url, rules) : "";
    if (!fault.empty()) {
      return MetadataFault{std::string("names a ") + name + " that " + fault + ": '" +
                           Printable(*url) + "'"};
    }
  }
  return metadata;
}

}  // namespace grokauth::oauth
