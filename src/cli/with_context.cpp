#include "cli/with_context.h"

namespace grokauth::cli {

std::vector<std::string> WorkerArguments(const CommonOptions& options,
                                         const app::Profile& profile) {
  std::vector<std::string> arguments{"refresh", "--worker", "--profile=" + profile.name};
  if (options.config) {
    arguments.push_back("--config=" + *options.config);
  }
  return arguments;
}

}  // namespace grokauth::cli
