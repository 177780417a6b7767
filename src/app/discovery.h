#pragma once

#include "app/context.h"
#include "oauth/types.h"

namespace grokauth::app {

/// Asks the profile's issuer for its metadata. Throws `Error`: kNetwork when it cannot be reached,
/// kConfig when it names another issuer or has no metadata, kServer when the answer is unusable.
[[nodiscard]] oauth::ServerMetadata Discover(Context& context);

}  // namespace grokauth::app
