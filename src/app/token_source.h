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

/// The stored token when it meets `demand`, else a refreshed one, else, unless `no_interactive`,
/// one of a sign-in: for commands that hand it out in a form of their own, or use it themselves. An
/// API key will do, where any token does, and GROK_AUTH_TOKEN_TTL is heeded. Throws `Error`,
/// `Interrupted`.
[[nodiscard]] Handout GetToken(Context& context, const TokenOptions& options, const Demand& demand);

/// The same without a sign-in.
[[nodiscard]] Handout GetToken(Context& context, const Demand& demand);

/// Keeps the stored access token from being handed out again if it is `access_token`, which a
/// server did not take; the login stays. An API key is left alone: it may have been disabled only
/// for a while. So is the token of a login that cannot be renewed: it may still do elsewhere.
/// `patience` is for the lock of the record. Returns whether it was kept. Throws `Error{kStore}`.
[[nodiscard]] bool RejectToken(Context& context, const std::string& access_token,
                               std::chrono::milliseconds patience);

/// The same as a note beside what matters: it waits a moment only, and a failure is told under
/// --verbose.
void TryRejectToken(Context& context, const std::string& access_token);

/// Renews the login now, without a person (the command `refresh`).
void RefreshNow(Context& context);

}  // namespace grokauth::app
