#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace grokauth::app {

/// The plan of an account, as the access token's numeric claim `tier` tells it; nothing when it has
/// none. It can be out of date, and decides nothing: the server does.
[[nodiscard]] std::optional<std::string> PeekTier(std::string_view access_token);

}  // namespace grokauth::app
