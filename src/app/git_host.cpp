#include "app/git_host.h"

#include <algorithm>

#include "oauth/metadata.h"

namespace grokauth::app {

namespace {

/// Host and port of "host[:port]" with the protocol's default port; nothing when `authority` is
/// more or less than that.
std::optional<oauth::UrlParts> ParseAuthority(const std::string& protocol,
                                              std::string_view authority) {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
  std::string_view name = authority;
  if (name.starts_with('[')) {
    const std::size_t end = std::min(name.find(']'), name.size());
    const std::string_view rest = name.substr(end);
    const bool has_port =
        rest.starts_with("]:") && rest.find_first_not_of("0123456789", 2) == std::string_view::npos;
    const std::string_view inside = name.substr(1, end - 1);
    const bool is_address = inside.find(':') != std::string_view::npos;
    name = is_address && (rest == "]" || has_port) ? inside : "";
  }
  if (name.empty() || name.find_first_not_of(kCharacters) != std::string_view::npos ||
      authority.ends_with(':')) {
    return std::nullopt;
  }
  return oauth::ParseUrl(protocol + "://" + std::string(authority));
}

std::string_view WithoutOuterSlashes(std::string_view path) {
  while (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return path;
}

/// Whether each segment of the path is a plain name. A server, or a proxy before it, makes another
/// path of "team/../other".
bool IsPlainPath(std::string_view path) {
  const bool has_control =
      std::any_of(path.begin(), path.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (has_control) {
    return false;
  }
  const std::string framed = "/" + std::string(path) + "/";
  for (const char* trick : {"//", "/./", "/../", "\\", "%", ";"}) {
    if (framed.find(trick) != std::string::npos) {
      return false;
    }
  }
  return true;
}

bool LiesUnder(const std::optional<std::string>& path, const std::string& folder) {
  if (folder.empty()) {
    return true;
  }
  const std::string text = path.value_or("");
  const std::string_view plain = WithoutOuterSlashes(text);
  return IsPlainPath(plain) && (plain == folder || plain.starts_with(folder + "/"));
}

}  // namespace

std::optional<GitHost> ParseGitHost(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  GitHost entry{std::string(text.substr(0, slash)),
                std::string(WithoutOuterSlashes(text.substr(slash)))};
  const bool is_usable =
      ParseAuthority("https", entry.authority) && (entry.path.empty() || IsPlainPath(entry.path));
  return is_usable ? std::optional(std::move(entry)) : std::nullopt;
}

bool Matches(const GitHost& entry, const CredentialRequest& request, bool allow_http_loopback) {
  const std::string protocol = request.protocol.value_or("");
  if (protocol != "https" && protocol != "http") {
    return false;
  }
  const std::optional<oauth::UrlParts> asked = ParseAuthority(protocol, request.host.value_or(""));
  const std::optional<oauth::UrlParts> named = ParseAuthority(protocol, entry.authority);
  const bool is_same = asked && named && asked->host == named->host && asked->port == named->port;
  const bool is_safe =
      protocol == "https" || (asked && allow_http_loopback && oauth::IsLoopbackHost(asked->host));
  return is_same && is_safe && LiesUnder(request.path, entry.path);
}

}  // namespace grokauth::app
