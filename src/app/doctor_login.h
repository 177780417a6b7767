#pragma once

#include <vector>

#include "app/check.h"
#include "app/context.h"

namespace grokauth::app {

/// The stored login and its last refresh, as `status` tells them. Throws `Error{kStore}` when it
/// cannot be looked at.
[[nodiscard]] std::vector<Check> ExamineLogin(Context& context, const StoredLogin& login);

/// Whether the server's tokens last long enough for Grok, which discards them early.
[[nodiscard]] Check CheckLifetime(const TokenSet& tokens, const Environment& environment);

}  // namespace grokauth::app
