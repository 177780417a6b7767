#include "app/browser_plan.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <optional>
#include <utility>

namespace grokauth::app {

namespace {

constexpr std::array<std::string_view, 13> kTextBrowsers = {
    "browsh", "carbonyl", "cha",    "edbrowse", "elinks", "felinks",    "links",
    "links2", "lynx",     "netrik", "retawq",   "w3m",    "www-browser"};

// The graphical part of the list that xdg-open 1.1.3 tries by itself.
constexpr std::string_view kGraphicalBrowsers =
    "BROWSER=x-www-browser:firefox:iceweasel:seamonkey:mozilla:epiphany:konqueror:chromium:"
    "chromium-browser:google-chrome";

using Words = std::vector<std::string>;

/// Cuts the value of BROWSER into commands of words.
class ListReader {
 public:
  std::vector<Words> Read(std::string_view list) {
    for (const char c : list) {
      Take(c);
    }
    if (!quote_ && !is_escaped_) {
      EndCommand();
    }
    return std::move(commands_);
  }

 private:
  void Take(char c) {
    if (is_escaped_) {
      Add(c);
      is_escaped_ = false;
    } else if (c == '\\' && quote_ != '\'') {
      is_escaped_ = true;
    } else if (quote_) {
      TakeQuoted(c);
    } else if (c == '\'' || c == '"') {
      quote_ = c;
      word_ = word_.value_or("");
    } else if (c == ' ' || c == '\t') {
      EndWord();
    } else if (c == ':') {
      EndCommand();
    } else {
      Add(c);
    }
  }

  void TakeQuoted(char c) {
    if (c == quote_) {
      quote_.reset();
    } else {
      Add(c);
    }
  }

  void Add(char c) { word_ = word_.value_or("") + c; }

  void EndWord() {
    if (word_) {
      words_.push_back(*std::exchange(word_, std::nullopt));
    }
  }

  void EndCommand() {
    EndWord();
    commands_.push_back(std::exchange(words_, {}));
  }

  std::vector<Words> commands_;
  Words words_;
  std::optional<std::string> word_;
  std::optional<char> quote_;
  bool is_escaped_ = false;
};

/// `word` with its %s and %% replaced; true in `second` when it had a %s.
std::pair<std::string, bool> FillIn(const std::string& word, const std::string& url) {
  std::string filled;
  bool has_url = false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char next = word[i] == '%' && i + 1 < word.size() ? word[i + 1] : '\0';
    if (next == 's') {
      filled += url;
      has_url = true;
      ++i;
    } else {
      filled += word[i];
      i += next == '%' ? 1 : 0;
    }
  }
  return {filled, has_url};
}

}  // namespace

std::vector<BrowserCommand> ParseBrowserList(std::string_view list, const std::string& url) {
  std::vector<BrowserCommand> commands;
  for (Words& words : ListReader().Read(list)) {
    if (words.size() > 1 && words.back() == "&") {
      words.pop_back();  // "firefox %s &": nothing here waits for it anyway
    }
    if (words.empty() || words.front().empty()) {
      continue;
    }
    BrowserCommand command{words.front(), {}};
    bool has_url = false;
    for (auto word = words.begin() + 1; word != words.end(); ++word) {
      auto [argument, is_filled] = FillIn(*word, url);
      command.arguments.push_back(std::move(argument));
      has_url = has_url || is_filled;
    }
    if (!has_url) {
      command.arguments.push_back(url);
    }
    commands.push_back(std::move(command));
  }
  return commands;
}

std::string UrlForOpeners(const std::string& url) {
  constexpr std::string_view kHarmless = "-._~:/?#[]@!&+,;=";
  std::string out;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const auto c = static_cast<unsigned char>(url[i]);
    const bool is_encoded = c == '%' && i + 2 < url.size() && std::isxdigit(url[i + 1]) != 0 &&
                            std::isxdigit(url[i + 2]) != 0;
    if ((c < 0x80 && std::isalnum(c) != 0) || is_encoded ||
        kHarmless.find(url[i]) != std::string_view::npos) {
      out += url[i];
    } else {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      out += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
  return out;
}

std::vector<BrowserCommand> PlanBrowser(const Environment& environment,
                                        const std::string& given_url) {
  const std::string url = UrlForOpeners(given_url);
  const bool has_desktop = environment.has_display && !environment.is_ssh;
  const bool has_windows = environment.is_wsl && !environment.is_ssh;
  std::vector<BrowserCommand> commands;
  if (environment.browser && (has_desktop || has_windows || environment.is_remote_editor)) {
    commands = ParseBrowserList(*environment.browser, url);
  }
  if (has_windows) {
    commands.push_back({"wslview", {url}});
  }
  if (has_desktop) {
    commands.push_back({"xdg-open", {url}});
  }
  return commands;
}

bool IsTextBrowser(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::find(kTextBrowsers.begin(), kTextBrowsers.end(), name) != kTextBrowsers.end();
}

std::vector<std::string> BrowserEnvironment(const std::vector<std::string>& environment) {
  std::vector<std::string> kept;
  for (const std::string& variable : environment) {
    const bool is_ours = variable.starts_with("GROK_") || variable.starts_with("GROKAUTH_") ||
                         variable.starts_with("XAI_");
    if (!is_ours && !variable.starts_with("BROWSER=")) {
      kept.push_back(variable);
    }
  }
  kept.emplace_back(kGraphicalBrowsers);
  return kept;
}

}  // namespace grokauth::app
