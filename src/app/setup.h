#pragma once

#include <optional>
#include <string>

#include "app/context.h"

namespace grokauth::app {

/// How `setup` was called.
struct SetupOptions {
  bool write = false;                  ///< change Grok's configuration instead of printing lines
  std::optional<std::string> profile;  ///< --profile, for the runs by Grok too
  std::optional<std::string> config;   ///< --config, likewise
};

/// Prints the lines that make Grok run this program, all of them TOML, or writes them into Grok's
/// config.toml. Says what Grok would let win over them. Throws `Error{kConfig}` for a file that
/// cannot be edited, `Error{kStore}` for one that cannot be written; it is as before then.
void SetUpGrok(Context& context, const SetupOptions& options);

}  // namespace grokauth::app
