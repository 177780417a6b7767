#pragma once

#include <optional>
#include <string>

#include "app/context.h"
#include "app/model_list.h"

namespace grokauth::app {

// The models that were offered to the login of a profile, in the cache folder: `<profile>.models`.
// A list is that of one login at one API; another login, issuer, client or API never sees it. What
// cannot be read or written is told under --verbose and otherwise ignored.

/// The list that is kept for the login that is stored now, of whatever age; nothing when there is
/// none. Asks neither a server nor the keyring, and never throws `Error`.
[[nodiscard]] std::optional<ModelList> ReadCachedModels(Context& context);

/// Whether the list is young enough not to ask the server again.
[[nodiscard]] bool IsFresh(const ModelList& list, UnixTime now);

/// Keeps the list for the login `store_id`.
void KeepModels(Context& context, const std::string& store_id, const ModelList& list);

/// Removes the list of the profile.
void ForgetModels(Context& context);

}  // namespace grokauth::app
