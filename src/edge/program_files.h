#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/edges.h"
#include "app/environment.h"
#include "edge/interrupts.h"

namespace grokauth::edge {

/// Programs in the file system; of PATH only the absolute folders count.
class ProgramFiles final : public app::Programs {
 public:
  /// `name` is the one by which this program was started (argv[0]).
  ProgramFiles(std::string name, const app::Environment& environment, Interrupts& interrupts);

  [[nodiscard]] std::string OwnPath() override;
  [[nodiscard]] bool IsInBuildFolder(const std::string& path) override;
  [[nodiscard]] app::ProgramKind Inspect(const std::string& path) override;
  [[nodiscard]] std::string Find(const std::string& name) override;
  [[nodiscard]] std::optional<std::string> FirstLine(const std::string& path,
                                                     const std::vector<std::string>& arguments,
                                                     std::chrono::milliseconds patience) override;
  [[nodiscard]] std::optional<app::ProgramOutput> Run(const std::string& path,
                                                      const std::vector<std::string>& arguments,
                                                      std::chrono::milliseconds patience) override;
  [[nodiscard]] std::string Absolute(const std::string& path) override;

 private:
  std::string name_;
  const app::Environment& environment_;
  Interrupts& interrupts_;
};

}  // namespace grokauth::edge
