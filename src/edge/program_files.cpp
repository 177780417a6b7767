#include "edge/program_files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <utility>

#include "edge/descriptor.h"
#include "edge/process.h"

namespace grokauth::edge {

namespace {

namespace fs = std::filesystem;

constexpr const char* kOwnExecutable = "/proc/self/exe";
// What the kernel puts behind the path of a program whose file is gone.
constexpr std::string_view kDeletedMark = " (deleted)";
// A version is one short line.
constexpr std::size_t kLongestLine = 4096;
// As edges.h promises; git's configuration is a few hundred bytes.
constexpr std::size_t kMostOutput = std::size_t{64} * 1024;

bool IsExecutable(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

bool IsSame(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) && !error;
}

/// Waits until `descriptor` can be read. False at `deadline`. Throws `Interrupted`.
bool WaitFor(int descriptor, app::SteadyTime deadline, Interrupts& interrupts) {
  std::vector<pollfd> entries{{descriptor, POLLIN, 0}};
  for (const int interrupt : interrupts.Descriptors()) {
    entries.push_back({interrupt, POLLIN, 0});
  }
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return false;
    }
    poll(entries.data(), entries.size(), static_cast<int>(left.count()));
    interrupts.ThrowIfInterrupted();
    if (entries.front().revents != 0) {
      return true;
    }
  }
}

/// A program that runs in a session of its own, without input; it ends with its owner.
class Child {
 public:
  /// It cannot be started: nothing comes out of it, and it has no exit status.
  Child(const std::string& path, const std::vector<std::string>& arguments) {
    std::array<int, 2> pipe_ends{};
    if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
      return;
    }
    output_ = Descriptor(pipe_ends[0]);
    const Descriptor write_end(pipe_ends[1]);
    std::vector<std::string> argv{path};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    pid_ = StartDetached(path, argv, {{write_end.Get(), STDOUT_FILENO}});
  }
  ~Child() {
    if (pid_ > 0) {
      kill(-pid_, SIGKILL);  // it leads a process group of that number
      waitpid(pid_, nullptr, 0);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Adds some of its output to `text`. False at `deadline`, and when there is no more.
  bool Read(std::string& text, app::SteadyTime deadline, Interrupts& interrupts) const {
    if (pid_ <= 0 || !WaitFor(output_.Get(), deadline, interrupts)) {
      return false;
    }
    std::array<char, 512> buffer{};
    const ssize_t count = read(output_.Get(), buffer.data(), buffer.size());
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return count > 0;
  }

  /// Waits for its end; nothing when it does not come until `deadline`, or by a signal.
  [[nodiscard]] std::optional<int> ExitStatus(app::SteadyTime deadline,
                                              Interrupts& interrupts) const {
    const Descriptor process(pid_ > 0 ? static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)) : -1);
    if (process.Get() < 0 || !WaitFor(process.Get(), deadline, interrupts)) {
      return std::nullopt;
    }
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_code == CLD_EXITED ? std::optional(info.si_status) : std::nullopt;
  }

 private:
  pid_t pid_ = -1;
  Descriptor output_;
};

}  // namespace

ProgramFiles::ProgramFiles(std::string name, const app::Environment& environment,
                           Interrupts& interrupts)
    : name_(std::move(name)), environment_(environment), interrupts_(interrupts) {}

std::string ProgramFiles::OwnPath() {
  std::string started = name_.find('/') == std::string::npos ? Find(name_) : Absolute(name_);
  if (!started.empty() && IsSame(started, kOwnExecutable)) {
    return started;
  }
  std::error_code error;
  std::string path = fs::read_symlink(kOwnExecutable, error).native();
  if (path.ends_with(kDeletedMark)) {
    path.resize(path.size() - kDeletedMark.size());
  }
  return path;
}

bool ProgramFiles::IsInBuildFolder(const std::string& path) {
  std::error_code error;
  fs::path folder = fs::weakly_canonical(path, error).parent_path();
  while (folder.has_relative_path()) {
    if (fs::exists(folder / "CMakeCache.txt", error)) {
      return true;
    }
    folder = folder.parent_path();
  }
  return false;
}

app::ProgramKind ProgramFiles::Inspect(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return app::ProgramKind::kAbsent;
  }
  if (!IsExecutable(path)) {
    return app::ProgramKind::kNotExecutable;
  }
  return IsSame(path, kOwnExecutable) ? app::ProgramKind::kOwn : app::ProgramKind::kOther;
}

std::string ProgramFiles::Find(const std::string& name) {
  std::istringstream folders(environment_.program_path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    const fs::path path = fs::path(folder) / name;
    if (path.is_absolute() && IsExecutable(path)) {
      return path.native();
    }
  }
  return "";
}

std::optional<std::string> ProgramFiles::FirstLine(const std::string& path,
                                                   const std::vector<std::string>& arguments,
                                                   std::chrono::milliseconds patience) {
  const app::SteadyTime deadline = std::chrono::steady_clock::now() + patience;
  const Child child(path, arguments);
  std::string text;
  while (text.find('\n') == std::string::npos && text.size() < kLongestLine &&
         child.Read(text, deadline, interrupts_)) {
  }
  const std::size_t end = text.find('\n');
  return end == std::string::npos ? std::nullopt : std::optional(text.substr(0, end));
}

std::optional<app::ProgramOutput> ProgramFiles::Run(const std::string& path,
                                                    const std::vector<std::string>& arguments,
                                                    std::chrono::milliseconds patience) {
  const app::SteadyTime deadline = std::chrono::steady_clock::now() + patience;
  const Child child(path, arguments);
  std::string text;
  while (text.size() <= kMostOutput && child.Read(text, deadline, interrupts_)) {
  }
  if (text.size() > kMostOutput) {
    return std::nullopt;
  }
  const std::optional<int> status = child.ExitStatus(deadline, interrupts_);
  return status ? std::optional(app::ProgramOutput{*status, std::move(text)}) : std::nullopt;
}

std::string ProgramFiles::Absolute(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  // Where "a/.." leads is told by the links in it; the last name may stay a link.
  const bool climbs = std::find(absolute.begin(), absolute.end(), "..") != absolute.end();
  return climbs
             ? (fs::weakly_canonical(absolute.parent_path(), error) / absolute.filename()).native()
             : absolute.lexically_normal().native();
}

}  // namespace grokauth::edge
