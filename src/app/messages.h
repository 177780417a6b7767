#pragma once

#include <string>
#include <vector>

#include "app/edges.h"
#include "app/error.h"

namespace grokauth::app {

/// What a command tells the person, on standard error. Grok's terminal interface takes the first
/// `https://` word of the first line it sees and nothing after it, so a run that signs in holds
/// every line back until that one is out.
class Messages {
 public:
  Messages(Terminal& terminal, bool verbose);

  /// Queues what follows until `Announce` or `Release`.
  void Hold();
  /// Writes `line` at once, in one write, ahead of everything queued; then releases the queue.
  void Announce(const std::string& line);
  /// Also takes the status line away.
  void Release();

  /// Shows `line` below everything else, in the place of the one before; the next message takes it
  /// away. For terminals alone: it is written with control sequences.
  void ShowStatus(const std::string& line);

  void Say(const std::string& line);
  /// "grok-auth: warning: ..."
  void Warn(const std::string& text);
  /// "grok-auth: ..." under --verbose. Never given a secret.
  void Detail(const std::string& text);
  /// "grok-auth: error: ..." and "grok-auth: hint: ...", after everything queued.
  void Fail(const Error& error);

 private:
  void Write(const std::string& line);
  void WriteNow(const std::string& text);

  Terminal& terminal_;
  bool verbose_;
  bool held_ = false;
  std::string status_;  ///< the status line that is shown; empty: none
  std::string queue_;
};

}  // namespace grokauth::app
