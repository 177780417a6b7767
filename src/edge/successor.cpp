#include "edge/successor.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "edge/process.h"
#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

/// The caller's environment, with one variable set.
std::vector<std::string> MakeEnvironment(const CallerSettings& caller, const std::string& name,
                                         const std::string& value) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(name + "=")) {
      environment.emplace_back(*entry);
    }
  }
  environment.insert(environment.end(), caller.removed_variables.begin(),
                     caller.removed_variables.end());
  environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace

ExecSuccessor::ExecSuccessor(const CallerSettings& caller, ProcessWorker& worker)
    : caller_(caller), worker_(worker) {}

app::ProgramFailure ExecSuccessor::Become(const std::vector<std::string>& arguments,
                                          const std::string& name, const std::string& value) {
  worker_.Reap();
  std::vector<std::string> environment = MakeEnvironment(caller_, name, value);
  setrlimit(RLIMIT_CORE, &caller_.core_limit);
  sigaction(SIGPIPE, &caller_.pipe_action, nullptr);
  // Last: a signal that has waited ends the process here, as it would have without grok-auth.
  sigprocmask(SIG_SETMASK, &caller_.signal_mask, nullptr);
  execvpe(arguments.front().c_str(), Pointers(arguments).data(), Pointers(environment).data());
  const int error = errno;
  oauth::Wipe(environment.back());
  return {error == ENOENT, std::strerror(error)};
}

}  // namespace grokauth::edge
