#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/profile.h"

namespace grokauth::app {

/// What the command `ssh` was given.
struct SshOptions {
  std::optional<std::string> profile;  ///< --profile
  std::optional<Flow> flow;            ///< --device or --loopback
  bool no_browser = false;
  std::vector<std::string> arguments;  ///< for ssh, the host among them
};

/// What is asked of the remote host, as far as this computer's configuration tells.
struct SshPlan {
  std::optional<std::string> profile;  ///< named here; nothing: the remote host's default decides
  std::optional<Flow> flow;  ///< to be asked for there; nothing: the profile there decides
  /// The port that the browser's answer comes to, here and there; nothing: it signs in by code.
  std::optional<std::uint16_t> forwarded_port;
};

/// Which profile and flow to ask for, and which port to forward. A profile that signs in by code
/// needs no forward, and is then asked for nothing else. One that this computer does not know, or
/// that is not named, may need one. Throws `Error{kUsage}` for a name that cannot be one and for a
/// GROKAUTH_FLOW that is none.
[[nodiscard]] SshPlan PlanSsh(const SshOptions& options, const Configuration& configuration,
                              const Environment& environment);

/// The arguments of ssh: ours, `arguments`, and the sign-in as the remote command.
[[nodiscard]] std::vector<std::string> MakeSshArguments(const SshPlan& plan,
                                                        const std::vector<std::string>& arguments);

/// `word` for a POSIX shell, which ssh's remote command goes through after its words were joined by
/// blanks: in single quotes unless it needs none.
[[nodiscard]] std::string ShellQuoted(std::string_view word);

/// What may be done with an address that the remote host sends.
struct AddressVerdict {
  enum class Use { kOpen, kShow, kRefuse };
  Use use = Use::kRefuse;
  std::string fault;  ///< why it is not opened, as one clause
};

/// Whoever controls the remote host chooses the address: only https is opened, for the profile
/// `xai` only on x.ai. Where no profile is named, another host's is shown but not opened.
[[nodiscard]] AddressVerdict JudgeAddress(std::string_view url, const SshPlan& plan);

/// The port of this computer that the browser is sent to in the end (the redirect_uri of RFC 6749
/// section 4.1.1); nothing when the address names none.
[[nodiscard]] std::optional<std::uint16_t> RedirectPort(std::string_view url);

}  // namespace grokauth::app
