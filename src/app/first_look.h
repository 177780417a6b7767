#pragma once

#include "app/context.h"

namespace grokauth::app {

/// What is stored, for a command that is going to use or replace it. A damaged token set in the
/// state folder is moved aside, with a warning, and counts as none. Throws `Error{kStore}` for one
/// that a newer version of the program wrote.
[[nodiscard]] StoredLogin LookFirst(Context& context);

/// The same for a run that wants a token: the mirror will do, where there is one.
[[nodiscard]] StoredLogin LookForToken(Context& context);

/// Throws `Error{kStore}` when a newer version of the program wrote what is stored.
void RefuseNewer(Context& context, const StoredLogin& login);

/// Throws `Error{kConfig}` when what is stored for the profile is a login at another issuer or of
/// another client: it is never sent, printed or silently overwritten.
void RequireOwnLogin(const StoredLogin& login, const Profile& profile);

}  // namespace grokauth::app
