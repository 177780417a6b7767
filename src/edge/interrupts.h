#pragma once

#include <vector>

namespace grokauth::edge {

/// What ends a waiting run from outside: SIGINT, SIGTERM, SIGHUP and, when asked for, the death of
/// the parent process. Does nothing until a wait first asks for the descriptors, so that a run
/// that never waits keeps the default handling and pays nothing.
class Interrupts {
 public:
  enum class Watch {
    kNothing,  ///< a worker: nothing but SIGKILL ends it
    kSignals,
    kSignalsAndParent,  ///< also the process that started this one, unless there is a terminal
  };

  /// Remembers now who the parent is.
  explicit Interrupts(Watch watch);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// Descriptors that become readable when the run is to end. The first call blocks the signals'
  /// default action from then on.
  [[nodiscard]] std::vector<int> Descriptors();

  /// Throws `app::Interrupted` when one of the descriptors is readable; otherwise does nothing.
  void ThrowIfInterrupted();

 private:
  Watch watch_;
  int first_parent_;
  int signal_descriptor_ = -1;
  int parent_descriptor_ = -1;
  bool watching_ = false;
};

}  // namespace grokauth::edge
