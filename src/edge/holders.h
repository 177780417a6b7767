#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace grokauth::edge {

// Who has something that this process wants, as far as /proc tells: another user's processes, and
// those of another PID namespace, cannot be seen.

/// Who listens on this TCP port of the machine, as "'name' (process 123)"; empty when nobody does.
[[nodiscard]] std::string FindPortHolder(std::uint16_t port);

/// The process that holds the flock(2) lock on this file.
[[nodiscard]] std::optional<int> FindLockHolder(const std::string& path);

/// Whether the process was stopped: by a signal, or by a debugger.
[[nodiscard]] bool IsStopped(int pid);

}  // namespace grokauth::edge
