#include "app/ssh_destination.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <sstream>
#include <string_view>

#include "oauth/encoding.h"

namespace grokauth::app {

namespace {

constexpr std::uint16_t kSshPort = 22;
constexpr std::string_view kPlain =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
// Addresses of IPv6 have colons, and a zone after '%': fe80::1%eth0 (RFC 4007 section 11).
constexpr std::string_view kOfAddresses = ":%";
// What ssh(1) refuses in a user name (valid_ruser in its source); a quote would end ours, too.
constexpr std::string_view kNotInUserNames = "'`\";&<>|(){}";

bool IsOneOf(char c, std::string_view some) {
  return some.find(c) != std::string_view::npos;
}

/// Whether every character is what it looks like, and ssh does not take it for an option.
bool IsHonest(const std::string& text) {
  return !text.empty() && text.front() != '-' && oauth::Printable(text) == text;
}

bool IsUser(const std::string& text) {
  return IsHonest(text) && text.find_first_of(kNotInUserNames) == std::string::npos;
}

bool IsHost(const std::string& text) {
  return IsHonest(text) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsOneOf(c, kPlain) || IsOneOf(c, kOfAddresses);
         });
}

std::optional<std::uint16_t> ParsePort(const std::string& text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && rest == end && port != 0 ? std::optional(port) : std::nullopt;
}

}  // namespace

SshDestination MakeSshDestination(const std::string& user, const std::string& host_name,
                                  const std::optional<std::string>& ssh_connection) {
  SshDestination destination{IsUser(user) ? user : "USER", host_name, std::nullopt};
  std::istringstream words(ssh_connection.value_or(""));
  std::string client;
  std::string client_port;
  std::string host;
  std::string port;
  if (words >> client >> client_port >> host >> port) {
    destination.host = host;
    destination.port = ParsePort(port);
  }
  if (destination.port == kSshPort) {
    destination.port.reset();
  }
  if (!IsHost(destination.host)) {
    destination.host = "HOST";
  }
  return destination;
}

std::string SshWords(const SshDestination& destination) {
  const std::string words =
      destination.port ? "-p " + std::to_string(*destination.port) + " " : std::string();
  const std::string whole = destination.user + "@" + destination.host;
  const bool is_plain = destination.user.find_first_not_of(kPlain) == std::string::npos;
  return words + (is_plain ? whole : "'" + whole + "'");
}

}  // namespace grokauth::app
