#include "edge/terminal.h"

#include <Poco/String.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "app/error.h"
#include "edge/descriptor.h"
#include "edge/variable.h"

namespace grokauth::edge {

namespace {

/// Writes everything; false when that failed, with errno set.
bool WriteAll(int descriptor, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = write(descriptor, text.data() + written, text.size() - written);
    if (count < 0 && errno == EAGAIN) {
      pollfd entry{descriptor, POLLOUT, 0};
      poll(&entry, 1, -1);
    } else if (count < 0 && errno != EINTR) {
      return false;
    }
    written += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
  return true;
}

/// Whether the locale's characters are UTF-8, by its name: the first of these variables that is set
/// decides (POSIX, 8.2 Internationalization Variables).
bool IsUtf8Locale() {
  const std::optional<std::string> characters = EitherVariable("LC_ALL", "LC_CTYPE");
  const std::string name = Poco::toLower(characters ? *characters : Variable("LANG").value_or(""));
  return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
}

/// Whether this is no background job: one that reads from the terminal, or changes it, is stopped.
bool IsOurTurn(int terminal) {
  return tcgetpgrp(terminal) == getpgrp();
}

/// Reads the controlling terminal without echo. Not line by line, because a terminal's own line
/// holds 4095 characters, and an address can be longer.
class TerminalKeyboard final : public app::Keyboard {
 public:
  TerminalKeyboard(Descriptor terminal, const termios& before)
      : terminal_(std::move(terminal)), before_(before) {}
  ~TerminalKeyboard() override {
    if (IsOurTurn(terminal_.Get())) {
      // With what was typed and not taken: a second copy of a code is not for the shell.
      tcsetattr(terminal_.Get(), TCSAFLUSH, &before_);
    }
  }
  TerminalKeyboard(const TerminalKeyboard&) = delete;
  TerminalKeyboard& operator=(const TerminalKeyboard&) = delete;

  std::optional<std::string> TakeLine() override {
    Receive();
    const std::size_t end = input_.find_first_of("\r\n");
    if (end == std::string::npos) {
      return std::nullopt;
    }
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    return line;
  }

 private:
  void Receive() {
    constexpr std::size_t kLongestLine = std::size_t{64} * 1024;
    std::array<char, 4096> buffer{};
    while (IsOurTurn(terminal_.Get())) {
      const ssize_t count = read(terminal_.Get(), buffer.data(), buffer.size());
      if (count <= 0) {
        return;
      }
      for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
        Take(c);
      }
      if (input_.size() > kLongestLine) {
        input_.clear();
      }
    }
  }

  void Take(char c) {
    constexpr char kBackspace = '\b';
    constexpr char kDelete = '\x7f';
    constexpr char kEraseAll = '\x15';  // Ctrl-U
    if (c == kBackspace || c == kDelete) {
      if (!input_.empty()) {
        input_.pop_back();
      }
    } else if (c == kEraseAll) {
      input_.clear();
    } else {
      input_ += c;
    }
  }

  Descriptor terminal_;
  termios before_;
  std::string input_;
};

}  // namespace

void StandardTerminal::WriteAnswer(const std::string& text) {
  if (!WriteAll(STDOUT_FILENO, text)) {
    throw app::Error(app::ErrorKind::kStore,
                     std::string("cannot write to standard output: ") + std::strerror(errno),
                     "it is closed or full");
  }
}

void StandardTerminal::WriteMessage(const std::string& text) {
  static_cast<void>(WriteAll(STDERR_FILENO, text));
}

std::optional<app::Screen> StandardTerminal::GetScreen() {
  if (isatty(STDERR_FILENO) == 0 || Variable("TERM").value_or("dumb") == "dumb") {
    return std::nullopt;
  }
  app::Screen screen;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    screen.columns = size.ws_col;
    screen.rows = size.ws_row;
  }
  screen.is_utf8 = IsUtf8Locale();
  screen.has_color = !Variable("NO_COLOR");  // no-color.org
  return screen;
}

std::unique_ptr<app::Keyboard> StandardTerminal::OpenKeyboard() {
  Descriptor terminal(open("/dev/tty", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  termios before{};
  if (!terminal.IsOpen() || isatty(STDERR_FILENO) == 0 || !IsOurTurn(terminal.Get()) ||
      tcgetattr(terminal.Get(), &before) != 0) {
    return nullptr;
  }
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  // A shell that gets the terminal like this, because the program was killed, must not take
  // "nothing there" for the end of its input.
  silent.c_cc[VMIN] = 1;
  silent.c_cc[VTIME] = 0;
  // Ctrl-Z and Ctrl-\ would leave the shell without echo; Ctrl-C ends the program in good order.
  silent.c_cc[VSUSP] = _POSIX_VDISABLE;
  silent.c_cc[VQUIT] = _POSIX_VDISABLE;
  if (tcsetattr(terminal.Get(), TCSANOW, &silent) != 0) {
    return nullptr;
  }
  return std::make_unique<TerminalKeyboard>(std::move(terminal), before);
}

}  // namespace grokauth::edge
