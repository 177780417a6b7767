#pragma once

#include <optional>

#include "app/sign_in_session.h"
#include "oauth/types.h"

namespace grokauth::app {

/// A listener for the profile's redirects: on its `redirect_port`, else on a free port where that
/// can work: not when the profile wants the port exactly, and not when `is_forwarded`, because the
/// person's forward is for that port. Throws `Error{kNetwork}` naming who has the port.
[[nodiscard]] std::unique_ptr<LoopbackListener> ListenForRedirect(Context& context,
                                                                  bool is_forwarded);

/// Signs a person in by the authorization code flow with PKCE and the redirect to `listener`
/// (RFC 6749 section 4.1, RFC 7636, RFC 8252 section 7.3). Throws `Error`, `Interrupted`.
[[nodiscard]] Handout SignInByLoopback(SignInSession& session,
                                       const oauth::ServerMetadata& metadata, Place place,
                                       LoopbackListener& listener);

}  // namespace grokauth::app
