#pragma once

#include <cstdint>
#include <string>

namespace grokauth::edge {

// Who has something that this process wants, and who that is, from /proc. What is said of another
// user's processes, or of those of another PID namespace, is nothing.

/// Who listens on this TCP port of the machine, as "'name' (process 123)"; empty when nobody does.
[[nodiscard]] std::string FindPortHolder(std::uint16_t port);

/// The name of the process, as proc(5) has it in `comm`; empty when it cannot be seen.
[[nodiscard]] std::string ProcessName(int pid);

/// Whether the process is this program, and was stopped by a signal or a debugger.
[[nodiscard]] bool IsStoppedProgram(int pid);

}  // namespace grokauth::edge
