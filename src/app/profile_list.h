#pragma once

#include <optional>
#include <string>

#include "app/edges.h"
#include "app/environment.h"
#include "app/profile.h"

namespace grokauth::app {

/// Prints the profiles of `configuration`: their names, one in a line, or in JSON with their
/// issuers and which one is the default, that of a run without --profile.
void PrintProfiles(const Configuration& configuration, const Environment& environment, bool json,
                   Terminal& terminal);

}  // namespace grokauth::app
