#pragma once

#include <vector>

#include "app/check.h"
#include "app/context.h"
#include "app/grok_config.h"

namespace grokauth::app {

/// Examines everything that runs of the profile need: the server unless `offline`, the place, the
/// keyring, the state folder, the login, how Grok is told to run the program, and whether git asks
/// it for what `profiles`, all that there are, answer for. Changes nothing; takes up to 30 s. What
/// cannot be examined is a finding, too. Throws `Interrupted`.
[[nodiscard]] std::vector<Check> Examine(Context& context, const GrokConfig& grok_config,
                                         const std::vector<Profile>& profiles, bool offline);

/// What can be examined when it is not known which profile to use.
[[nodiscard]] std::vector<Check> ExamineWithoutProfile(Edges& edges, const Environment& environment,
                                                       const GrokConfig& grok_config);

enum class DoctorFormat { kTable, kJson };

/// Prints the checks and a summary. Returns whether nothing is wrong.
bool PrintChecks(Terminal& terminal, const std::vector<Check>& checks, DoctorFormat format);

}  // namespace grokauth::app
