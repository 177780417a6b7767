#pragma once

#include <memory>
#include <optional>

#include "app/context.h"
#include "app/freshness.h"
#include "app/worker_report.h"

namespace grokauth::app {

/// How a sign-in goes on.
struct SignInOptions {
  SteadyTime deadline;  ///< then it ends with `Error{kTimeout}` and leaves the pending request
  Demand demand;
  bool is_login = false;  ///< the command `login`: a new code, and a browser whatever came before
  bool no_browser = false;
  /// A refresh that still waits for the server: its token is taken when it comes first.
  std::unique_ptr<RunningWorker> refresh;
};

/// Signs a person in by the device flow (RFC 8628) and returns the token. One process at a time
/// asks; the others show the same address and wait for its token. `first` is what the run loaded
/// first. Throws `Error`, `Interrupted`.
[[nodiscard]] Handout SignIn(Context& context, SignInOptions options, const StoredLogin& first);

}  // namespace grokauth::app
