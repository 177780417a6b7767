#pragma once

#include <string>
#include <vector>

#include "app/context.h"
#include "cli/command_line.h"
#include "cli/configuration.h"
#include "cli/process.h"

namespace grokauth::cli {

/// What starts a refresh worker for the profile, behind the program's name.
[[nodiscard]] std::vector<std::string> WorkerArguments(const CommonOptions& options,
                                                       const app::Profile& profile);

/// Calls `use` with the context of one profile.
template <typename Use>
void WithProfile(app::Profile profile, const CommonOptions& options, app::Edges& edges,
                 const Process& process, app::Messages& messages, Use use) {
  profile.flow = options.flow.value_or(profile.flow);
  app::ProfileFiles files(profile.name, edges.state, edges.clock);
  app::PendingStore pending(files, edges.random);
  app::LoginStore store(profile, files, edges.keyring, edges.random, edges.runtime);
  app::Context context{profile,
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

/// The same with the profile that the configuration and the options choose. Throws `Error`.
template <typename Use>
void WithContext(const CommonOptions& options, app::Edges& edges, const Process& process,
                 app::Messages& messages, Use use) {
  const app::Configuration configuration = LoadConfiguration(options, process);
  WithProfile(app::ChooseProfile(configuration, options.profile, process.environment), options,
              edges, process, messages, use);
}

}  // namespace grokauth::cli
