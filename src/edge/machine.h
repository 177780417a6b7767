#pragma once

#include "app/edges.h"

namespace grokauth::edge {

/// Looks for /.dockerenv (Docker) and /run/.containerenv (Podman, Toolbox).
class LinuxMachine final : public app::Machine {
 public:
  [[nodiscard]] bool HasContainerMark() override;
};

}  // namespace grokauth::edge
