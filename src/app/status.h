#pragma once

#include "app/context.h"
#include "oauth/json.h"

namespace grokauth::app {

enum class StatusFormat { kTable, kJson };

/// Prints what is stored for the profile: offline, without refreshing anything (the command
/// `status`).
void PrintStatus(Context& context, StatusFormat format);

/// The members of the JSON answer of `status`.
[[nodiscard]] oauth::JsonObject MakeStatusAnswer(Context& context);

}  // namespace grokauth::app
