#pragma once

#include <optional>
#include <string>

namespace grokauth::edge {

/// The environment variable's value; nothing when it is unset or empty.
[[nodiscard]] std::optional<std::string> Variable(const char* name);
[[nodiscard]] std::optional<std::string> EitherVariable(const char* first, const char* second);

}  // namespace grokauth::edge
