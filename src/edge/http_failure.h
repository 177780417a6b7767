#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/edges.h"

namespace grokauth::edge::http {

/// Ends an exchange inside the HTTP edge. `PocoHttpClient::Send` turns it into a
/// `TransportFailure`; it never leaves the edge.
class Failure : public std::runtime_error {
 public:
  /// `reason` is one clause for the user: no secret, no control character.
  Failure(app::TransportFailure::Cause cause, const std::string& reason)
      : std::runtime_error(reason), cause_(cause) {}

  [[nodiscard]] app::TransportFailure::Cause cause() const { return cause_; }

 private:
  app::TransportFailure::Cause cause_;
};

/// A deadline, and the time it allowed in words ("5 s"), for reasons.
struct Limit {
  app::SteadyTime deadline;
  std::string text;
};

/// The limit that ends `time` after `start`.
[[nodiscard]] Limit MakeLimit(app::SteadyTime start, std::chrono::milliseconds time);

/// How long poll() may wait for `time` to come: milliseconds, rounded up, at most a minute, 0 when
/// it has passed.
[[nodiscard]] int PollTimeout(app::SteadyTime time);

/// `text` with every control character replaced, so that it cannot steer a terminal.
[[nodiscard]] std::string Printable(std::string_view text);

/// What the system calls error number `code`, beginning in lower case.
[[nodiscard]] std::string SystemError(int code);

}  // namespace grokauth::edge::http
