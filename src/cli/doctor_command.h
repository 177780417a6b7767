#pragma once

#include <vector>

#include "app/check.h"
#include "app/grok_config.h"
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

/// Grok's configuration; that the file cannot be read is a finding, too.
[[nodiscard]] app::GrokConfig ExamineGrokConfig(const Process& process);

}  // namespace grokauth::cli
