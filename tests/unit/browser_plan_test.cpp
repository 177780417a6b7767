#include "app/browser_plan.h"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace grokauth::app;

namespace {

using Words = std::vector<std::string>;

constexpr const char* kUrl = "https://id.example/?a=b&c=%73 d";

/// The commands as words, the program first.
std::vector<Words> WordsOf(const std::vector<BrowserCommand>& commands) {
  std::vector<Words> all;
  for (const BrowserCommand& command : commands) {
    Words words{command.program};
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    all.push_back(std::move(words));
  }
  return all;
}

Words ProgramsOf(const std::vector<BrowserCommand>& commands) {
  Words programs;
  for (const BrowserCommand& command : commands) {
    programs.push_back(command.program);
  }
  return programs;
}

}  // namespace

TEST_CASE("BROWSER is a list of commands with arguments and a place for the address") {
  const std::string url = kUrl;
  const std::string quoted = "'" + url + "'";
  const auto [list, commands] = GENERATE_COPY(table<std::string, std::vector<Words>>({
      {"firefox", {{"firefox", url}}},
      {"/opt/browser", {{"/opt/browser", url}}},
      {"firefox:chromium", {{"firefox", url}, {"chromium", url}}},
      {"::firefox: :", {{"firefox", url}}},
      {"", {}},
      {"  firefox \t -P work ", {{"firefox", "-P", "work", url}}},
      {"firefox --new-window %s", {{"firefox", "--new-window", url}}},
      {"chromium --app=%s --x", {{"chromium", "--app=" + url, "--x"}}},
      {"b %s %s", {{"b", url, url}}},
      {"b 100%% %s", {{"b", "100%", url}}},
      {"b %%s", {{"b", "%s", url}}},
      {"b %%%s", {{"b", "%" + url}}},
      {"b %d 5%", {{"b", "%d", "5%", url}}},
      {"firefox %s &", {{"firefox", url}}},
      {"firefox &", {{"firefox", url}}},
      {"&", {{"&", url}}},
      {"%s", {{"%s", url}}},
      {"'/mnt/c/Program Files/x.exe' \"a b\" %s", {{"/mnt/c/Program Files/x.exe", "a b", url}}},
      {R"(/mnt/c/Program\ Files/x.exe:\"x "a\"b" 'c\d')",
       {{"/mnt/c/Program Files/x.exe", url}, {"\"x", "a\"b", "c\\d", url}}},
      {"b 'x:y' %s:c", {{"b", "x:y", url}, {"c", url}}},
      {"b ''", {{"b", "", url}}},
      {"b '%s'", {{"b", url}}},
      {"a\"b\"'c'd", {{"abcd", url}}},
      {"'' %s:b", {{"b", url}}},
      {"a:b 'x", {{"a", url}}},
      {"a:b \\", {{"a", url}}},
      {"sh -c $HOME;`id`>x", {{"sh", "-c", "$HOME;`id`>x", url}}},
  }));
  CAPTURE(list);
  CHECK(WordsOf(ParseBrowserList(list, url)) == commands);
}

TEST_CASE("which programs may open a page depends on where the person sits") {
  struct Row {
    const char* where;
    bool has_display;
    bool is_ssh;
    bool is_wsl;
    bool is_remote_editor;
    Words with_browser;
    Words without;
  };
  const std::vector<Row> rows = {
      {"a text console", false, false, false, false, {}, {}},
      {"a desktop", true, false, false, false, {"b", "xdg-open"}, {"xdg-open"}},
      {"SSH", false, true, false, false, {}, {}},
      {"SSH with X forwarding", true, true, false, false, {}, {}},
      {"WSL", false, false, true, false, {"b", "wslview"}, {"wslview"}},
      {"WSL with a display",
       true,
       false,
       true,
       false,
       {"b", "wslview", "xdg-open"},
       {"wslview", "xdg-open"}},
      {"SSH into WSL", true, true, true, false, {}, {}},
      {"an editor elsewhere", false, false, false, true, {"b"}, {}},
      {"an editor elsewhere, by SSH", false, true, false, true, {"b"}, {}},
      {"an editor elsewhere, by SSH with X", true, true, false, true, {"b"}, {}},
      {"an editor on the desktop", true, false, false, true, {"b", "xdg-open"}, {"xdg-open"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.where);
    Environment environment;
    environment.has_display = row.has_display;
    environment.is_ssh = row.is_ssh;
    environment.is_wsl = row.is_wsl;
    environment.is_remote_editor = row.is_remote_editor;
    CHECK(ProgramsOf(PlanBrowser(environment, kUrl)) == row.without);
    environment.browser = "b";
    CHECK(ProgramsOf(PlanBrowser(environment, kUrl)) == row.with_browser);
    for (const Words& words : WordsOf(PlanBrowser(environment, kUrl))) {
      CHECK(words.size() == 2);
      CHECK(words.back() == UrlForOpeners(kUrl));
    }
  }
}

TEST_CASE("a text-mode browser is known by its name, in whatever folder") {
  const auto [path, expected] = GENERATE(table<std::string, bool>({
      {"lynx", true},
      {"/usr/bin/w3m", true},
      {"./links2", true},
      {"/etc/alternatives/www-browser", true},
      {"/opt/lynx/elinks", true},
      {"browsh", true},
      {"carbonyl", true},
      {"edbrowse", true},
      {"firefox", false},
      {"/usr/bin/x-www-browser", false},
      {"/opt/lynx/firefox", false},
      {"xlinks2", false},
      {"lynx-wallpaper", false},
      {"xdg-open", false},
      {"", false},
  }));
  CAPTURE(path);
  CHECK(IsTextBrowser(path) == expected);
}

TEST_CASE("a browser inherits no tokens, and no way to a text-mode browser") {
  const Words environment = BrowserEnvironment(
      {"HOME=/home/ada", "GROK_AUTH_PROVIDER_ACCESS_TOKEN=secret", "XAI_API_KEY=secret",
       "GROKAUTH_PROFILE=work", "BROWSER=lynx", "DISPLAY=:0", "BROWSER_X=kept", "PATH="});
  REQUIRE(environment.size() == 5);
  CHECK(Words(environment.begin(), environment.end() - 1) ==
        Words{"HOME=/home/ada", "DISPLAY=:0", "BROWSER_X=kept", "PATH="});
  const std::string& list = environment.back();
  REQUIRE(list.starts_with("BROWSER="));
  const std::vector<BrowserCommand> commands = ParseBrowserList(list.substr(8), kUrl);
  CHECK(commands.size() > 5);
  for (const BrowserCommand& command : commands) {
    CHECK_FALSE(IsTextBrowser(command.program));
  }
}

TEST_CASE("nothing in an address is a command to a program on its way to the browser") {
  CHECK(UrlForOpeners("https://a.example/d?code=AB-CD&x=%2F#f") ==
        "https://a.example/d?code=AB-CD&x=%2F#f");
  const std::string forbidden = "\"'`$()*\\^|<>{} \t\x01\x7f\xc3";
  for (const char c : forbidden) {
    const std::string safe = UrlForOpeners("https://a.example/" + std::string(1, c));
    CHECK(safe.find(c) == std::string::npos);
    CHECK(safe.size() == std::string("https://a.example/%00").size());
  }
  CHECK(UrlForOpeners("https://a.example/%PATH%") == "https://a.example/%25PATH%25");
}
