#include "edge/browser.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <vector>

#include "app/browser_plan.h"
#include "edge/process.h"

namespace grokauth::edge {

namespace {

namespace fs = std::filesystem;

// The kernel's own limit (MAXSYMLINKS of Linux).
constexpr int kMostLinks = 40;

bool IsExecutable(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

/// Whether this name, or any that it is a symbolic link to, is a text-mode browser's:
/// /usr/bin/www-browser leads to one by way of /etc/alternatives.
bool LeadsToTextBrowser(fs::path path) {
  for (int links = 0; links < kMostLinks; ++links) {
    if (app::IsTextBrowser(path.native())) {
      return true;
    }
    std::error_code error;
    const fs::path target = fs::read_symlink(path, error);
    if (error) {
      return false;
    }
    path = path.parent_path() / target;  // an absolute target stands alone
  }
  return false;
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

}  // namespace

DesktopBrowser::DesktopBrowser(const app::Environment& environment) : environment_(environment) {}

std::string DesktopBrowser::Find(const std::string& program) const {
  const auto is_usable = [](const fs::path& path) {
    return IsExecutable(path) && !LeadsToTextBrowser(path);
  };
  if (program.find('/') != std::string::npos) {
    return is_usable(program) ? program : "";
  }
  std::istringstream folders(environment_.program_path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    // A relative folder is wherever the run happens to be, which may be somebody else's checkout.
    const fs::path path = fs::path(folder) / program;
    if (path.is_absolute() && IsExecutable(path)) {
      return is_usable(path) ? path.native() : "";
    }
  }
  return "";
}

bool DesktopBrowser::IsAvailable() {
  const std::vector<app::BrowserCommand> commands = app::PlanBrowser(environment_, /*url=*/"");
  return std::any_of(commands.begin(), commands.end(), [this](const app::BrowserCommand& command) {
    return !Find(command.program).empty();
  });
}

bool DesktopBrowser::Open(const std::string& url) {
  const std::vector<std::string> variables = app::BrowserEnvironment(OwnEnvironment());
  for (const app::BrowserCommand& command : app::PlanBrowser(environment_, url)) {
    const std::string path = Find(command.program);
    std::vector<std::string> arguments{command.program};
    arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
    if (!path.empty() && StartDetached(path, arguments, {}, variables) > 0) {
      return true;
    }
  }
  return false;
}

}  // namespace grokauth::edge
