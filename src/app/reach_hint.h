#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/ssh_destination.h"
#include "app/surroundings.h"

namespace grokauth::app {

/// The lines that tell a person how the browser gets to a listener on `port` of 127.0.0.1 here,
/// when none could be opened. `machine` is this machine: for ssh, and by its host the name of a
/// pod. `profile` is named in commands unless they find it by themselves. `can_paste`: this run
/// takes the address that the browser ends at.
[[nodiscard]] std::vector<std::string> ReachHint(Surroundings surroundings,
                                                 const SshDestination& machine, std::uint16_t port,
                                                 const std::optional<std::string>& profile,
                                                 bool can_paste);

}  // namespace grokauth::app
