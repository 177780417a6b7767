#pragma once

#include <optional>

#include "app/check.h"
#include "app/context.h"
#include "oauth/types.h"

namespace grokauth::app {

/// Whether a browser can be opened here, and where that is.
[[nodiscard]] Check CheckBrowser(Context& context);

/// What a sign-in would do here. `metadata` is what the server offers; nothing: not known, and then
/// it is taken to offer everything.
[[nodiscard]] Check CheckSignIn(Context& context,
                                const std::optional<oauth::ServerMetadata>& metadata);

/// Whether the port of the loopback flow is free, or who has it.
[[nodiscard]] Check CheckPort(Context& context);

}  // namespace grokauth::app
