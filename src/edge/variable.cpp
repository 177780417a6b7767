#include "edge/variable.h"

#include <cstdlib>

namespace grokauth::edge {

std::optional<std::string> Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

std::optional<std::string> EitherVariable(const char* first, const char* second) {
  std::optional<std::string> value = Variable(first);
  return value ? value : Variable(second);
}

}  // namespace grokauth::edge
