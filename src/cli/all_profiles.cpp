#include "cli/all_profiles.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/login.h"
#include "app/status.h"
#include "app/stored_profiles.h"
#include "cli/report.h"
#include "cli/with_context.h"

namespace grokauth::cli {

namespace {

using app::Context;
using app::Error;

std::vector<app::Profile> AllProfiles(const CommonOptions& options, app::Edges& edges,
                                      const Process& process, app::Messages& messages) {
  if (options.profile) {
    throw Error(app::ErrorKind::kUsage, "--all and --profile exclude each other",
                "give one of them");
  }
  const app::Configuration configuration =
      LoadAllProfiles(options, process, [&](const std::string& text) { messages.Warn(text); });
  std::vector<app::Profile> profiles;
  for (const app::Profile& profile : configuration.profiles) {
    profiles.push_back(app::ChooseProfile(configuration, profile.name, process.environment));
  }
  for (app::Profile& forgotten : app::FindForgottenProfiles(edges, profiles)) {
    profiles.push_back(std::move(forgotten));
  }
  return profiles;
}

/// Calls `use` for each profile; `use` returns a part of the answer in JSON.
template <typename Use>
int ForAll(const CommonOptions& options, app::Edges& edges, const Process& process,
           app::Messages& messages, Use use) {
  std::optional<Error> first_error;
  std::vector<oauth::JsonObject> answers;
  for (app::Profile& profile : AllProfiles(options, edges, process, messages)) {
    const std::string name = profile.name;
    try {
      WithProfile(std::move(profile), options, edges, process, messages,
                  [&](Context& context) { answers.push_back(use(context)); });
    } catch (const Error& error) {
      static_cast<void>(ReportError(error, /*json=*/false, edges.terminal));
      if (!first_error) {
        first_error = error;
      }
      answers.push_back(MakeErrorAnswer(error).Set("profile", name));
    }
  }
  if (options.json) {
    oauth::JsonObject answer =
        first_error ? MakeErrorAnswer(*first_error) : oauth::JsonObject().Set("ok", true);
    edges.terminal.WriteAnswer(answer.Set("profiles", answers).Text() + "\n");
  }
  return first_error ? app::ExitStatus(first_error->kind()) : 0;
}

}  // namespace

int RunForAll(const StatusCommand& command, app::Edges& edges, const Process& process,
              app::Messages& messages) {
  std::string tables;
  const int status = ForAll(command.common, edges, process, messages, [&](Context& context) {
    if (command.common.json) {
      return app::MakeStatusAnswer(context);
    }
    tables += (tables.empty() ? "" : "\n") + app::MakeStatusTable(context);
    return oauth::JsonObject();
  });
  if (!command.common.json) {
    edges.terminal.WriteAnswer(tables);
  }
  return status;
}

int RunForAll(const LogoutCommand& command, app::Edges& edges, const Process& process,
              app::Messages& messages) {
  bool somebody = false;
  const int status = ForAll(command.common, edges, process, messages, [&](Context& context) {
    somebody = app::DeleteLogin(context) || somebody;
    return app::MakeStatusAnswer(context);
  });
  if (!somebody && status == 0) {
    messages.Say("Nobody was signed in.");
  }
  return status;
}

}  // namespace grokauth::cli
