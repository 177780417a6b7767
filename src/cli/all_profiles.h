#pragma once

#include "app/edges.h"
#include "app/messages.h"
#include "cli/command_line.h"
#include "cli/process.h"

namespace grokauth::cli {

// The option --all: every profile of the configuration, and those of which a login is stored
// although the configuration does not have them any more. What fails for one profile is told, and
// the others go on; the exit status is that of the first failure.

[[nodiscard]] int RunForAll(const StatusCommand& command, app::Edges& edges, const Process& process,
                            app::Messages& messages);
[[nodiscard]] int RunForAll(const LogoutCommand& command, app::Edges& edges, const Process& process,
                            app::Messages& messages);

}  // namespace grokauth::cli
