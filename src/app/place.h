#pragma once

#include <string>

#include "app/context.h"

namespace grokauth::app {

/// Decides where a sign-in that begins now keeps its login: by the profile's `store`; for `auto` in
/// the keyring when there is one, else in the state folder, which is said. It stays so until the
/// next sign-in, whatever appears or disappears. Throws `Error{kStore}` when `store` is libsecret
/// and there is none.
[[nodiscard]] Place ChoosePlace(Context& context);

/// Whether a dialog of the desktop can be answered here.
[[nodiscard]] bool HasDesktop(const Environment& environment);

/// Lets the desktop ask for the keyring's password, for at most a minute. True when it is open
/// afterwards; false at once where no dialog could be answered.
[[nodiscard]] bool UnlockKeyring(Context& context);

/// Why a login for the keyring is in a file, for a warning.
[[nodiscard]] std::string DescribeRescue(const Context& context, const KeyringAnswer& answer);

}  // namespace grokauth::app
