#pragma once

#include <functional>
#include <string>

#include "app/context.h"
#include "oauth/types.h"

namespace grokauth::app {

/// Asks the profile's issuer for its metadata. Throws `Error`: kNetwork when it cannot be reached,
/// kConfig when it names another issuer or has no metadata, kServer when the answer is unusable.
[[nodiscard]] oauth::ServerMetadata Discover(Context& context);

/// GET of a URL.
using Fetch = std::function<HttpResult(const std::string& url)>;

/// The same, by the caller's own requests.
[[nodiscard]] oauth::ServerMetadata Discover(const Profile& profile, const Fetch& fetch);

}  // namespace grokauth::app
