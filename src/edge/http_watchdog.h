#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "app/edges.h"
#include "edge/descriptor.h"

namespace grokauth::edge::http {

/// Bounds everything that is done with one connected socket: at the deadline, or when one of the
/// interrupt descriptors becomes readable, the socket is shut down, so that whatever call is
/// blocked on it returns at once. Poco's own timeouts hold per read and bound nothing as a whole.
///
/// Works on a duplicate of the descriptor, so it does not matter who closes the original when.
class Watchdog {
 public:
  enum class Verdict { kWatching, kDeadline, kInterrupted };

  /// Starts watching, in a thread of its own. Throws `std::system_error` when there is no
  /// descriptor or thread left.
  Watchdog(int socket, app::SteadyTime deadline, std::vector<int> interrupts);
  /// Stops watching.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Sets another deadline; without effect once the socket was shut down.
  void SetDeadline(app::SteadyTime deadline);

  /// Whether the socket was shut down, and why.
  [[nodiscard]] Verdict verdict() const { return verdict_; }

 private:
  void Run();
  [[nodiscard]] app::SteadyTime Deadline();
  void Wake();

  const Descriptor socket_;
  const Descriptor wake_;
  const std::vector<int> interrupts_;
  std::mutex mutex_;
  app::SteadyTime deadline_;  ///< guarded by `mutex_`
  std::atomic<bool> stop_ = false;
  std::atomic<Verdict> verdict_ = Verdict::kWatching;
  std::thread thread_;
};

}  // namespace grokauth::edge::http
