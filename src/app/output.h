#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/context.h"
#include "app/worker_report.h"

namespace grokauth::app {

/// How a token is printed: as the JSON that Grok reads, or alone.
enum class TokenFormat { kJson, kBare };

/// Records that the token is handed to somebody now, so that a later headless run does not hand it
/// out as new. Best effort: a cached run must work without a writable folder.
void NoteDelivery(Context& context, const Handout& handout);

/// Prints the token for whoever asked, its delivery noted before. `expires_in` is what remains now;
/// the issuer is the profile's, on every run (Grok replaces the stored credential by each answer).
void Deliver(Context& context, const Handout& handout, TokenFormat format);

/// 2026-11-20T23:59:59Z (RFC 3339).
[[nodiscard]] std::string FormatTime(UnixTime time);

/// "45 s", "12 min", "5 h 59 min", "3 d 2 h"; negative durations as 0 s.
[[nodiscard]] std::string FormatCountdown(std::chrono::seconds left);
[[nodiscard]] std::string FormatDuration(std::chrono::seconds duration);

}  // namespace grokauth::app
