#include "app/token_mirror.h"

#include <utility>
#include <variant>

#include "app/error.h"
#include "oauth/encoding.h"

namespace grokauth::app {

TokenMirror::TokenMirror(const Profile& profile, StateFolder* runtime)
    : profile_(profile), runtime_(runtime) {}

std::optional<TokenSet> TokenMirror::Read() const {
  if (!IsWanted()) {
    return std::nullopt;
  }
  try {
    std::optional<std::string> text = runtime_->Read(profile_.name);
    if (!text) {
      return std::nullopt;
    }
    auto parsed = ParseTokenSet(*text);
    oauth::Wipe(*text);
    auto* tokens = std::get_if<TokenSet>(&parsed);
    return tokens != nullptr ? std::optional(std::move(*tokens)) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void TokenMirror::Write(const TokenSet& tokens) const {
  if (!IsWanted() || tokens.credential == Credential::kApiKey) {
    Remove();
    return;
  }
  TokenSet copy = tokens;
  if (copy.refresh_token) {
    oauth::Wipe(*copy.refresh_token);
    copy.refresh_token.reset();
  }
  copy.account.reset();
  std::string text = SerializeTokenSet(copy);
  try {
    runtime_->ReplaceUnsynced(profile_.name, text);
  } catch (const Error&) {
    Remove();  // it would be an older one; the keyring has the new one
  }
  oauth::Wipe(text);
}

void TokenMirror::Remove() const {
  if (runtime_ == nullptr) {
    return;
  }
  try {
    runtime_->Remove(profile_.name);
    for (const std::string& half_written : runtime_->List(profile_.name + ".")) {
      runtime_->Remove(half_written);
    }
  } catch (const Error&) {
    // It names its login, and is not taken for another's.
  }
}

}  // namespace grokauth::app
