#include "edge/browser.h"

#include <utility>

#include "edge/process.h"

namespace grokauth::edge {

DesktopBrowser::DesktopBrowser(DesktopEnvironment environment)
    : environment_(std::move(environment)) {}

bool DesktopBrowser::IsAvailable() {
  return environment_.has_display && !environment_.is_ssh;
}

bool DesktopBrowser::Open(const std::string& url) {
  // A list of commands or one with arguments is left to xdg-open, which knows how to read it.
  const bool is_command =
      environment_.browser && environment_.browser->find_first_of(": %") == std::string::npos;
  const std::string program = is_command ? *environment_.browser : "xdg-open";
  return StartDetached(program, {program, url}, {}) > 0;
}

}  // namespace grokauth::edge
