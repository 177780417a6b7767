#pragma once

#include <vector>

#include "app/check.h"
#include "app/edges.h"
#include "app/profile.h"

namespace grokauth::app {

/// What `doctor` says of git: whether it asks grok-auth for the hosts that `profiles` name, by
/// which program, before helpers that store tokens, and with the path where an entry has one.
/// Nothing where nobody wants anything of git: the built-in profile's own host does not count. Runs
/// git twice, for 2 s each at most.
[[nodiscard]] std::vector<Check> CheckGit(const std::vector<Profile>& profiles, Programs& programs);

}  // namespace grokauth::app
