#pragma once

#include <optional>

#include "app/edges.h"
#include "app/profile.h"
#include "app/token_set.h"

namespace grokauth::app {

/// A copy of the access token of a login that is kept in the keyring, in the user's runtime folder,
/// which is in memory: asking a keyring takes many times as long as reading a file, and it answers
/// one at a time. It never has the refresh token, nor an API key. All of it is best effort: what
/// fails, fails silently, and the keyring is asked.
class TokenMirror {
 public:
  /// `runtime` is null where there is no runtime folder; then nothing is ever there.
  TokenMirror(const Profile& profile, StateFolder* runtime);

  /// Whether there is a place for a copy, and the profile wants one.
  [[nodiscard]] bool IsWanted() const { return runtime_ != nullptr && profile_.mirror; }
  /// The copy, without a refresh token; nothing when there is none that can be read, or none is
  /// wanted. Whether it is still that of the login is the caller's question.
  [[nodiscard]] std::optional<TokenSet> Read() const;
  /// Makes the copy. Removes it where none is wanted, and where it cannot be made.
  void Write(const TokenSet& tokens) const;
  /// Removes the copy, a half-written one too.
  void Remove() const;

 private:
  const Profile& profile_;
  StateFolder* runtime_;
};

}  // namespace grokauth::app
