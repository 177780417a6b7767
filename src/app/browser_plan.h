#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/environment.h"

namespace grokauth::app {

/// A program, by path or by name in PATH, and its arguments; never a line for a shell.
struct BrowserCommand {
  std::string program;
  std::vector<std::string> arguments;
};

/// The commands of `list`, a value of BROWSER, for opening `url`: separated by colons, their words
/// by blanks; quotes and backslashes as in a shell, but nothing else of one. `%s` in an argument is
/// the URL, `%%` a percent sign; without `%s` the URL comes last.
[[nodiscard]] std::vector<BrowserCommand> ParseBrowserList(std::string_view list,
                                                           const std::string& url);

/// The URL with everything percent-encoded that RFC 3986 does not allow in one, or that a program
/// between here and the browser might take for its own: wslview hands it to a PowerShell command
/// line.
[[nodiscard]] std::string UrlForOpeners(const std::string& url);

/// What may open `url` before the person's eyes, the best first; whether these programs are there
/// is not known here. None on a text console or over SSH, unless an editor on the person's own
/// computer has set BROWSER to open pages there.
[[nodiscard]] std::vector<BrowserCommand> PlanBrowser(const Environment& environment,
                                                      const std::string& url);

/// Whether the program at `path` shows its pages in a terminal, by its name.
[[nodiscard]] bool IsTextBrowser(std::string_view path);

/// The environment ("NAME=value") that a browser gets, from this process's own. What Grok or the
/// person told this program stays behind, since it may hold tokens, and BROWSER names graphical
/// browsers only, because xdg-open(1) goes by it and would by itself also try text-mode ones.
[[nodiscard]] std::vector<std::string> BrowserEnvironment(
    const std::vector<std::string>& environment);

}  // namespace grokauth::app
