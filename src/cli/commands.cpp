#include "cli/commands.h"

#include <utility>

#include "app/api_key.h"
#include "app/doctor.h"
#include "app/messages.h"
#include "app/models.h"
#include "app/profile.h"
#include "app/profile_list.h"
#include "app/refresh_worker.h"
#include "app/setup.h"
#include "app/ssh_login.h"
#include "app/status.h"
#include "app/two_step_sign_in.h"
#include "cli/all_profiles.h"
#include "cli/configuration.h"
#include "cli/credential_command.h"
#include "cli/doctor_command.h"
#include "cli/report.h"
#include "cli/with_context.h"
#include "oauth/json.h"

namespace grokauth::cli {

namespace {

using app::Context;
using app::Error;
using app::ErrorKind;

// 128 + the signal's number, as shells report it.
constexpr int kSignalExitBase = 128;

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
  if (command.common.json) {
    Answer(context, app::MakeStatusAnswer(context));
  } else {
    context.edges.terminal.WriteAnswer(app::MakeStatusTable(context));
  }
}

void Run(const ModelsCommand& command, Context& context) {
  app::PrintModels(context,
                   {command.force, command.all,
                    command.common.json ? app::ModelsFormat::kJson : app::ModelsFormat::kTable});
}

void Run(const StartCommand& /*command*/, Context& context) {
  Answer(context, app::StartDeviceSignIn(context));
}

void Run(const PollCommand& command, Context& context) {
  Answer(context, app::PollForLogin(context, command.pending_id));
}

void Run(const SetupCommand& command, Context& context) {
  app::SetUpGrok(context, {command.write, command.common.profile, command.common.config});
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

int Execute(const SshCommand& command, app::Edges& edges, const Process& process,
            app::Messages& messages) {
  const CommonOptions& common = command.common;
  return app::SignInBySsh({common.profile, common.flow, command.no_browser, command.arguments},
                          ReadConfiguration(common, process), process.environment, edges, messages);
}

int Execute(const ProfilesCommand& command, app::Edges& edges, const Process& process,
            app::Messages& messages) {
  const app::Configuration configuration = LoadAllProfiles(
      command.common, process, [&](const std::string& text) { messages.Warn(text); });
  app::PrintProfiles(configuration, process.environment, command.common.json, edges.terminal);
  return 0;
}

/// 0 when nothing is wrong, else 1. A configuration that ends every other command is a finding.
int Execute(const DoctorCommand& command, app::Edges& edges, const Process& process,
            app::Messages& messages) {
  const ConfigurationFindings configuration = ExamineConfiguration(command.common, process);
  const app::GrokConfig grok_config = ExamineGrokConfig(process);
  std::vector<app::Check> more;
  if (configuration.has_profile) {
    WithContext(command.common, edges, process, messages, [&](Context& context) {
      const app::Configuration all = ReadConfiguration(command.common, process);
      more = app::Examine(context, grok_config, all.profiles, command.offline);
    });
  } else {
    more = app::ExamineWithoutProfile(edges, process.environment, grok_config);
  }
  std::vector<app::Check> checks = configuration.checks;
  checks.insert(checks.end(), more.begin(), more.end());
  const auto format = command.common.json ? app::DoctorFormat::kJson : app::DoctorFormat::kTable;
  return app::PrintChecks(edges.terminal, checks, format) ? 0 : 1;
}

int Execute(const ExecCommand& command, app::Edges& edges, const Process& process,
            app::Messages& messages) {
  int status = 0;
  WithContext(command.common, edges, process, messages,
              [&](Context& context) { status = app::Exec(context, command.options); });
  return status;
}

/// A command that is about one profile.
template <typename SomeCommand>
int Execute(const SomeCommand& command, app::Edges& edges, const Process& process,
            app::Messages& messages) {
  if constexpr (requires { RunForAll(command, edges, process, messages); }) {
    if (command.all) {
      return RunForAll(command, edges, process, messages);
    }
  }
  WithContext(command.common, edges, process, messages,
              [&](Context& context) { Run(command, context); });
  return 0;
}

template <typename SomeCommand>
int RunOne(const SomeCommand& command, app::Edges& edges, const Process& process) {
  app::Messages messages(edges.terminal, command.common.verbose);
  if constexpr (std::is_same_v<SomeCommand, TokenCommand> ||
                std::is_same_v<SomeCommand, CredentialCommand>) {
    messages.Hold();  // should it come to a sign-in, nothing may precede the address
  }
  try {
    const int status = Execute(command, edges, process, messages);
    messages.Release();
    return status;
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

}  // namespace grokauth::cli
