#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "app/error.h"
#include "app/token_set.h"

namespace grokauth::app {

/// An access token on its way to whoever asked for it.
struct Handout {
  std::string access_token;
  std::optional<UnixTime> expires_at;
  TokenVersion version;
  /// Nobody was given this token yet, as far as is recorded.
  bool is_undelivered = true;
};

/// The refresh brought a token. `warning` is not empty when it could not be stored.
struct ReportedToken {
  Handout handout;
  std::string warning;
};
/// The login was replaced or signed out meanwhile: look again.
struct ReportedChange {};
/// The endpoints were stale and are corrected now: a new attempt is worth while.
struct ReportedMove {};
/// The refresh came to nothing.
struct ReportedFailure {
  Error error;
  bool is_transport = false;
};

/// What a worker tells the run that started it. Never holds a refresh token.
using WorkerReport = std::variant<ReportedToken, ReportedChange, ReportedMove, ReportedFailure>;

[[nodiscard]] std::string SerializeReport(const WorkerReport& report);
/// Nothing when `text` is not a report (the worker ended before it had one).
[[nodiscard]] std::optional<WorkerReport> ParseReport(std::string_view text);

}  // namespace grokauth::app
