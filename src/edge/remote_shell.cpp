#include "edge/remote_shell.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "app/error.h"
#include "edge/descriptor.h"
#include "edge/process.h"

namespace grokauth::edge {

namespace {

// For ssh to give the terminal back as it was, should it be asking for a password.
constexpr int kEndingMilliseconds = 2000;
// 128 + the signal's number, as shells report it.
constexpr int kSignalStatusBase = 128;

/// The settings of the controlling terminal, to give it back as it was: ssh switches the echo off
/// while it asks for a password, and may be killed there.
class TerminalSettings {
 public:
  TerminalSettings() : terminal_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    is_known_ = terminal_.IsOpen() && tcgetattr(terminal_.Get(), &settings_) == 0;
  }
  void Restore() const {
    // In the background, who changes the terminal is stopped.
    if (is_known_ && tcgetpgrp(terminal_.Get()) == getpgrp()) {
      tcsetattr(terminal_.Get(), TCSADRAIN, &settings_);
    }
  }

 private:
  Descriptor terminal_;
  termios settings_{};
  bool is_known_ = false;
};

class RunningSsh final : public app::RunningShell {
 public:
  RunningSsh(Interrupts& interrupts, pid_t pid, Descriptor errors, TerminalSettings terminal)
      : interrupts_(interrupts),
        pid_(pid),
        process_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))),
        errors_(std::move(errors)),
        terminal_(std::move(terminal)) {}

  ~RunningSsh() override {
    if (!status_) {
      kill(pid_, SIGTERM);
      if (!WaitForEnd(kEndingMilliseconds)) {
        kill(pid_, SIGKILL);
      }
      waitpid(pid_, nullptr, 0);
      terminal_.Restore();
    }
  }
  RunningSsh(const RunningSsh&) = delete;
  RunningSsh& operator=(const RunningSsh&) = delete;

  std::optional<std::string> Read(app::SteadyTime deadline) override {
    while (true) {
      interrupts_.ThrowIfInterrupted();
      // Asked first: what ssh wrote before its end is in the pipe by then. The pipe's own end is no
      // sign: a process that ssh has started may hold on to it.
      const bool has_ended = WaitForEnd(0);
      std::string text = ReadPipe();
      if (!text.empty()) {
        return text;
      }
      if (has_ended) {
        Collect();
        return std::nullopt;
      }
      if (!WaitForNews(deadline)) {
        return "";
      }
    }
  }

  [[nodiscard]] int Status() const override { return status_.value(); }

 private:
  bool WaitForEnd(int milliseconds) {
    if (!process_.IsOpen()) {  // before Linux 5.3, and where a sandbox does not know the call
      siginfo_t ended{};
      return waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
             ended.si_pid == pid_;
    }
    pollfd entry{process_.Get(), POLLIN, 0};
    int ready = -1;
    do {
      ready = poll(&entry, 1, milliseconds);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
  }

  /// What the pipe has; it is closed at its end.
  std::string ReadPipe() {
    std::array<char, 4096> buffer{};
    const ssize_t count = read(errors_.Get(), buffer.data(), buffer.size());
    if (count == 0) {
      errors_ = Descriptor();
    }
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }

  void Collect() {
    int status = 0;
    waitpid(pid_, &status, 0);
    if (WIFSIGNALED(status)) {
      terminal_.Restore();
    }
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalStatusBase + WTERMSIG(status);
  }

  /// False at the deadline.
  bool WaitForNews(app::SteadyTime deadline) {
    // poll(2) passes over a descriptor of -1.
    std::vector<pollfd> entries{{errors_.Get(), POLLIN, 0}, {process_.Get(), POLLIN, 0}};
    for (const int descriptor : interrupts_.Descriptors()) {
      entries.push_back({descriptor, POLLIN, 0});
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const std::int64_t longest = process_.IsOpen() ? 60'000 : 200;
    const int timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, longest));
    return poll(entries.data(), entries.size(), timeout) > 0 ||
           std::chrono::steady_clock::now() < deadline;
  }

  Interrupts& interrupts_;
  pid_t pid_;
  Descriptor process_;
  Descriptor errors_;
  std::optional<int> status_;
  TerminalSettings terminal_;
};

}  // namespace

SshRemoteShell::SshRemoteShell(Interrupts& interrupts) : interrupts_(interrupts) {}

std::unique_ptr<app::RunningShell> SshRemoteShell::Start(
    const std::vector<std::string>& arguments) {
  // From here on a signal no longer ends this process alone.
  static_cast<void>(interrupts_.Descriptors());
  TerminalSettings terminal;
  std::array<int, 2> pipe_ends{};
  int pid = -EMFILE;
  Descriptor errors;
  if (pipe2(pipe_ends.data(), O_CLOEXEC) == 0) {
    errors = Descriptor(pipe_ends[0]);
    const Descriptor write_end(pipe_ends[1]);
    fcntl(errors.Get(), F_SETFL, O_NONBLOCK);
    std::vector<std::string> argv{"ssh"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    pid = StartAttached("ssh", argv, write_end.Get());
  }
  if (pid < 0) {
    throw app::Error(
        app::ErrorKind::kNetwork, std::string("ssh cannot be started: ") + std::strerror(-pid),
        pid == -ENOENT ? "install the OpenSSH client (Debian's package openssh-client)" : "");
  }
  return std::make_unique<RunningSsh>(interrupts_, pid, std::move(errors), std::move(terminal));
}

}  // namespace grokauth::edge
