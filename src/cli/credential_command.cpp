#include "cli/credential_command.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "app/error.h"
#include "app/git_credential.h"
#include "cli/configuration.h"
#include "cli/with_context.h"

namespace grokauth::cli {

using app::Context;
using app::Error;
using app::ErrorKind;

namespace {

/// The profile that answers for what git asks about; nothing when none does.
std::optional<app::Profile> FindGitProfile(const CommonOptions& options, const Process& process,
                                           const app::CredentialRequest& request) {
  // Grok's file cannot name hosts.
  app::Configuration configuration =
      options.profile ? LoadConfiguration(options, process) : ReadConfiguration(options, process);
  if (options.profile) {
    configuration.profiles = {
        app::ChooseProfile(configuration, options.profile, process.environment)};
  }
  const app::Profile* found = app::FindProfileFor(request, configuration.profiles);
  return found == nullptr
             ? std::nullopt
             : std::optional(app::ChooseProfile(configuration, found->name, process.environment));
}

}  // namespace

int Execute(const CredentialCommand& command, app::Edges& edges, const Process& process,
            app::Messages& messages) {
  // Read in any case: git must not find the pipe broken.
  std::string input = process.read_request(app::kMostCredentialBytes + 1);
  if (command.operation != "get" && command.operation != "erase") {
    return 0;  // gitcredentials(7): what a helper does not know it silently ignores
  }
  const auto parsed = app::ParseCredentialRequest(input);
  oauth::Wipe(input);
  if (const auto* fault = std::get_if<app::CredentialFault>(&parsed)) {
    throw Error(ErrorKind::kUsage, "the request on standard input is not git's: " + fault->reason,
                "it must be lines key=value, as git-credential(1) describes them");
  }
  const auto& request = std::get<app::CredentialRequest>(parsed);
  std::optional<app::Profile> profile = FindGitProfile(command.common, process, request);
  if (!profile) {
    return 0;  // git asks the next helper
  }
  WithProfile(std::move(*profile), command.common, edges, process, messages, [&](Context& context) {
    if (command.operation == "get") {
      app::AnswerCredentialRequest(context, request, command.no_interactive);
    } else {
      app::EraseCredential(context, request);
    }
  });
  return 0;
}

}  // namespace grokauth::cli
