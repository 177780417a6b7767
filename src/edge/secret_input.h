#pragma once

#include <optional>
#include <string>

#include "app/edges.h"
#include "edge/interrupts.h"

namespace grokauth::edge {

/// The standard input of the process.
class StandardInput final : public app::SecretInput {
 public:
  explicit StandardInput(Interrupts& interrupts);

  [[nodiscard]] std::optional<std::string> ReadLine(const std::string& prompt) override;

 private:
  Interrupts& interrupts_;
};

}  // namespace grokauth::edge
