#include "app/provider_command.h"

#include <algorithm>

namespace grokauth::app {

namespace {

/// Whether it means nothing to a shell, wherever it stands behind a first word `exec`.
bool IsPlain(char c) {
  constexpr std::string_view kOthers = "_-./:,@%+=";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

/// Takes a quoted part, whose opening quote is at the front of `text`, and gives what it stands
/// for.
std::optional<std::string> TakeQuoted(std::string_view& text) {
  const char quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == quote) {
      text.remove_prefix(i + 1);
      return value;
    }
    if (quote == '"' && (c == '$' || c == '`')) {
      return std::nullopt;
    }
    // POSIX shell command language, 2.2.3: before these alone a backslash is taken away.
    constexpr std::string_view kEscaped = "$`\"\\";
    if (quote == '"' && c == '\\' && i + 1 < text.size() &&
        kEscaped.find(text[i + 1]) != std::string_view::npos) {
      ++i;
    }
    value += text[i];
  }
  return std::nullopt;
}

/// Takes the word at the front of `text`.
std::optional<std::string> TakeWord(std::string_view& text) {
  std::string word;
  while (!text.empty() && !IsBlank(text.front())) {
    const char c = text.front();
    if (c == '\'' || c == '"') {
      const std::optional<std::string> part = TakeQuoted(text);
      if (!part) {
        return std::nullopt;
      }
      word += *part;
    } else if (IsPlain(c) || (c & 0x80) != 0) {
      word += c;
      text.remove_prefix(1);
    } else if (c == '\\' && text.size() > 1 && text[1] != '\n') {
      word += text[1];
      text.remove_prefix(2);
    } else {
      return std::nullopt;
    }
  }
  return word;
}

std::optional<std::vector<std::string>> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const auto* const start = std::find_if_not(text.begin(), text.end(), IsBlank);
    text.remove_prefix(static_cast<std::size_t>(start - text.begin()));
    if (text.empty()) {
      return words;
    }
    std::optional<std::string> word = TakeWord(text);
    if (!word) {
      return std::nullopt;
    }
    words.push_back(std::move(*word));
  }
}

}  // namespace

std::string ShellQuote(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), IsPlain)) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

std::string MakeProviderCommand(const std::string& program,
                                const std::vector<std::string>& arguments) {
  std::string command = "exec " + ShellQuote(program);
  for (const std::string& argument : arguments) {
    command += " " + ShellQuote(argument);
  }
  return command;
}

std::optional<ProviderCommand> ParseProviderCommand(std::string_view command) {
  const std::optional<std::vector<std::string>> words = SplitWords(command);
  if (!words || words->empty()) {
    return std::nullopt;
  }
  const bool has_exec = words->front() == "exec";
  const std::size_t program = has_exec ? 1 : 0;
  const bool is_assignment = words->front().find('=') != std::string::npos;
  if (program >= words->size() || is_assignment || (*words)[program].starts_with("-")) {
    return std::nullopt;  // the last are options of exec
  }
  return ProviderCommand{has_exec, (*words)[program]};
}

}  // namespace grokauth::app
