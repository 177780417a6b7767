#include "app/toml_fault.h"

#include <utility>

#include "oauth/encoding.h"

namespace grokauth::app {

TomlFault MakeTomlFault(unsigned line, unsigned column, std::string_view description) {
  std::string reason = oauth::Printable(description);
  // The parser's words, begun as ours begin.
  if (!reason.empty() && reason.front() >= 'A' && reason.front() <= 'Z') {
    reason.front() = static_cast<char>(reason.front() - 'A' + 'a');
  }
  return {line, column, std::move(reason)};
}

}  // namespace grokauth::app
