#pragma once

#include <optional>
#include <vector>

#include "app/check.h"
#include "app/context.h"
#include "oauth/types.h"

namespace grokauth::app {

/// What the checks of the server found, and what it offers when it told.
struct ServerFindings {
  std::vector<Check> checks;
  std::optional<oauth::ServerMetadata> metadata;
};

/// Asks the profile's issuer for its metadata, within 10 s in all: the way there, the answer, the
/// endpoints, the clock. Sends nothing when `offline`.
[[nodiscard]] ServerFindings ExamineServer(Context& context, bool offline);

/// Which endpoints there are.
[[nodiscard]] Check CheckEndpoints(const oauth::ServerMetadata& metadata);

/// Compares this computer's clock, which was at `here` when the server's was at `there`; nothing:
/// the server did not say.
[[nodiscard]] Check CheckClock(UnixTime here, std::optional<UnixTime> there);

}  // namespace grokauth::app
