#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/edges.h"
#include "edge/interrupts.h"

namespace grokauth::edge {

/// The ssh program of PATH, in this process's foreground process group. One that is destroyed
/// before it has ended gets SIGTERM, and SIGKILL when it does not end within 2 seconds.
class SshRemoteShell final : public app::RemoteShell {
 public:
  explicit SshRemoteShell(Interrupts& interrupts);

  [[nodiscard]] std::unique_ptr<app::RunningShell> Start(
      const std::vector<std::string>& arguments) override;

 private:
  Interrupts& interrupts_;
};

}  // namespace grokauth::edge
