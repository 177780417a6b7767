#pragma once

#include <vector>

#include "app/context.h"
#include "app/credential_protocol.h"

namespace grokauth::app {

/// The profile whose `git.hosts` answers for `request`: of several, the one whose entry has the
/// longest path, then the first. Null when none does.
[[nodiscard]] const Profile* FindProfileFor(const CredentialRequest& request,
                                            const std::vector<Profile>& profiles);

/// Answers `get` on standard output: the stored token, else a refreshed one, else one of a sign-in
/// when there is a terminal to tell the address on, git may prompt and not `no_interactive`. Throws
/// `Error`, `Interrupted`; then nothing was written.
void AnswerCredentialRequest(Context& context, const CredentialRequest& request,
                             bool no_interactive);

/// Does what `erase` asks for: the token that the server did not take is not handed out again, and
/// the next request gets a new one; the login stays. Another password than the stored token, and an
/// API key, are left alone. Throws `Error{kStore}`.
void EraseCredential(Context& context, const CredentialRequest& request);

}  // namespace grokauth::app
