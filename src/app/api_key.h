#pragma once

#include "app/context.h"
#include "app/error.h"
#include "app/freshness.h"

namespace grokauth::app {

/// Takes an API key from standard input and stores it in the profile in place of what is there (the
/// command `login --api-key`). A login that it replaces is not revoked; sign-ins and refreshes that
/// are under way are dropped when they end. Throws `Error`, `Interrupted`.
void StoreApiKey(Context& context);

/// The error of a run that finds an API key where it needs something else: a token for Grok, or a
/// login to renew.
[[nodiscard]] Error MakeApiKeyError(const Profile& profile, const Demand& demand);

}  // namespace grokauth::app
