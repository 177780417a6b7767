#include "edge/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <initializer_list>

namespace grokauth::edge {

namespace {

constexpr int kFirstFreeDescriptor = 3;
// Copies are made above this, out of the way of the numbers that children get.
constexpr int kAboveInherited = 64;

/// The attributes and file actions of a spawn, freed with it.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
    for (const int copy : copies_) {
      close(copy);
    }
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  /// A session of its own, away from the terminal and from the standard descriptors.
  void Detach() {
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    Silence({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  }

  void Silence(std::initializer_list<int> descriptors) {
    for (const int descriptor : descriptors) {
      posix_spawn_file_actions_addopen(&actions_, descriptor, "/dev/null", O_RDWR, 0);
    }
  }

  /// False when the descriptor cannot be copied.
  bool Inherit(const InheritedDescriptor& descriptor) {
    const int copy = fcntl(descriptor.first, F_DUPFD_CLOEXEC, kAboveInherited);
    if (copy < 0) {
      return false;
    }
    copies_.push_back(copy);
    posix_spawn_file_actions_adddup2(&actions_, copy, descriptor.second);
    first_closed_ = std::max(first_closed_, descriptor.second + 1);
    return true;
  }

  int Start(const std::string& program, const std::vector<std::string>& arguments,
            const std::optional<std::vector<std::string>>& environment) {
    posix_spawn_file_actions_addclosefrom_np(&actions_, first_closed_);
    const std::vector<char*> argv = Pointers(arguments);
    const std::vector<char*> variables =
        environment ? Pointers(*environment) : std::vector<char*>();
    pid_t pid = 0;
    const int error = posix_spawnp(&pid, program.c_str(), &actions_, &attributes_, argv.data(),
                                   environment ? variables.data() : environ);
    return error == 0 ? pid : -error;
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
  std::vector<int> copies_;
  int first_closed_ = kFirstFreeDescriptor;
};

}  // namespace

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) {
    pointers.push_back(const_cast<char*>(word.c_str()));  // nobody writes to them
  }
  pointers.push_back(nullptr);
  return pointers;
}

int StartDetached(const std::string& program, const std::vector<std::string>& arguments,
                  const std::vector<InheritedDescriptor>& inherited,
                  const std::optional<std::vector<std::string>>& environment) {
  SpawnPlan plan;
  plan.Detach();
  for (const InheritedDescriptor& descriptor : inherited) {
    if (!plan.Inherit(descriptor)) {
      return -EMFILE;
    }
  }
  return plan.Start(program, arguments, environment);
}

int StartAttached(const std::string& program, const std::vector<std::string>& arguments,
                  int error_descriptor) {
  SpawnPlan plan;
  plan.Silence({STDIN_FILENO, STDOUT_FILENO});
  return plan.Inherit({error_descriptor, STDERR_FILENO})
             ? plan.Start(program, arguments, std::nullopt)
             : -EMFILE;
}

int WaitForExit(int pid, std::chrono::seconds patience, Interrupts& interrupts) {
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  std::vector<pollfd> entries{{process, POLLIN, 0}};
  for (const int descriptor : interrupts.Descriptors()) {
    entries.push_back({descriptor, POLLIN, 0});
  }
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
  poll(entries.data(), entries.size(), static_cast<int>(limit.count()));
  if ((entries.front().revents & POLLIN) == 0) {
    kill(pid, SIGKILL);
  }
  close(process);
  int status = 0;
  waitpid(pid, &status, 0);
  interrupts.ThrowIfInterrupted();
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace grokauth::edge
