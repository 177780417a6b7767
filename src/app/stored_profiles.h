#pragma once

#include <vector>

#include "app/edges.h"
#include "app/profile.h"

namespace grokauth::app {

/// The profiles of which something is stored although `known` has none of their name: they were
/// taken out of the configuration, or renamed. Each has the issuer and the client of its login, as
/// far as that can be read. Throws `Error{kStore}` when the state folder cannot be looked at.
/// A login that cannot be looked at counts as one.
[[nodiscard]] std::vector<Profile> FindForgottenProfiles(Edges& edges,
                                                         const std::vector<Profile>& known);

}  // namespace grokauth::app
