#pragma once

#include <string>
#include <vector>

#include "sign_in_fixture.h"

namespace grokauth::test {

inline constexpr const char* kEraseLine = "\r\x1b[K";

/// A sign-in on a terminal of 80 x 40, in UTF-8 and with colors.
struct OnTerminal : SigningIn {
  OnTerminal() { terminal.screen = app::Screen{80, 40, true, true}; }

  void Login(app::LoginOptions options = {}) {
    app::Context run = NewRun(messages);
    app::Login(run, options);
  }

  /// What was written as the countdown, and how often it was taken away.
  [[nodiscard]] std::vector<std::string> Countdown() const {
    std::vector<std::string> lines;
    for (const std::string& message : terminal.messages) {
      if (message.rfind(kEraseLine, 0) == 0 && message.find('\n') == std::string::npos) {
        lines.push_back(message.substr(4));
      }
    }
    return lines;
  }

  /// The lines that are left to be seen after everything was written.
  [[nodiscard]] std::string Left() const {
    std::string left;
    std::string all = terminal.Messages();
    for (std::size_t at = all.find(kEraseLine); at != std::string::npos;
         at = all.find(kEraseLine)) {
      left += all.substr(0, at);
      left.erase(left.rfind('\n') + 1);
      all.erase(0, at + 4);
    }
    return left + all;
  }
};

}  // namespace grokauth::test
