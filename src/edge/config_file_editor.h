#pragma once

#include <string>

#include "app/edges.h"

namespace grokauth::edge {

/// Configuration files of other programs, in the file system.
class ConfigFileEditor final : public app::ConfigFiles {
 public:
  [[nodiscard]] app::ConfigFile Read(const std::string& path) override;
  [[nodiscard]] std::string Replace(const app::ConfigFile& file, const std::string& text,
                                    const std::string& backup_suffix) override;
};

}  // namespace grokauth::edge
