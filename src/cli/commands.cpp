#include "cli/commands.h"

#include <utility>

#include "app/api_key.h"
#include "app/messages.h"
#include "app/profile.h"
#include "app/refresh_worker.h"
#include "app/ssh_login.h"
#include "app/status.h"
#include "cli/configuration.h"
#include "oauth/json.h"

namespace grokauth::cli {

namespace {

using app::Context;
using app::Error;
using app::ErrorKind;

// 128 + the signal's number, as shells report it.
constexpr int kSignalExitBase = 128;

std::vector<std::string> WorkerArguments(const CommonOptions& options,
                                         const app::Profile& profile) {
  std::vector<std::string> arguments{"refresh", "--worker", "--profile=" + profile.name};
  if (options.config) {
    arguments.push_back("--config=" + *options.config);
  }
  return arguments;
}

void Answer(Context& context, const oauth::JsonObject& answer) {
  context.edges.terminal.WriteAnswer(answer.Text() + "\n");
}

void Run(const TokenCommand& command, Context& context) {
  app::ProvideToken(context, command.options);
}

void Run(const LoginCommand& command, Context& context) {
  if (command.api_key) {
    app::StoreApiKey(context);
  } else {
    app::Login(context, command.options);
  }
  if (command.common.json) {
    Answer(context, app::MakeStatusAnswer(context));
  }
}

void Run(const LogoutCommand& command, Context& context) {
  app::Logout(context);
  if (command.common.json) {
    Answer(context, app::MakeStatusAnswer(context));
  }
}

void Run(const RefreshCommand& command, Context& context) {
  app::RefreshNow(context);
  if (command.common.json) {
    Answer(context, app::MakeStatusAnswer(context));
  }
}

void Run(const StatusCommand& command, Context& context) {
  app::PrintStatus(context,
                   command.common.json ? app::StatusFormat::kJson : app::StatusFormat::kTable);
}

void Run(const ModelsCommand& /*command*/, Context& /*context*/) {
  throw Error(ErrorKind::kUsage, "not built yet");
}

void Run(const StartCommand& /*command*/, Context& /*context*/) {
  throw Error(ErrorKind::kUsage, "not built yet");
}

void Run(const PollCommand& /*command*/, Context& /*context*/) {
  throw Error(ErrorKind::kUsage, "not built yet");
}

void Run(const ProfilesCommand& /*command*/, Context& /*context*/) {
  throw Error(ErrorKind::kUsage, "not built yet");
}

void Run(const DoctorCommand& /*command*/, Context& /*context*/) {
  throw Error(ErrorKind::kUsage, "not built yet");
}

void Run(const SetupCommand& /*command*/, Context& /*context*/) {
  throw Error(ErrorKind::kUsage, "not built yet");
}

/// What every command starts with: configuration, profile, stored login.
template <typename Use>
void WithContext(const CommonOptions& options, app::Edges& edges, const Process& process,
                 app::Messages& messages, Use use) {
  const app::Configuration configuration = LoadConfiguration(options, process);
  app::Profile profile = app::ChooseProfile(configuration, options.profile, process.environment);
  profile.flow = options.flow.value_or(profile.flow);
  app::ProfileFiles files(profile.name, edges.state, edges.clock);
  app::PendingStore pending(files, edges.random);
  app::LoginStore store(profile, files, edges.keyring, edges.random);
  Context context{profile,
                  process.environment,
                  edges,
                  store,
                  files,
                  pending,
                  messages,
                  process.started,
                  WorkerArguments(options, profile)};
  messages.Detail("profile '" + profile.name + "', issuer " + profile.issuer);
  use(context);
}

int RunWorker(const RefreshCommand& command, app::Edges& edges, const Process& process) {
  app::Messages messages(edges.terminal, /*verbose=*/false);
  std::string report;
  try {
    if (!process.is_worker()) {
      throw Error(ErrorKind::kUsage, "--worker is for grok-auth itself", "use 'grok-auth refresh'");
    }
    WithContext(command.common, edges, process, messages, [&](Context& context) {
      report = app::SerializeReport(app::RunRefreshWorker(context));
    });
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUsage) {
      return ReportError(error, /*json=*/false, edges.terminal);
    }
    report = app::SerializeReport(app::ReportedFailure{error, false});
  }
  process.finish_worker(report);
  oauth::Wipe(report);
  return 0;
}

int RunSsh(const SshCommand& command, app::Edges& edges, const Process& process,
           app::Messages& messages) {
  const CommonOptions& common = command.common;
  return app::SignInBySsh({common.profile, common.flow, command.no_browser, command.arguments},
                          ReadConfiguration(common, process), process.environment, edges, messages);
}

int RunExec(const ExecCommand& command, app::Edges& edges, const Process& process,
            app::Messages& messages) {
  int status = 0;
  WithContext(command.common, edges, process, messages,
              [&](Context& context) { status = app::Exec(context, command.options); });
  return status;
}

template <typename SomeCommand>
int RunOne(const SomeCommand& command, app::Edges& edges, const Process& process) {
  app::Messages messages(edges.terminal, command.common.verbose);
  if constexpr (std::is_same_v<SomeCommand, TokenCommand>) {
    messages.Hold();  // should it come to a sign-in, nothing may precede the address
  }
  try {
    if constexpr (std::is_same_v<SomeCommand, SshCommand>) {
      return RunSsh(command, edges, process, messages);
    } else if constexpr (std::is_same_v<SomeCommand, ExecCommand>) {
      return RunExec(command, edges, process, messages);
    } else {
      WithContext(command.common, edges, process, messages,
                  [&](Context& context) { Run(command, context); });
    }
    messages.Release();
    return 0;
  } catch (const Error& error) {
    messages.Release();
    return ReportError(error, command.common.json, edges.terminal);
  } catch (const app::Interrupted& interrupted) {
    messages.Release();
    return kSignalExitBase + interrupted.signal();
  }
}

}  // namespace

int RunCommand(const Command& command, app::Edges& edges, const Process& process) {
  if (const auto* print = std::get_if<PrintCommand>(&command)) {
    edges.terminal.WriteAnswer(print->text);
    return 0;
  }
  if (const auto* refresh = std::get_if<RefreshCommand>(&command); refresh && refresh->is_worker) {
    return RunWorker(*refresh, edges, process);
  }
  if (std::holds_alternative<UnlockKeyringCommand>(command)) {
    return process.unlock_keyring();
  }
  return std::visit(
      [&](const auto& one) {
        if constexpr (requires { one.common; }) {
          return RunOne(one, edges, process);
        } else {
          return 0;  // handled above
        }
      },
      command);
}

int ReportError(const Error& error, bool json, app::Terminal& terminal) {
  app::Messages(terminal, /*verbose=*/false).Fail(error);
  if (json) {
    oauth::JsonObject answer;
    answer.Set("ok", false)
        .Set("error", app::MachineWord(error.kind()))
        .Set("message", error.what());
    if (!error.hint().empty()) {
      answer.Set("hint", error.hint());
    }
    try {
      terminal.WriteAnswer(answer.Text() + "\n");
    } catch (const Error&) {
      // Nobody reads standard output; the error itself is told, and is the status.
    }
  }
  return app::ExitStatus(error.kind());
}

}  // namespace grokauth::cli
