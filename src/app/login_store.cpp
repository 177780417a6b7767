#include "app/login_store.h"

#include <algorithm>
#include <utility>

#include "app/error.h"
#include "oauth/json.h"

namespace grokauth::app {

namespace {

constexpr std::string_view kIdSuffix = ".id";
constexpr std::string_view kTokenSetSuffix = ".json";
constexpr std::string_view kRecordSuffix = ".last";
constexpr std::string_view kPendingSuffix = ".pending-";
constexpr std::string_view kSignInLockSuffix = ".signin.lock";
constexpr std::string_view kRefreshLockSuffix = ".lock";
constexpr std::string_view kPollLockSuffix = ".poll.lock";
constexpr std::string_view kWriteLockSuffix = ".write.lock";

// Twice the largest tokens that were met (16 kB), with room for the rest of the set.
constexpr std::size_t kReservedBytes = 64 * 1024;
// The write lock is held for a few file operations; who holds it longer was stopped.
constexpr std::chrono::seconds kWriteLockPatience{5};
constexpr std::chrono::milliseconds kWriteLockNap{5};
// design: 128 random bits
constexpr std::size_t kStoreIdBytes = 16;
constexpr std::size_t kPendingIdBytes = 9;

}  // namespace

LoginStore::LoginStore(const Profile& profile, StateFolder& state, Clock& clock, Random& random)
    : profile_(profile), state_(state), clock_(clock), random_(random) {}

std::string LoginStore::FileName(std::string_view suffix) const {
  return profile_.name + std::string(suffix);
}

std::string LoginStore::TokenSetPath() const {
  return state_.Path(FileName(kTokenSetSuffix));
}

std::string LoginStore::NewStoreId() {
  return oauth::Base64UrlEncode(random_.Bytes(kStoreIdBytes));
}

std::optional<TokenSet> LoginStore::ReadTokenSet() {
  const std::optional<std::string> text = state_.Read(FileName(kTokenSetSuffix));
  if (!text) {
    return std::nullopt;
  }
  std::variant<TokenSet, TokenSetFault> parsed = ParseTokenSet(*text);
  if (const TokenSetFault* fault = std::get_if<TokenSetFault>(&parsed)) {
    throw Error(ErrorKind::kStore, "the stored login '" + TokenSetPath() + "' " + fault->reason,
                "nothing was changed; move that file away, then run 'grok-auth login --profile " +
                    profile_.name + "'");
  }
  return std::get<TokenSet>(std::move(parsed));
}

std::optional<std::string> LoginStore::ReadStoreId() {
  const std::optional<std::string> text = state_.Read(FileName(kIdSuffix));
  const auto object = text ? oauth::JsonObject::Parse(*text) : std::nullopt;
  return object ? object->String("store_id") : std::nullopt;
}

void LoginStore::WriteStoreId(const std::string& store_id) {
  oauth::JsonObject object;
  object.Set("store_id", store_id).Set("store", "file");
  state_.Replace(FileName(kIdSuffix), object.Text() + "\n");
}

RefreshRecord LoginStore::ReadRecord(const std::string& store_id) {
  try {
    return ParseRefreshRecord(state_.Read(FileName(kRecordSuffix)).value_or(""), store_id);
  } catch (const Error&) {
    return ParseRefreshRecord("", store_id);  // lost or unreadable counts as empty
  }
}

void LoginStore::WriteRecord(const RefreshRecord& record) {
  state_.Replace(FileName(kRecordSuffix), SerializeRefreshRecord(record));
}

StoredLogin LoginStore::Load() {
  StoredLogin login;
  login.tokens = ReadTokenSet();
  // A missing or different .id beside a token set: a sign-in was cut short before its switch, or
  // the file was lost. The set carries its own id.
  login.store_id = login.tokens ? login.tokens->store_id : ReadStoreId().value_or("");
  login.record = ReadRecord(login.store_id);
  return login;
}

std::unique_ptr<Lock> LoginStore::WriteLock() {
  std::unique_ptr<Lock> lock = WaitForWriteLock();
  if (!lock) {
    throw Error(ErrorKind::kStore,
                "another process has held '" + state_.Path(FileName(kWriteLockSuffix)) + "' for " +
                    std::to_string(kWriteLockPatience.count()) + " s",
                "it was probably stopped: end or continue that grok-auth process, then try again");
  }
  return lock;
}

std::unique_ptr<Lock> LoginStore::WaitForWriteLock() {
  const SteadyTime deadline = clock_.SteadyNow() + kWriteLockPatience;
  while (true) {
    if (std::unique_ptr<Lock> lock = state_.TryLock(FileName(kWriteLockSuffix))) {
      return lock;
    }
    if (clock_.SteadyNow() >= deadline) {
      return nullptr;
    }
    clock_.Nap(kWriteLockNap);
  }
}

std::unique_ptr<Reservation> LoginStore::ReserveTokenSet() {
  return state_.Reserve(FileName(kTokenSetSuffix), kReservedBytes);
}

SaveResult LoginStore::SaveRefreshed(const TokenSet& tokens, Reservation& reservation,
                                     const RefreshOutcome& outcome) {
  // Saved even when the lock cannot be had: its holder was stopped, and what the server just gave
  // is the only copy.
  const std::unique_ptr<Lock> lock = WaitForWriteLock();
  const std::optional<std::string> id = ReadStoreId();
  const std::optional<TokenSet> stored = ReadTokenSet();
  if (stored && stored->store_id != tokens.store_id) {
    return SaveResult::kOtherLogin;
  }
  if (!stored && id && *id != tokens.store_id) {
    return SaveResult::kSignedOut;
  }
  reservation.Commit(SerializeTokenSet(tokens));
  try {
    if (id != tokens.store_id) {
      WriteStoreId(tokens.store_id);
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

TokenSet LoginStore::SaveSignIn(TokenSet tokens, const std::string& pending_name) {
  tokens.store_id = NewStoreId();
  tokens.generation = 1;
  const std::unique_ptr<Lock> lock = WaitForWriteLock();  // saved without it, as above
  RefreshRecord record = ReadRecord(tokens.store_id);
  record.generation = tokens.generation;
  record.sign_in_unanswered = false;
  state_.Replace(FileName(kTokenSetSuffix), SerializeTokenSet(tokens));
  try {
    WriteStoreId(tokens.store_id);
    state_.Remove(pending_name);
    WriteRecord(record);
  } catch (const Error&) {
    // The tokens are safe and carry their own id; a consumed pending entry is found out at its
    // next poll.
  }
  return tokens;
}

bool LoginStore::UpdateRecord(const std::string& store_id,
                              const std::function<void(RefreshRecord&)>& change) {
  const std::unique_ptr<Lock> lock = WriteLock();
  const StoredLogin login = Load();
  if (login.store_id != store_id) {
    return false;
  }
  RefreshRecord record = login.record;
  change(record);
  WriteRecord(record);
  return true;
}

void LoginStore::SaveEndpoints(const TokenVersion& version, const oauth::ServerMetadata& metadata) {
  const std::unique_ptr<Lock> lock = WriteLock();
  std::optional<TokenSet> stored = ReadTokenSet();
  if (stored && VersionOf(*stored) == version) {
    stored->token_endpoint = metadata.token_endpoint;
    stored->revocation_endpoint = metadata.revocation_endpoint;
    state_.Replace(FileName(kTokenSetSuffix), SerializeTokenSet(*stored));
  }
}

void LoginStore::SignOut() {
  const std::unique_ptr<Lock> lock = WriteLock();
  WriteStoreId(NewStoreId());
  state_.Remove(FileName(kTokenSetSuffix));
  state_.Remove(FileName(kRecordSuffix));
  for (const std::string& name : ListPending()) {
    state_.Remove(name);
  }
}

std::vector<std::string> LoginStore::ListPending() {
  return state_.List(FileName(kPendingSuffix));
}

std::optional<std::string> LoginStore::ReadPending(const std::string& name) {
  return state_.Read(name);
}

void LoginStore::SavePending(const std::string& name, const std::string& contents) {
  const std::unique_ptr<Lock> lock = WriteLock();
  state_.Replace(name, contents);
}

bool LoginStore::UpdatePending(const std::string& name, const std::string& contents) {
  const std::unique_ptr<Lock> lock = WriteLock();
  if (!state_.Read(name)) {
    return false;
  }
  state_.Replace(name, contents);
  return true;
}

void LoginStore::RemovePending(const std::string& name) {
  const std::unique_ptr<Lock> lock = WriteLock();
  state_.Remove(name);
}

std::string LoginStore::NewPendingName() {
  return FileName(kPendingSuffix) + oauth::Base64UrlEncode(random_.Bytes(kPendingIdBytes));
}

std::unique_ptr<Lock> LoginStore::TrySignInLock() {
  return state_.TryLock(FileName(kSignInLockSuffix));
}

std::unique_ptr<Lock> LoginStore::TryRefreshLock() {
  return state_.TryLock(FileName(kRefreshLockSuffix));
}

std::unique_ptr<Lock> LoginStore::TryPollLock() {
  return state_.TryLock(FileName(kPollLockSuffix));
}

}  // namespace grokauth::app
