#pragma once

#include <optional>
#include <string>
#include <variant>

#include "app/context.h"
#include "app/exchange.h"
#include "app/pending_sign_in.h"

namespace grokauth::app {

/// A pending sign-in and the name of its entry in the state folder.
struct PendingEntry {
  std::string name;
  PendingSignIn pending;
};

/// Asks the server for a device and user code (RFC 8628 section 3.1) and stores the request before
/// anybody hears of it. Nothing when the server does not offer the flow, or not to this client.
/// Throws `Error`.
[[nodiscard]] std::optional<PendingEntry> BeginDeviceSignIn(Context& context,
                                                            const oauth::ServerMetadata& metadata,
                                                            Place place, PendingOrigin origin);

/// The person approved. `warning` is not empty when the login is not stored where it should be.
struct SignedIn {
  TokenSet tokens;
  std::string warning;
  bool is_stored = true;
};
/// Nobody decided yet: ask again after the entry's interval.
struct StillPending {};
/// The server could not be asked, or gave no answer to the question: ask again, later.
struct NotAnswered {
  ErrorKind kind;      ///< kNetwork or kServer
  std::string reason;  ///< one clause
};
/// Another process polls at this moment.
struct PolledElsewhere {};
/// The entry is gone: somebody else finished it, or signed out.
struct EntryGone {};
/// The code has expired (`expired_token`).
struct CodeExpired {};
/// The server does not know the code (`invalid_grant`): it was used up, or its answer was lost.
struct CodeUnknown {};
/// Declined in the browser, or refused for another reason.
struct SignInRefused {
  Error error;
};

using PollResult = std::variant<SignedIn, StillPending, NotAnswered, PolledElsewhere, EntryGone,
                                CodeExpired, CodeUnknown, SignInRefused>;

/// Asks the server at most once (RFC 8628 section 3.4), under the poll lock, with the entry read
/// again first. `entry`, which must be of a device authorization, is updated to what is stored. A
/// login is stored, and an entry whose code is used up removed, before the lock is let go: a
/// consumed code is never polled again.
[[nodiscard]] PollResult PollDeviceSignIn(Context& context, PendingEntry& entry,
                                          const Patience& patience);

}  // namespace grokauth::app
