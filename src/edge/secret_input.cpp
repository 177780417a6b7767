#include "edge/secret_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "app/error.h"
#include "edge/descriptor.h"
#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

constexpr std::size_t kLongestLine = std::size_t{64} * 1024;

/// Signals, beside those of `Interrupts`, that end or stop a process by default. They wait until
/// the terminal shows again what is typed, then take effect.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGTSTP}) {
      sigaddset(&signals, signal);
    }
    sigprocmask(SIG_BLOCK, &signals, &before_);
    arrival_ = Descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~HeldSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// Readable when one has come.
  [[nodiscard]] int Arrival() const { return arrival_.Get(); }

 private:
  sigset_t before_{};
  Descriptor arrival_;
};

/// The terminal of standard input, with a prompt and without echo.
class Prompt {
 public:
  explicit Prompt(const std::string& text) : tty_(open("/dev/tty", O_WRONLY | O_CLOEXEC)) {
    termios silent{};
    if (tcgetattr(STDIN_FILENO, &before_) != 0) {
      Fail();
    }
    silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0) {
      Fail();
    }
    Write(text);
  }
  ~Prompt() {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    Write("\n");
  }
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

 private:
  [[noreturn]] static void Fail() {
    throw app::Error(
        app::ErrorKind::kStore,
        std::string("the terminal cannot be kept from showing the key: ") + std::strerror(errno),
        "give it on standard input: grok-auth login --api-key <FILE");
  }
  void Write(const std::string& text) {
    const int target = tty_.IsOpen() ? tty_.Get() : STDERR_FILENO;
    // A prompt that cannot be shown keeps nobody from typing.
    static_cast<void>(write(target, text.data(), text.size()) < 0);
  }

  Descriptor tty_;
  termios before_{};
};

/// Reads standard input up to the end of a line.
class LineReader {
 public:
  LineReader(Interrupts& interrupts, int other_signals)
      : interrupts_(interrupts), other_signals_(other_signals) {}
  ~LineReader() { oauth::Wipe(text_); }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The line, or what there was before the input ended; nothing when there was nothing, or one of
  /// the other signals has come.
  std::optional<std::string> Read() {
    std::array<char, 4096> buffer{};
    while (text_.size() < kLongestLine && Wait()) {
      const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        continue;
      }
      if (count <= 0) {
        break;
      }
      text_.append(buffer.data(), static_cast<std::size_t>(count));
      explicit_bzero(buffer.data(), buffer.size());
      if (const std::size_t end = text_.find('\n'); end != std::string::npos) {
        return text_.substr(0, end);
      }
    }
    return text_.empty() || is_signalled_ ? std::nullopt : std::optional(text_);
  }

  [[nodiscard]] bool IsSignalled() const { return is_signalled_; }

 private:
  /// False when one of the other signals has come. Throws `Interrupted`.
  bool Wait() {
    std::vector<pollfd> entries{{STDIN_FILENO, POLLIN, 0}, {other_signals_, POLLIN, 0}};
    for (const int descriptor : interrupts_.Descriptors()) {
      entries.push_back({descriptor, POLLIN, 0});
    }
    while (true) {
      poll(entries.data(), entries.size(), -1);
      interrupts_.ThrowIfInterrupted();
      is_signalled_ = entries[1].revents != 0;
      if (is_signalled_ || entries[0].revents != 0) {
        return !is_signalled_;
      }
    }
  }

  Interrupts& interrupts_;
  int other_signals_;  ///< -1: none to look at
  bool is_signalled_ = false;
  std::string text_;
};

}  // namespace

StandardInput::StandardInput(Interrupts& interrupts) : interrupts_(interrupts) {}

std::optional<std::string> StandardInput::ReadLine(const std::string& prompt) {
  constexpr int kNone = -1;
  if (isatty(STDIN_FILENO) == 0) {
    return LineReader(interrupts_, kNone).Read();
  }
  static_cast<void>(interrupts_.Descriptors());  // from here on they leave time to tidy up
  while (true) {
    const HeldSignals held;
    const Prompt shown(prompt);
    LineReader reader(interrupts_, held.Arrival());
    std::optional<std::string> line = reader.Read();
    if (!reader.IsSignalled()) {
      return line;
    }
    // What came takes effect now. If that was to stop, the person asks for the prompt again by
    // going on.
  }
}

}  // namespace grokauth::edge
