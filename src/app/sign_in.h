#pragma once

#include "app/sign_in_session.h"

namespace grokauth::app {

/// Signs a person in and returns the token, by the flow that suits server and place. One process at
/// a time asks; the others show the same address and wait for its token. `first` is what the run
/// loaded first. Throws `Error`, `Interrupted`.
[[nodiscard]] Handout SignIn(Context& context, SignInOptions options, const StoredLogin& first);

}  // namespace grokauth::app
