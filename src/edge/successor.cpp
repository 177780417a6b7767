#include "edge/successor.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <string_view>

#include "edge/process.h"
#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

/// The caller's environment, with `assignment` ("NAME=value") in it.
std::vector<char*> MakeEnvironment(const CallerSettings& caller, std::string& assignment) {
  const std::string start = assignment.substr(0, assignment.find('=') + 1);
  std::vector<char*> environment;
  std::copy_if(caller.environment.begin(), caller.environment.end(),
               std::back_inserter(environment),
               [&](const char* entry) { return !std::string_view(entry).starts_with(start); });
  environment.push_back(assignment.data());
  environment.push_back(nullptr);
  return environment;
}

}  // namespace

ExecSuccessor::ExecSuccessor(const CallerSettings& caller, ProcessWorker& worker)
    : caller_(caller), worker_(worker) {}

app::ProgramFailure ExecSuccessor::Become(const std::vector<std::string>& arguments,
                                          const std::string& name, const std::string& value) {
  worker_.Reap();
  std::string assignment = name + "=" + value;
  const std::vector<char*> environment = MakeEnvironment(caller_, assignment);
  setrlimit(RLIMIT_CORE, &caller_.core_limit);
  sigaction(SIGPIPE, &caller_.pipe_action, nullptr);
  // Last: a signal that has waited ends the process here, as it would have without grok-auth.
  sigprocmask(SIG_SETMASK, &caller_.signal_mask, nullptr);
  execvpe(arguments.front().c_str(), Pointers(arguments).data(), environment.data());
  const int error = errno;
  oauth::Wipe(assignment);
  return {error == ENOENT, std::strerror(error)};
}

}  // namespace grokauth::edge
