#pragma once

#include "app/edges.h"
#include "app/error.h"
#include "oauth/json.h"

namespace grokauth::cli {

/// The JSON answer for `error`.
[[nodiscard]] oauth::JsonObject MakeErrorAnswer(const app::Error& error);

/// Tells `error` on standard error, with `json` also as the answer, and returns its exit status.
[[nodiscard]] int ReportError(const app::Error& error, bool json, app::Terminal& terminal);

}  // namespace grokauth::cli
