#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/context.h"

namespace grokauth::app {

struct ExecOptions {
  std::optional<std::chrono::seconds> min_validity;
  std::vector<std::string> arguments;  ///< the program and its arguments; not empty
};

/// Becomes the program of `options`, with a fresh token or the API key in XAI_API_KEY (the command
/// `exec`). Never signs in. Comes back only when the program cannot be started, which it tells: the
/// exit status is 127 when there is none of that name, else 126, as from env(1). Throws `Error`,
/// `Interrupted`.
[[nodiscard]] int Exec(Context& context, const ExecOptions& options);

}  // namespace grokauth::app
