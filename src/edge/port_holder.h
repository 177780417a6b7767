#pragma once

#include <cstdint>
#include <string>

namespace grokauth::edge {

/// Who listens on this TCP port of the machine, as "'name' (process 123)", from /proc; empty when
/// nobody does or it cannot be told (another user's process).
[[nodiscard]] std::string FindPortHolder(std::uint16_t port);

}  // namespace grokauth::edge
