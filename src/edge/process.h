#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "edge/interrupts.h"

namespace grokauth::edge {

/// A descriptor of this process, and the number under which a child gets it.
using InheritedDescriptor = std::pair<int, int>;

/// Starts `program` (looked up in PATH unless it has a slash) in a session of its own, with default
/// signal handling, standard input, output and error on /dev/null, `inherited` and no other
/// descriptor. `environment` ("NAME=value") takes the place of this process's own. Returns the
/// process id, or the negative errno value.
[[nodiscard]] int StartDetached(
    const std::string& program, const std::vector<std::string>& arguments,
    const std::vector<InheritedDescriptor>& inherited,
    const std::optional<std::vector<std::string>>& environment = std::nullopt);

/// Starts `program` (looked up likewise) in this process's session and process group, with default
/// signal handling, neither input nor output, `error_descriptor` as its standard
/// error and no other descriptor. Returns the process id, or the negative errno value.
[[nodiscard]] int StartAttached(const std::string& program,
                                const std::vector<std::string>& arguments, int error_descriptor);

/// The words as the C interface wants them, with a null pointer at the end; for as long as `words`
/// lives unchanged.
[[nodiscard]] std::vector<char*> Pointers(const std::vector<std::string>& words);

/// Waits for a process started detached: its exit status; -1 when it was killed, or had to be
/// because `patience` ran out. Throws `app::Interrupted`, the process killed.
[[nodiscard]] int WaitForExit(int pid, std::chrono::seconds patience, Interrupts& interrupts);

}  // namespace grokauth::edge
