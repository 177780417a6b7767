#pragma once

#include "app/edges.h"
#include "cli/command_line.h"
#include "cli/process.h"

namespace grokauth::cli {

/// Runs `command` and returns the exit status. Errors are printed, not thrown.
[[nodiscard]] int RunCommand(const Command& command, app::Edges& edges, const Process& process);

}  // namespace grokauth::cli
