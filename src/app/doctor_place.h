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

/// Whether the port of the loopback flow is free, or who has it. It matters where a sign-in would
/// take that flow.
[[nodiscard]] Check CheckPort(Context& context,
                              const std::optional<oauth::ServerMetadata>& metadata);

}  // namespace grokauth::app
