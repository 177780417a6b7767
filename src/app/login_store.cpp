#include "app/login_store.h"

#include <algorithm>
#include <utility>

#include "app/error.h"

namespace grokauth::app {

namespace {

// Twice the largest tokens that were met (16 kB), with room for the rest of the set.
constexpr std::size_t kReservedBytes = std::size_t{64} * 1024;
constexpr std::size_t kDamagedIdBytes = 6;

StoredSet ReadTokenSet(const std::string& text) {
  return std::visit([](auto&& parsed) { return StoredSet(std::forward<decltype(parsed)>(parsed)); },
                    ParseTokenSet(text));
}

std::string LabelOf(const TokenSet& tokens, const Profile& profile) {
  const std::string account =
      tokens.account ? tokens.account->email.value_or(tokens.account->sub) : "";
  const std::string owner = tokens.credential == Credential::kApiKey ? "API key" : account;
  return "grok-auth: " + profile.name + (owner.empty() ? "" : " (" + owner + ")");
}

}  // namespace

bool StoredLogin::IsRescued() const {
  return tokens && in_file && tokens->place == Place::kLibsecret;
}

LoginStore::LoginStore(const Profile& profile, ProfileFiles& files, Keyring& keyring,
                       Random& random, StateFolder* runtime)
    : profile_(profile),
      files_(files),
      keyring_(keyring),
      random_(random),
      mirror_(profile, runtime) {}

std::string LoginStore::FilePath() const {
  return files_.Path(kTokenSetSuffix);
}

KeyringItem LoginStore::ItemOf(const std::string& store_id) const {
  return {profile_.name, profile_.issuer, profile_.client_id, store_id};
}

StoredSet LoginStore::ReadFile() {
  std::optional<std::string> text = files_.Read(kTokenSetSuffix);
  if (!text) {
    return {};
  }
  StoredSet stored = ReadTokenSet(*text);
  oauth::Wipe(*text);
  return stored;
}

std::optional<StoreId> LoginStore::ReadStoreId() {
  const std::optional<std::string> text = files_.Read(kIdSuffix);
  return text ? ParseStoreId(*text) : std::nullopt;
}

void LoginStore::WriteStoreId(const StoreId& store_id) {
  files_.Replace(kIdSuffix, SerializeStoreId(store_id));
}

std::string LoginStore::ReadRecordText() {
  try {
    return files_.Read(kRecordSuffix).value_or("");
  } catch (const Error&) {
    return "";  // lost or unreadable counts as empty
  }
}

RefreshRecord LoginStore::ReadRecord(const std::string& store_id) {
  return ParseRefreshRecord(ReadRecordText(), store_id);
}

void LoginStore::WriteRecord(const RefreshRecord& record) {
  // Each refresh writes it four times, and one that is lost only costs a request.
  files_.ReplaceUnsynced(kRecordSuffix, SerializeRefreshRecord(record));
}

bool LoginStore::Files::LeadToKeyring() const {
  return !in_file && id && id->place == Place::kLibsecret;
}

LoginStore::Files LoginStore::ReadFiles() {
  Files files;
  // The record first: one that is older than the tokens is harmless, one that is newer would make
  // them look stale while another process saves.
  files.record = ReadRecordText();
  files.id = ReadStoreId();
  files.stored = ReadCurrentFile(files.id);
  files.in_file = !std::holds_alternative<std::monostate>(files.stored);
  return files;
}

StoredLogin LoginStore::MakeLogin(Files files) {
  StoredLogin login;
  login.store_id = files.id ? files.id->id : "";
  login.in_file = files.in_file;
  if (auto* tokens = std::get_if<TokenSet>(&files.stored)) {
    login.store_id = tokens->store_id;
    login.tokens = std::move(*tokens);
  } else if (auto* fault = std::get_if<TokenSetFault>(&files.stored)) {
    login.fault = std::move(*fault);
  }
  login.record = ParseRefreshRecord(files.record, login.store_id);
  return login;
}

StoredLogin LoginStore::Load() {
  Files files = ReadFiles();
  std::optional<KeyringAnswer> trouble;
  if (files.LeadToKeyring()) {
    files.stored = ReadKeyring(*files.id, trouble);
  }
  StoredLogin login = MakeLogin(std::move(files));
  login.trouble = std::move(trouble);
  return login;
}

std::optional<StoredLogin> LoginStore::LoadWithoutKeyring() {
  Files files = ReadFiles();
  if (!files.LeadToKeyring()) {
    return MakeLogin(std::move(files));
  }
  std::optional<TokenSet> mirrored = mirror_.Read();
  if (!mirrored || mirrored->store_id != files.id->id || !BelongsTo(*mirrored, profile_)) {
    return std::nullopt;
  }
  files.stored = std::move(*mirrored);
  StoredLogin login = MakeLogin(std::move(files));
  login.is_mirrored = true;
  if (login.tokens->generation < login.record.generation) {
    return std::nullopt;
  }
  return login;
}

void LoginStore::KeepMirror(const TokenSet& tokens) {
  if (!mirror_.IsWanted()) {
    mirror_.Remove();
    return;
  }
  try {
    const std::unique_ptr<Lock> lock = files_.WaitForWriteLock(std::chrono::milliseconds(0));
    const std::optional<StoreId> id = lock ? ReadStoreId() : std::nullopt;
    if (id && id->id == tokens.store_id && id->place == Place::kLibsecret &&
        tokens.generation >= ReadRecord(id->id).generation) {
      mirror_.Write(tokens);
    }
  } catch (const Error&) {
    // A cached run needs no folder that it can write to.
  }
}

void LoginStore::DropMirror() {
  mirror_.Remove();
}

StoredSet LoginStore::ReadCurrentFile(const std::optional<StoreId>& id) {
  StoredSet stored = ReadFile();
  // A missing or different .id beside a token set: a sign-in was cut short before its switch, or
  // the file was lost, and the set, which carries its own id, is the login. But not one that the
  // .id knows as replaced or signed out: that one was about to be removed.
  const auto* tokens = std::get_if<TokenSet>(&stored);
  return tokens != nullptr && id && id->IsObsolete(tokens->store_id) ? StoredSet() : stored;
}

StoredSet LoginStore::ReadKeyring(const StoreId& store_id, std::optional<KeyringAnswer>& trouble) {
  KeyringAnswer answer = keyring_.Load(ItemOf(store_id.id));
  if (answer.state == KeyringState::kFound) {
    StoredSet stored = ReadTokenSet(answer.secret);
    oauth::Wipe(answer.secret);
    const auto* tokens = std::get_if<TokenSet>(&stored);
    if (tokens != nullptr && tokens->store_id != store_id.id) {
      return TokenSetFault{"is damaged (it is another login's)"};
    }
    return stored;
  }
  if (answer.state != KeyringState::kNothing) {
    trouble = std::move(answer);
  }
  return {};
}

std::string LoginStore::OutcomeMark() {
  return MarkOf(ReadRecordText());
}

bool LoginStore::IsDelivered(const TokenVersion& version) {
  return ReadRecord(version.store_id).delivered_generation >= version.generation;
}

std::optional<std::string> LoginStore::SetAside() {
  constexpr std::chrono::milliseconds kPatience{1000};  // a headless run has 4 s in all
  const std::unique_ptr<Lock> lock = files_.WriteLock(kPatience);
  return MoveDamagedAside();
}

std::optional<std::string> LoginStore::MoveDamagedAside() {
  const StoredSet stored = ReadFile();
  const auto* fault = std::get_if<TokenSetFault>(&stored);
  if (fault == nullptr) {
    return std::nullopt;
  }
  if (fault->is_newer) {
    throw MakeNewerError(/*in_file=*/true);
  }
  const std::string suffix =
      std::string(kDamagedSuffix) + oauth::Base64UrlEncode(random_.Bytes(kDamagedIdBytes));
  files_.Rename(kTokenSetSuffix, suffix);
  return files_.Path(suffix);
}

Error LoginStore::MakeNewerError(bool in_file) const {
  const std::string login = in_file ? "login '" + FilePath() + "'" : "login in the keyring";
  const std::string remedy =
      in_file ? "move that file away" : "delete the item 'grok-auth: " + profile_.name + "' there";
  return {ErrorKind::kStore, "the stored " + login + " was written by a newer version of grok-auth",
          "nothing was changed: update this grok-auth, or " + remedy +
              " and run 'grok-auth login --profile " + profile_.name + "'"};
}

std::string LoginStore::CurrentId() {
  const std::optional<StoreId> id = ReadStoreId();
  const StoredSet stored = ReadCurrentFile(id);
  if (const auto* tokens = std::get_if<TokenSet>(&stored)) {
    return tokens->store_id;
  }
  return id ? id->id : "";
}

KeyringAnswer LoginStore::SaveInKeyring(const TokenSet& tokens) {
  std::string text = SerializeTokenSet(tokens);
  KeyringAnswer answer = keyring_.Save(ItemOf(tokens.store_id), LabelOf(tokens, profile_), text);
  oauth::Wipe(text);
  return answer;
}

std::unique_ptr<Lock> LoginStore::WaitForWriteLock() {
  try {
    return files_.WaitForWriteLock();
  } catch (const Error&) {
    return nullptr;  // not even opened: the save itself may still work
  }
}

std::unique_ptr<Reservation> LoginStore::ReserveTokenSet() {
  return files_.state().Reserve(files_.Name(kTokenSetSuffix), kReservedBytes);
}

bool LoginStore::MoveIntoKeyring(const TokenSet& tokens) {
  const std::unique_ptr<Lock> lock = files_.WriteLock();
  const std::optional<StoreId> before = ReadStoreId();
  const StoredSet stored = ReadCurrentFile(before);
  const auto* in_file = std::get_if<TokenSet>(&stored);
  if (in_file == nullptr || VersionOf(*in_file) != VersionOf(tokens) ||
      SaveInKeyring(tokens).state != KeyringState::kFound) {
    return false;
  }
  std::optional<KeyringAnswer> refusal;
  WriteStoreId({tokens.store_id, Place::kLibsecret,
                before ? DeleteObsolete(before->obsolete, refusal) : std::vector<std::string>()});
  files_.Remove(kTokenSetSuffix);
  mirror_.Write(tokens);
  return true;
}

SaveResult LoginStore::SaveRefreshed(const TokenSet& tokens, Reservation& reservation,
                                     bool into_keyring, const RefreshOutcome& outcome) {
  // Saved even when the lock cannot be had: its holder was stopped, and what the server just gave
  // is the only copy.
  const std::unique_ptr<Lock> lock = WaitForWriteLock();
  std::optional<StoreId> id;
  StoredSet stored;
  try {
    id = ReadStoreId();
    stored = ReadCurrentFile(id);
  } catch (const Error&) {
    // What cannot be read must not keep the only copy of a login from being saved.
  }
  const auto* in_file = std::get_if<TokenSet>(&stored);
  const auto* fault = std::get_if<TokenSetFault>(&stored);
  if ((in_file != nullptr && in_file->store_id != tokens.store_id) ||
      (fault != nullptr && fault->is_newer)) {
    return SaveResult::kOtherLogin;
  }
  if (in_file == nullptr && id && id->id != tokens.store_id) {
    // A sign-out leaves an id whose place is the file, and no file.
    return id->place == Place::kLibsecret ? SaveResult::kOtherLogin : SaveResult::kSignedOut;
  }
  if (fault != nullptr) {
    try {
      static_cast<void>(MoveDamagedAside());
    } catch (const Error&) {
      // Then it is replaced: the save comes first.
    }
  }
  const bool is_in_keyring = into_keyring && SaveInKeyring(tokens).state == KeyringState::kFound;
  if (!is_in_keyring) {
    reservation.Commit(SerializeTokenSet(tokens));
  }
  // Before the record, which is what others that want the token look at.
  if (is_in_keyring) {
    mirror_.Write(tokens);
  } else {
    mirror_.Remove();
  }
  try {
    if (!id || id->id != tokens.store_id) {
      WriteStoreId({tokens.store_id, tokens.place, id ? id->obsolete : std::vector<std::string>()});
    }
    RefreshRecord record = ReadRecord(tokens.store_id);
    record.generation = std::max(record.generation, tokens.generation);
    record.last = outcome;
    WriteRecord(record);
  } catch (const Error&) {
    // The tokens are safe. What is missing here is rebuilt from them, at the cost of one refresh.
  }
  return SaveResult::kSaved;
}

bool LoginStore::UpdateRecord(const std::string& store_id,
                              const std::function<void(RefreshRecord&)>& change,
                              std::chrono::milliseconds patience) {
  const std::unique_ptr<Lock> lock = files_.WriteLock(patience);
  if (CurrentId() != store_id) {
    return false;
  }
  RefreshRecord record = ReadRecord(store_id);
  change(record);
  WriteRecord(record);
  return true;
}

void LoginStore::SaveEndpoints(const TokenVersion& version, const oauth::ServerMetadata& metadata) {
  const std::unique_ptr<Lock> lock = files_.WriteLock();
  StoredLogin login = Load();
  if (!login.tokens || VersionOf(*login.tokens) != version) {
    return;
  }
  login.tokens->token_endpoint = metadata.token_endpoint;
  login.tokens->revocation_endpoint = metadata.revocation_endpoint;
  if (login.in_file) {
    files_.Replace(kTokenSetSuffix, SerializeTokenSet(*login.tokens));
  } else {
    static_cast<void>(SaveInKeyring(*login.tokens));
  }
}

}  // namespace grokauth::app
