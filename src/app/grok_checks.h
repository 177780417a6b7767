#pragma once

#include <vector>

#include "app/check.h"
#include "app/edges.h"
#include "app/environment.h"
#include "app/grok_config.h"

namespace grokauth::app {

/// What `doctor` says of Grok: its configuration, the provider command in it or in the environment,
/// its version, the API key beside it. `config` is that of `environment.grok_folder`;
/// `has_api_key`: the profile has a key in place of a login. Runs `grok --version`, for 5 s at
/// most; asks nothing else of the outside than what is at paths.
[[nodiscard]] std::vector<Check> CheckGrok(const GrokConfig& config, const Environment& environment,
                                           Programs& programs, bool has_api_key = false);

}  // namespace grokauth::app
