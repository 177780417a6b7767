#include <utility>

#include "app/login_store.h"
#include "oauth/encoding.h"

// The two ways by which another login, or none, takes the place of the stored one.

namespace grokauth::app {

namespace {

std::string NewStoreId(Random& random) {
  constexpr std::size_t kBytes = 16;  // 128 bits: never the same twice
  return oauth::Base64UrlEncode(random.Bytes(kBytes));
}

}  // namespace

std::optional<LoginStore::SavedSignIn> LoginStore::SaveSignIn(
    TokenSet tokens, const std::optional<std::string>& pending_name) {
  tokens.store_id = NewStoreId(random_);
  tokens.generation = 1;
  const std::unique_ptr<Lock> lock =
      WaitForWriteLock();  // if not, saved without it: as after a refresh
  if (pending_name && !files_.state().Read(*pending_name)) {
    return std::nullopt;
  }
  const std::vector<std::string> answered =
      pending_name ? std::vector{*pending_name} : files_.state().List(files_.Name(kPendingSuffix));
  static_cast<void>(MoveDamagedAside());
  mirror_.Remove();
  const std::optional<StoreId> before = ReadStoreId();
  RefreshRecord record = ReadRecord(tokens.store_id);
  record.generation = tokens.generation;
  record.sign_in_unanswered = false;
  bool in_keyring = false;
  std::optional<KeyringAnswer> rescued;
  if (tokens.place == Place::kLibsecret) {
    KeyringAnswer answer = SaveInKeyring(tokens);
    in_keyring = answer.state == KeyringState::kFound;
    if (!in_keyring) {
      rescued = std::move(answer);
    }
  }
  if (!in_keyring) {
    files_.Replace(kTokenSetSuffix, SerializeTokenSet(tokens));
  }
  // The switch: from here on the old login counts as replaced, wherever something of it is left.
  StoreId now{tokens.store_id, tokens.place, ObsoleteAfter(before, in_keyring)};
  if (in_keyring) {
    WriteStoreId(now);  // without it nothing finds the item
  }
  try {
    if (in_keyring) {
      files_.Remove(kTokenSetSuffix);
    } else {
      WriteStoreId(now);
    }
    for (const std::string& name : answered) {
      files_.state().Remove(name);
    }
    WriteRecord(record);
    if (!now.obsolete.empty()) {
      std::optional<KeyringAnswer> refusal;
      now.obsolete = DeleteObsolete(now.obsolete, refusal);
      WriteStoreId(now);
    }
  } catch (const Error&) {
    // The tokens are safe and carry their own id; a consumed pending entry is found out at its
    // next poll.
  }
  if (in_keyring) {
    mirror_.Write(tokens);
  }
  return SavedSignIn{std::move(tokens), std::move(rescued)};
}

std::optional<KeyringAnswer> LoginStore::SignOut() {
  const std::unique_ptr<Lock> lock = files_.WriteLock();
  const std::optional<StoreId> before = ReadStoreId();
  StoreId now{NewStoreId(random_), Place::kFile, {}};
  now.obsolete = ObsoleteAfter(before, true);
  mirror_.Remove();
  WriteStoreId(now);
  const std::string file_id = IdOfFileLogin();
  files_.RemoveAllBut(kIdSuffix);
  // What was in the file alone is gone with it: no keyring need be asked.
  std::erase(now.obsolete, file_id);
  std::optional<KeyringAnswer> refusal;
  now.obsolete = DeleteObsolete(now.obsolete, refusal);
  WriteStoreId(now);
  return refusal;
}

std::string LoginStore::IdOfFileLogin() {
  try {
    const StoredSet stored = ReadFile();
    const auto* tokens = std::get_if<TokenSet>(&stored);
    return tokens != nullptr && tokens->place == Place::kFile ? tokens->store_id : "";
  } catch (const Error&) {
    return "";
  }
}

std::vector<std::string> LoginStore::ObsoleteAfter(const std::optional<StoreId>& before,
                                                   bool file_goes_later) {
  std::vector<std::string> obsolete = before ? before->obsolete : std::vector<std::string>();
  if (before && before->place == Place::kLibsecret) {
    obsolete.push_back(before->id);
  }
  try {
    const StoredSet stored = file_goes_later ? ReadFile() : StoredSet();
    const auto* tokens = std::get_if<TokenSet>(&stored);
    if (tokens != nullptr &&
        (!before || tokens->store_id != before->id || before->place == Place::kFile)) {
      obsolete.push_back(tokens->store_id);
    }
  } catch (const Error&) {
    // A file that cannot be read is nobody's login.
  }
  return obsolete;
}

std::vector<std::string> LoginStore::DeleteObsolete(const std::vector<std::string>& ids,
                                                    std::optional<KeyringAnswer>& refusal) {
  std::vector<std::string> kept;
  if (profile_.store == StoreChoice::kFile) {
    return kept;
  }
  for (const std::string& id : ids) {
    KeyringAnswer answer = keyring_.Remove(ItemOf(id));
    if (answer.state != KeyringState::kFound && answer.state != KeyringState::kNothing) {
      kept.push_back(id);
      refusal = std::move(answer);
    }
  }
  return kept;
}

}  // namespace grokauth::app
