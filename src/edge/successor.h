#pragma once

#include <string>
#include <vector>

#include "app/edges.h"
#include "edge/system.h"
#include "edge/worker.h"

namespace grokauth::edge {

/// execvp(3), behind the undoing of what this process has changed for itself.
class ExecSuccessor final : public app::Successor {
 public:
  ExecSuccessor(const CallerSettings& caller, ProcessWorker& worker);

  [[nodiscard]] app::ProgramFailure Become(const std::vector<std::string>& arguments,
                                           const std::string& name,
                                           const std::string& value) override;

 private:
  const CallerSettings& caller_;
  ProcessWorker& worker_;
};

}  // namespace grokauth::edge
