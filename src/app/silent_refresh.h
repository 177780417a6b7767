#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "app/context.h"
#include "app/freshness.h"
#include "app/worker_report.h"

namespace grokauth::app {

/// The refresh did not bring a token.
struct RefreshWithoutToken {
  Error error;
  /// Nobody said no: the stored token may be used while it lasts.
  bool is_transport = false;
  /// The worker, when it still waits for the server.
  std::unique_ptr<RunningWorker> running;
};

/// What loading again under the lock showed: nobody but a person can help.
using SilentRefreshResult =
    std::variant<Handout, SignInNeeded, KeyringBlocked, RefreshWithoutToken>;

/// Gets a new token without a person, by `deadline`: takes the refresh lock and starts a worker, or
/// waits for the one that holds it. `first` is what the run loaded first. Several processes at once
/// make one request. Throws `Error` when an API key takes the place of the login meanwhile. On an
/// interrupt it gives a running worker 400 ms to report, then throws `Interrupted`.
[[nodiscard]] SilentRefreshResult RefreshSilently(Context& context, const Demand& demand,
                                                  const StoredLogin& first, SteadyTime deadline);

/// What `report` is worth to a run: a token, or a failure.
[[nodiscard]] SilentRefreshResult UseReport(Context& context, const Demand& demand,
                                            const WorkerReport& report);

/// The token of `login` as it is handed out.
[[nodiscard]] Handout MakeHandout(const StoredLogin& login, const Demand& demand);

}  // namespace grokauth::app
