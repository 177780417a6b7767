#pragma once

#include <string>

#include "app/edges.h"
#include "app/environment.h"

namespace grokauth::edge {

/// The person's browser: what app::PlanBrowser names, started in a session of its own and not
/// waited for.
class DesktopBrowser final : public app::Browser {
 public:
  explicit DesktopBrowser(const app::Environment& environment);

  [[nodiscard]] bool IsAvailable() override;
  bool Open(const std::string& url) override;

 private:
  /// The path of a program that exists and is no text-mode browser; empty when there is none.
  [[nodiscard]] std::string Find(const std::string& program) const;

  const app::Environment& environment_;
};

}  // namespace grokauth::edge
