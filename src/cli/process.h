#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/edges.h"
#include "app/environment.h"

namespace grokauth::cli {

/// What a command needs of the process it runs in, beside the edges.
struct Process {
  const app::Environment& environment;
  app::SteadyTime started;
  /// Reads a configuration file; nothing when there is none and it is not required.
  std::function<std::optional<std::string>(const std::string& path, bool required)> read_config;
  /// Standard input up to an empty line or its end; at most `limit` bytes. Throws `Error{kStore}`.
  std::function<std::string(std::size_t limit)> read_request;
  /// Whether it was started by itself, as a refresh worker.
  std::function<bool()> is_worker;
  /// Ends the worker's work: gives the lock up, then reports.
  std::function<void(const std::string& report)> finish_worker;
  /// Has the keyring unlocked in this very process; the exit status.
  std::function<int()> unlock_keyring;
};

}  // namespace grokauth::cli
