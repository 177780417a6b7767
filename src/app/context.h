#pragma once

#include <string>
#include <vector>

#include "app/edges.h"
#include "app/environment.h"
#include "app/login_store.h"
#include "app/messages.h"
#include "app/profile.h"
#include "app/profile_files.h"

namespace grokauth::app {

/// What every use case is given: the profile, its stored login, the outside world.
struct Context {
  const Profile& profile;
  const Environment& environment;
  Edges& edges;
  LoginStore& store;
  ProfileFiles& files;
  PendingStore& pending;
  Messages& messages;
  SteadyTime started;                         ///< when the process began; budgets count from here
  std::vector<std::string> worker_arguments;  ///< that start a refresh worker for this profile
};

}  // namespace grokauth::app
