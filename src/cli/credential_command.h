#pragma once

#include "app/edges.h"
#include "app/messages.h"
#include "cli/command_line.h"
#include "cli/process.h"

namespace grokauth::cli {

/// Answers git. What no profile answers for, and operations that are not known, are passed over in
/// silence, with status 0: git asks the next helper. Throws `Error`, `Interrupted`.
[[nodiscard]] int Execute(const CredentialCommand& command, app::Edges& edges,
                          const Process& process, app::Messages& messages);

}  // namespace grokauth::cli
