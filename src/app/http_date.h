#pragma once

#include <optional>
#include <string>

#include "app/edges.h"

namespace grokauth::app {

/// The time in `text`, in one of the three forms of RFC 9110 section 5.6.7; nothing for other text.
[[nodiscard]] std::optional<UnixTime> ParseHttpDate(const std::string& text);

}  // namespace grokauth::app
