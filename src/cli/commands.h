#pragma once

#include "app/edges.h"
#include "app/error.h"
#include "cli/command_line.h"
#include "cli/process.h"

namespace grokauth::cli {

/// Runs `command` and returns the exit status. Errors are printed, not thrown.
[[nodiscard]] int RunCommand(const Command& command, app::Edges& edges, const Process& process);

/// Tells `error` on standard error, with `json` also as the answer, and returns its exit status.
[[nodiscard]] int ReportError(const app::Error& error, bool json, app::Terminal& terminal);

}  // namespace grokauth::cli
