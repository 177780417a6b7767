#include "app/token_mirror.h"

#include <utility>
#include <variant>

#include "app/error.h"
#include "oauth/encoding.h"

namespace grokauth::app {

TokenMirror::TokenMirror(const Profile& profile, StateFolder* runtime)
    : profile_(profile), runtime_(profile.mirror ? runtime : nullptr) {}

std::optional<TokenSet> TokenMirror::Read() const {
  if (runtime_ == nullptr) {
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
  if (runtime_ == nullptr || tokens.credential == Credential::kApiKey) {
    return;
  }
  TokenSet copy = tokens;
  copy.refresh_token.reset();
  copy.account.reset();
  std::string text = SerializeTokenSet(copy);
  try {
    runtime_->ReplaceUnsynced(profile_.name, text);
  } catch (const Error&) {
    // The keyring has it.
  }
  oauth::Wipe(text);
}

void TokenMirror::Remove() const {
  if (runtime_ == nullptr) {
    return;
  }
  try {
    runtime_->Remove(profile_.name);
  } catch (const Error&) {
    // It names its login, and is not taken for another's.
  }
}

}  // namespace grokauth::app
