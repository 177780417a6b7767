#pragma once

#include <string>

#include "app/context.h"
#include "oauth/json.h"

namespace grokauth::app {

/// What is stored for the profile, as lines for a person: offline, without refreshing anything (the
/// command `status`).
[[nodiscard]] std::string MakeStatusTable(Context& context);

/// The same as the members of the JSON answer.
[[nodiscard]] oauth::JsonObject MakeStatusAnswer(Context& context);

}  // namespace grokauth::app
