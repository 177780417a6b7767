#include "edge/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "app/error.h"
#include "edge/descriptor.h"
#include "edge/process.h"

namespace grokauth::edge {

namespace {

// A report holds one access token; more is not from our worker.
constexpr std::size_t kLargestReport = std::size_t{256} * 1024;

class ProcessRunningWorker final : public app::RunningWorker {
 public:
  ProcessRunningWorker(Interrupts& interrupts, int descriptor, pid_t pid)
      : interrupts_(interrupts), descriptor_(descriptor), pid_(pid) {}
  ~ProcessRunningWorker() override { close(descriptor_); }
  ProcessRunningWorker(const ProcessRunningWorker&) = delete;
  ProcessRunningWorker& operator=(const ProcessRunningWorker&) = delete;

  std::optional<std::string> ReadReport(app::SteadyTime deadline, bool ignore_interrupts) override {
    while (true) {
      if (!WaitForInput(deadline, ignore_interrupts)) {
        return std::nullopt;
      }
      std::array<char, 4096> buffer{};
      const ssize_t count = read(descriptor_, buffer.data(), buffer.size());
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        continue;
      }
      if (count <= 0 || text_.size() > kLargestReport) {
        waitpid(pid_, nullptr, WNOHANG);
        return text_;
      }
      text_.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  /// True when the pipe has something to read or is closed, false at the deadline.
  bool WaitForInput(app::SteadyTime deadline, bool ignore_interrupts) {
    while (true) {
      std::vector<pollfd> entries{{descriptor_, POLLIN, 0}};
      if (!ignore_interrupts) {
        for (const int descriptor : interrupts_.Descriptors()) {
          entries.push_back({descriptor, POLLIN, 0});
        }
      }
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      const int timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
      const int ready = poll(entries.data(), entries.size(), timeout);
      if (entries.front().revents != 0) {
        return true;
      }
      if (!ignore_interrupts) {
        interrupts_.ThrowIfInterrupted();
      }
      if (ready == 0 && std::chrono::steady_clock::now() >= deadline) {
        return false;
      }
    }
  }

  Interrupts& interrupts_;
  int descriptor_;
  pid_t pid_;
  std::string text_;
};

/// Writes into the lock file who has it, for `StateFolder::StoppedHolder`.
void NameHolder(int lock) {
  const std::string text = std::to_string(getpid()) + "\n";
  // For a message that may never be needed: what cannot be written is left out.
  static_cast<void>(pwrite(lock, text.data(), text.size(), 0) ==
                        static_cast<ssize_t>(text.size()) &&
                    ftruncate(lock, static_cast<off_t>(text.size())) == 0);
}

}  // namespace

ProcessWorker::ProcessWorker(Interrupts& interrupts) : interrupts_(interrupts) {}

std::unique_ptr<app::RunningWorker> ProcessWorker::Start(const std::vector<std::string>& arguments,
                                                         std::unique_ptr<app::Lock> lock) {
  std::array<int, 2> pipe_ends{};
  int pid = -EMFILE;
  if (pipe2(pipe_ends.data(), O_CLOEXEC) == 0) {
    std::vector<std::string> argv{"grok-auth"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    pid = StartDetached(
        "/proc/self/exe", argv,
        {{lock->Descriptor(), kWorkerLockDescriptor}, {pipe_ends[1], kWorkerReportDescriptor}});
    close(pipe_ends[1]);
    if (pid < 0) {
      close(pipe_ends[0]);
    }
  }
  if (pid < 0) {
    throw app::Error(app::ErrorKind::kStore,
                     std::string("the refresh worker cannot be started: ") + std::strerror(-pid),
                     "/proc must be mounted, and the limits on processes and open files must leave "
                     "room for one more");
  }
  started_.push_back(pid);
  return std::make_unique<ProcessRunningWorker>(interrupts_, pipe_ends[0], pid);
}

void ProcessWorker::Reap() {
  constexpr int kPatienceMilliseconds = 1000;  // one that takes longer was stopped
  for (const int pid : started_) {
    const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    pollfd entry{process.Get(), POLLIN, 0};
    poll(&entry, 1, process.IsOpen() ? kPatienceMilliseconds : 0);
    waitpid(pid, nullptr, WNOHANG);
  }
  started_.clear();
}

bool HasWorkerDescriptors() {
  struct stat lock {};
  struct stat report {};
  const bool has_both = fstat(kWorkerLockDescriptor, &lock) == 0 && S_ISREG(lock.st_mode) &&
                        flock(kWorkerLockDescriptor, LOCK_EX | LOCK_NB) == 0 &&
                        fstat(kWorkerReportDescriptor, &report) == 0 && S_ISFIFO(report.st_mode);
  if (has_both) {
    NameHolder(kWorkerLockDescriptor);
  }
  return has_both;
}

void FinishWorker(const std::string& report) {
  close(kWorkerLockDescriptor);
  std::size_t written = 0;
  while (written < report.size()) {
    const ssize_t count =
        write(kWorkerReportDescriptor, report.data() + written, report.size() - written);
    if (count < 0 && errno != EINTR) {
      break;
    }
    written += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
  close(kWorkerReportDescriptor);
}

}  // namespace grokauth::edge
