#pragma once

#include "app/context.h"
#include "app/worker_report.h"

namespace grokauth::app {

/// The worker's whole task, run in a process of its own that holds the refresh lock: load, reserve
/// space, record the attempt, POST once, save, record the outcome. Nothing is sent when space or
/// record cannot be had. Does not throw.
[[nodiscard]] WorkerReport RunRefreshWorker(Context& context);

}  // namespace grokauth::app
