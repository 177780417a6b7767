#include "edge/program_files.h"

#include <fcntl.h>
#include <poll.h>
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

bool IsExecutable(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

bool IsSame(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) && !error;
}

/// A program that has been started in a session of its own; it ends with its owner.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    kill(-pid_, SIGKILL);  // it leads a process group of that number
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  pid_t pid_;
};

/// What can be read until a line is whole or the writers are gone; what there is at `deadline`.
std::string ReadLine(int descriptor, app::SteadyTime deadline, Interrupts& interrupts) {
  std::vector<pollfd> entries{{descriptor, POLLIN, 0}};
  for (const int interrupt : interrupts.Descriptors()) {
    entries.push_back({interrupt, POLLIN, 0});
  }
  std::string text;
  while (text.find('\n') == std::string::npos && text.size() < kLongestLine) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      break;
    }
    poll(entries.data(), entries.size(), static_cast<int>(left.count()));
    interrupts.ThrowIfInterrupted();
    if (entries.front().revents != 0) {
      std::array<char, 512> buffer{};
      const ssize_t count = read(descriptor, buffer.data(), buffer.size());
      if (count <= 0) {
        break;
      }
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  return text;
}

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
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
    return std::nullopt;
  }
  const Descriptor read_end(pipe_ends[0]);
  Descriptor write_end(pipe_ends[1]);
  std::vector<std::string> argv{path};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const int pid = StartDetached(path, argv, {{write_end.Get(), STDOUT_FILENO}});
  if (pid < 0) {
    return std::nullopt;
  }
  const Child child(pid);
  write_end = Descriptor();
  const std::string text = ReadLine(read_end.Get(), deadline, interrupts_);
  const std::size_t end = text.find('\n');
  return end == std::string::npos ? std::nullopt : std::optional(text.substr(0, end));
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
