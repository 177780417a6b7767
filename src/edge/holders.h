#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace grokauth::edge {

// Who has something that this process wants, and who that is, as far as /proc tells: another user's
// processes, and those of another PID namespace, cannot be seen.

/// Who listens on this TCP port of the machine, as "'name' (process 123)"; empty when nobody does.
[[nodiscard]] std::string FindPortHolder(std::uint16_t port);

/// The process that holds the flock(2) lock on this file.
[[nodiscard]] std::optional<int> FindLockHolder(const std::string& path);

/// The name of the process, as proc(5) has it in `comm`; empty when it cannot be seen.
[[nodiscard]] std::string ProcessName(int pid);

/// Whether the process was stopped: by a signal, or by a debugger.
[[nodiscard]] bool IsStopped(int pid);

}  // namespace grokauth::edge
