#pragma once

#include "app/edges.h"
#include "app/environment.h"
#include "app/messages.h"
#include "app/profile.h"
#include "app/ssh_plan.h"

namespace grokauth::app {

/// Runs `grok-auth login` on a remote host by ssh and opens the address that it prints in the
/// browser here (the command `ssh`). Returns the status of the remote login. Throws
/// `Error{kNetwork}` when ssh fails or a port that is needed is taken, `Error{kConfig}` when there
/// is no grok-auth on the host, `Error{kServer}` when the host sends an address that may not be
/// used, `Interrupted`. Whatever happens, ssh has ended afterwards.
[[nodiscard]] int SignInBySsh(const SshOptions& options, const Configuration& configuration,
                              const Environment& environment, Edges& edges, Messages& messages);

}  // namespace grokauth::app
