#pragma once

#include <string>
#include <string_view>

namespace grokauth::app {

/// Where and why a text is not TOML.
struct TomlFault {
  unsigned line = 0;    ///< from 1
  unsigned column = 0;  ///< from 1, in characters
  std::string reason;   ///< one clause in lower case, fit for a terminal
};

/// `description` is in the parser's own words.
[[nodiscard]] TomlFault MakeTomlFault(unsigned line, unsigned column, std::string_view description);

}  // namespace grokauth::app
