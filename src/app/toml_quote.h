#pragma once

#include <string>
#include <string_view>

namespace grokauth::app {

/// `value` as a basic string (TOML 1.0), which stands for it exactly when it is UTF-8.
[[nodiscard]] std::string TomlQuote(std::string_view value);

}  // namespace grokauth::app
