#pragma once

#include "app/edges.h"

namespace grokauth::edge {

/// The standard streams, and the terminal behind standard error.
class StandardTerminal final : public app::Terminal {
 public:
  void WriteAnswer(const std::string& text) override;
  void WriteMessage(const std::string& text) override;
  [[nodiscard]] std::optional<app::Screen> GetScreen() override;
  [[nodiscard]] std::unique_ptr<app::Keyboard> OpenKeyboard() override;
};

}  // namespace grokauth::edge
