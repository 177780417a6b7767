#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/edges.h"
#include "edge/interrupts.h"

namespace grokauth::edge {

/// Where a worker finds what it inherits: the locked file, and the pipe for its report.
inline constexpr int kWorkerLockDescriptor = 3;
inline constexpr int kWorkerReportDescriptor = 4;

/// Starts this very executable again, in a session of its own: neither a kill of this process nor
/// of its process group reaches the worker.
class ProcessWorker final : public app::Worker {
 public:
  explicit ProcessWorker(Interrupts& interrupts);

  [[nodiscard]] std::unique_ptr<app::RunningWorker> Start(const std::vector<std::string>& arguments,
                                                          std::unique_ptr<app::Lock> lock) override;

  /// Takes note of the end of the workers that have reported, which is a matter of milliseconds, so
  /// that whatever comes next in this process is not left with children it never had.
  void Reap();

 private:
  Interrupts& interrupts_;
  std::vector<int> started_;
};

/// Whether this process was started as a worker: the descriptors are there, the first one locked.
[[nodiscard]] bool HasWorkerDescriptors();

/// Lets go of the inherited lock, then writes the report. Failures are ignored: the run that asked
/// may be gone, and the token is stored.
void FinishWorker(const std::string& report);

}  // namespace grokauth::edge
