#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/check.h"
#include "app/context.h"

namespace grokauth::app {

/// What the keyring answered to `Keyring::Probe`, when no profile is known that could use it.
[[nodiscard]] Check CheckKeyring(const KeyringAnswer& answer);

/// The same for a profile and what is stored for it; nothing: that is not known.
[[nodiscard]] Check CheckKeyring(const KeyringAnswer& answer, const Profile& profile,
                                 const std::optional<StoredLogin>& login);

/// The state folder, and the files whose names begin with `prefix`: owner, permissions, space, and
/// what was moved aside there.
[[nodiscard]] std::vector<Check> ExamineFolder(StateFolder& state, const std::string& prefix);

/// Whether a process holds on to a lock of the profile, whose login is `store_id`. Waits up to a
/// second for those that are held for a moment.
[[nodiscard]] Check CheckLocks(Context& context, const std::string& store_id);

}  // namespace grokauth::app
