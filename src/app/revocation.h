#pragma once

#include <string>

#include "app/context.h"

namespace grokauth::app {

/// Asks the server to revoke a login (RFC 7009): its refresh token, else its access token. Takes
/// at most 5 s. Returns why it did not work, as one clause; empty when it did.
[[nodiscard]] std::string Revoke(Context& context, const TokenSet& tokens);

}  // namespace grokauth::app
