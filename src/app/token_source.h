#pragma once

#include <chrono>
#include <optional>

#include "app/context.h"
#include "app/freshness.h"
#include "app/output.h"

namespace grokauth::app {

/// How a provider run was asked for a token.
struct TokenOptions {
  TokenFormat format = TokenFormat::kJson;
  bool no_interactive = false;  ///< never sign in
  bool no_browser = false;
  std::optional<std::chrono::seconds> timeout;       ///< of the sign-in; Grok's limit when absent
  std::optional<std::chrono::seconds> min_validity;  ///< else the profile's, else Grok's window
};

/// The provider run: prints the stored token when it will do, else a refreshed one, else signs a
/// person in. With GROK_AUTH_EXPIRED it never does the last, hands out nothing that its caller can
/// have seen, and ends within Grok's start-up budget. Throws `Error`, `Interrupted`.
void ProvideToken(Context& context, const TokenOptions& options);

/// The stored token when it meets `demand`, else a refreshed one, never a sign-in: for commands
/// that use the token themselves. An API key will do, where any token does, and
/// GROK_AUTH_TOKEN_TTL is heeded. Throws `Error`, `Interrupted`.
[[nodiscard]] Handout GetToken(Context& context, const Demand& demand);

/// Renews the login now, without a person (the command `refresh`).
void RefreshNow(Context& context);

}  // namespace grokauth::app
