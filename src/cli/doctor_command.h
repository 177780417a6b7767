#pragma once

#include <vector>

#include "app/check.h"
#include "cli/command_line.h"
#include "cli/process.h"

namespace grokauth::cli {

/// What became of the configuration.
struct ConfigurationFindings {
  std::vector<app::Check> checks;
  bool has_profile = false;  ///< it says which profile to use
};

/// Reads the configuration as every command does; where another would end, it is a finding.
[[nodiscard]] ConfigurationFindings ExamineConfiguration(const CommonOptions& options,
                                                         const Process& process);

}  // namespace grokauth::cli
