#pragma once

#include <optional>
#include <string>

#include "app/edges.h"

namespace grokauth::edge {

/// What tells whether and how a browser can be opened.
struct DesktopEnvironment {
  bool has_display = false;            ///< DISPLAY or WAYLAND_DISPLAY is set
  bool is_ssh = false;                 ///< SSH_CONNECTION or SSH_TTY is set
  std::optional<std::string> browser;  ///< BROWSER
};

/// The browser of the desktop: $BROWSER when that is one plain command, else xdg-open.
class DesktopBrowser final : public app::Browser {
 public:
  explicit DesktopBrowser(DesktopEnvironment environment);

  [[nodiscard]] bool IsAvailable() override;
  bool Open(const std::string& url) override;

 private:
  DesktopEnvironment environment_;
};

}  // namespace grokauth::edge
