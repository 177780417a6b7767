#pragma once

#include "app/edges.h"
#include "app/error.h"
#include "app/profile.h"

namespace grokauth::app {

/// "the keyring is locked", for messages; `answer` is neither kFound nor kNothing.
[[nodiscard]] std::string DescribeKeyring(const KeyringAnswer& answer);

/// What to do about it; empty for the two answers that need nothing.
[[nodiscard]] std::string KeyringRemedy(KeyringState state);

/// What to do about it, when a login that is kept in the keyring cannot be read.
[[nodiscard]] std::string KeyringHint(const KeyringAnswer& answer, const Profile& profile);

/// The error of a run that cannot read its login: a person must open the keyring, or sign in again.
[[nodiscard]] Error MakeKeyringError(const KeyringAnswer& answer, const Profile& profile);

}  // namespace grokauth::app
