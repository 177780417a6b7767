#pragma once

#include "app/edges.h"
#include "app/environment.h"

namespace grokauth::app {

/// Where a run is, by what it takes to get from the person's browser to its 127.0.0.1.
enum class Surroundings {
  kHere,  ///< nothing says that it is elsewhere
  kSsh,
  kContainer,
  kPod,  ///< of Kubernetes
  kCodespace,
  kGoogleCloudShell,
  kCloudShell,  ///< another one, which cannot be told how to get to
};

/// Where this run is. A cloud shell goes before SSH, by which one gets into it through the
/// provider's own command; SSH goes before a container, whose sshd the session came to. `machine`
/// is asked only when the environment has no mark.
[[nodiscard]] Surroundings FindSurroundings(const Environment& environment, Machine& machine);

}  // namespace grokauth::app
