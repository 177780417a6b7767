#include "app/messages.h"

namespace grokauth::app {

namespace {

// ECMA-48: back to the first column (CR), erase to the end of the line (EL).
constexpr const char* kEraseLine = "\r\x1b[K";

}  // namespace

Messages::Messages(Terminal& terminal, bool verbose) : terminal_(terminal), verbose_(verbose) {}

void Messages::Hold() {
  held_ = true;
}

void Messages::Announce(const std::string& line) {
  WriteNow(line + "\n");
  Release();
}

void Messages::Release() {
  held_ = false;
  if (!queue_.empty() || !status_.empty()) {
    WriteNow(queue_);
    queue_.clear();
  }
}

void Messages::ShowStatus(const std::string& line) {
  if (line != status_) {
    terminal_.WriteMessage(kEraseLine + line);
    status_ = line;
  }
}

void Messages::Write(const std::string& line) {
  if (held_) {
    queue_ += line + "\n";
  } else {
    WriteNow(line + "\n");
  }
}

void Messages::WriteNow(const std::string& text) {
  terminal_.WriteMessage((status_.empty() ? "" : kEraseLine) + text);
  status_.clear();
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
  WriteNow(lines);
}

}  // namespace grokauth::app
