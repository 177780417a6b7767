#include "app/messages.h"

namespace grokauth::app {

Messages::Messages(Terminal& terminal, bool verbose) : terminal_(terminal), verbose_(verbose) {}

void Messages::Hold() {
  held_ = true;
}

void Messages::Announce(const std::string& line) {
  terminal_.WriteMessage(line + "\n");
  Release();
}

void Messages::Release() {
  held_ = false;
  if (!queue_.empty()) {
    terminal_.WriteMessage(queue_);
    queue_.clear();
  }
}

void Messages::Write(const std::string& line) {
  if (held_) {
    queue_ += line + "\n";
  } else {
    terminal_.WriteMessage(line + "\n");
  }
}

void Messages::Say(const std::string& line) {
  Write(line);
}

void Messages::Warn(const std::string& text) {
  Write("grok-auth: warning: " + text);
}

void Messages::Detail(const std::string& text) {
  if (verbose_) {
    Write("grok-auth: " + text);
  }
}

void Messages::Fail(const Error& error) {
  Release();
  std::string lines = std::string("grok-auth: error: ") + error.what() + "\n";
  if (!error.hint().empty()) {
    lines += "grok-auth: hint: " + error.hint() + "\n";
  }
  terminal_.WriteMessage(lines);
}

}  // namespace grokauth::app
