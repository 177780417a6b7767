#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/error.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "edge/browser.h"
#include "edge/config_file_editor.h"
#include "edge/file_store.h"
#include "edge/holders.h"
#include "edge/http_client.h"
#include "edge/interrupts.h"
#include "edge/loopback_listener.h"
#include "edge/machine.h"
#include "edge/program_files.h"
#include "edge/qr_encoder.h"
#include "edge/remote_shell.h"
#include "edge/secret_input.h"
#include "edge/secret_service_store.h"
#include "edge/successor.h"
#include "edge/system.h"
#include "edge/terminal.h"
#include "edge/worker.h"

namespace {

using grokauth::app::Edges;

bool IsWorker(const grokauth::cli::Command& command) {
  const auto* refresh = std::get_if<grokauth::cli::RefreshCommand>(&command);
  return refresh != nullptr && refresh->is_worker;
}

bool IsProviderRun(const grokauth::cli::Command& command) {
  return std::holds_alternative<grokauth::cli::TokenCommand>(command);
}

/// A worker outlives whoever started it; only SIGKILL ends it between the answer and the save.
void IgnoreTermination() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, SIG_IGN);
  }
}

/// Whether it is the command of an ssh connection: without a terminal, no signal tells of its end.
/// With a shell in between it cannot be told from a run that is to outlive whoever started it.
bool IsRunBySshd() {
  return grokauth::edge::ProcessName(getppid()).starts_with("sshd");
}

/// git starts a helper `grok-auth` as `git-credential-grok-auth`, a link to this program.
std::vector<std::string> ReadArguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const std::string_view path = argc > 0 ? argv[0] : "";
  if (path.substr(path.rfind('/') + 1) == "git-credential-grok-auth") {
    arguments.insert(arguments.begin(), "credential");
  }
  return arguments;
}

using Watch = grokauth::edge::Interrupts::Watch;

/// A signal that is ignored still reaches a signalfd, so a worker must not have one.
Watch WhatToWatch(const grokauth::cli::Command& command) {
  if (IsWorker(command)) {
    return Watch::kNothing;
  }
  return IsProviderRun(command) || IsRunBySshd() ? Watch::kSignalsAndParent : Watch::kSignals;
}

/// A doctor tells what others can read; to close it to them is for the run after it.
grokauth::edge::FolderUse WhatToDoWithFiles(const grokauth::cli::Command& command) {
  return std::holds_alternative<grokauth::cli::DoctorCommand>(command)
             ? grokauth::edge::FolderUse::kLookOnly
             : grokauth::edge::FolderUse::kChange;
}

}  // namespace

int main(int argc, char** argv) {
  const auto started = std::chrono::steady_clock::now();
  const grokauth::edge::CallerSettings caller = grokauth::edge::HardenProcess();
  const std::vector<std::string> arguments = ReadArguments(argc, argv);
  const grokauth::app::Environment environment = grokauth::edge::ReadEnvironment();
  grokauth::edge::StandardTerminal terminal;
  try {
    const grokauth::cli::Command command = grokauth::cli::ParseCommandLine(arguments);
    if (IsWorker(command)) {
      IgnoreTermination();
    }
    grokauth::edge::Interrupts interrupts(WhatToWatch(command));
    grokauth::edge::PocoHttpClient http(interrupts, grokauth::edge::ReadNetworkEnvironment());
    grokauth::edge::FileStateFolder state(environment.state_folder + "/grok-auth",
                                          WhatToDoWithFiles(command));
    grokauth::edge::FileStateFolder cache(environment.cache_folder + "/grok-auth",
                                          WhatToDoWithFiles(command));
    grokauth::edge::SystemClock clock(interrupts);
    grokauth::edge::SystemRandom random;
    grokauth::edge::SocketLoopback loopback(interrupts);
    grokauth::edge::DesktopBrowser browser(environment);
    grokauth::edge::LibraryQrEncoder qr_encoder;
    grokauth::edge::ProcessWorker worker(interrupts);
    grokauth::edge::SecretServiceStore keyring(interrupts);
    grokauth::edge::LinuxMachine machine;
    grokauth::edge::SshRemoteShell remote_shell(interrupts);
    grokauth::edge::ConfigFileEditor config_files;
    grokauth::edge::ProgramFiles programs(argv[0], environment, interrupts);
    grokauth::edge::StandardInput secret_input(interrupts);
    grokauth::edge::ExecSuccessor successor(caller, worker);
    std::optional<grokauth::edge::FileStateFolder> runtime;
    if (environment.runtime_folder) {
      runtime.emplace(*environment.runtime_folder + "/grok-auth", WhatToDoWithFiles(command));
    }
    Edges edges{
        http,     state,        keyring,    clock,        random,    terminal,
        loopback, browser,      qr_encoder, worker,       machine,   remote_shell,
        cache,    config_files, programs,   secret_input, successor, runtime ? &*runtime : nullptr};
    const grokauth::cli::Process process{environment,
                                         started,
                                         grokauth::edge::ReadConfigFile,
                                         grokauth::edge::ReadRequest,
                                         grokauth::edge::HasWorkerDescriptors,
                                         grokauth::edge::FinishWorker,
                                         grokauth::edge::UnlockKeyringHere};
    return grokauth::cli::RunCommand(command, edges, process);
  } catch (const grokauth::app::Error& error) {
    return grokauth::cli::ReportError(error, grokauth::cli::AsksForJson(arguments), terminal);
  } catch (const std::exception& error) {
    terminal.WriteMessage(std::string("grok-auth: error: ") + error.what() +
                          "\ngrok-auth: hint: this is a defect of grok-auth; please report it\n");
    return 1;
  }
}
