#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace grokauth::app {

/// How ssh gets to this machine.
struct SshDestination {
  std::string user;
  std::string host;                   ///< a name or an address
  std::optional<std::uint16_t> port;  ///< nothing: ssh's own, 22
};

/// The way that the running session came, when `ssh_connection` (SSH_CONNECTION of sshd(8): client
/// address and port, server address and port) tells it; else by `host_name`. A user or host that
/// ssh would not take, or that could hide something in a line made to be copied into a shell,
/// becomes the placeholder USER or HOST.
[[nodiscard]] SshDestination MakeSshDestination(const std::string& user,
                                                const std::string& host_name,
                                                const std::optional<std::string>& ssh_connection);

/// The words for ssh's command line, quoted for a shell: "[-p PORT] user@host".
[[nodiscard]] std::string SshWords(const SshDestination& destination);

}  // namespace grokauth::app
