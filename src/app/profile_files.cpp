#include "app/profile_files.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "app/error.h"
#include "oauth/encoding.h"

namespace grokauth::app {

namespace {

constexpr std::string_view kSignInLockSuffix = ".signin.lock";
constexpr std::string_view kRefreshLockSuffix = ".lock";
constexpr std::string_view kPollLockSuffix = ".poll.lock";
constexpr std::string_view kWriteLockSuffix = ".write.lock";

constexpr std::chrono::milliseconds kWriteLockNap{5};
constexpr std::size_t kPendingIdBytes = 9;

}  // namespace

ProfileFiles::ProfileFiles(std::string profile_name, StateFolder& state, Clock& clock)
    : profile_name_(std::move(profile_name)), state_(state), clock_(clock) {}

std::string ProfileFiles::Name(std::string_view suffix) const {
  return profile_name_ + std::string(suffix);
}

std::string ProfileFiles::Path(std::string_view suffix) const {
  return state_.Path(Name(suffix));
}

std::optional<std::string> ProfileFiles::Read(std::string_view suffix) {
  return state_.Read(Name(suffix));
}

void ProfileFiles::Replace(std::string_view suffix, const std::string& contents) {
  state_.Replace(Name(suffix), contents);
}

void ProfileFiles::ReplaceUnsynced(std::string_view suffix, const std::string& contents) {
  state_.ReplaceUnsynced(Name(suffix), contents);
}

void ProfileFiles::Remove(std::string_view suffix) {
  state_.Remove(Name(suffix));
}

void ProfileFiles::Rename(std::string_view suffix, std::string_view new_suffix) {
  state_.Rename(Name(suffix), Name(new_suffix));
}

void ProfileFiles::RemoveAllBut(std::string_view suffix) {
  for (const std::string& name : state_.List(Name("."))) {
    if (name != Name(suffix)) {
      state_.Remove(name);
    }
  }
}

std::unique_ptr<Lock> ProfileFiles::WriteLock(std::chrono::milliseconds patience) {
  std::unique_ptr<Lock> lock = WaitForWriteLock(patience);
  if (!lock) {
    throw StuckWrite();
  }
  return lock;
}

Error ProfileFiles::StuckWrite() const {
  return {ErrorKind::kStore, "another process does not let go of '" + Path(kWriteLockSuffix) + "'",
          "if it goes on, look for a grok-auth process that was stopped or hangs: fuser -v '" +
              Path(kWriteLockSuffix) + "'"};
}

std::optional<Error> ProfileFiles::StoppedRefresh() {
  const std::optional<int> pid = state_.StoppedHolder(Name(kRefreshLockSuffix));
  if (!pid) {
    return std::nullopt;
  }
  const std::string number = std::to_string(*pid);
  return Error(
      ErrorKind::kStore,
      "process " + number + " is stopped, and holds the lock '" + Path(kRefreshLockSuffix) + "'",
      "let it go on: kill -CONT " + number + "; the login is kept");
}

std::unique_ptr<Lock> ProfileFiles::WaitForWriteLock(std::chrono::milliseconds patience) {
  const SteadyTime deadline = clock_.SteadyNow() + patience;
  while (true) {
    if (std::unique_ptr<Lock> lock = state_.TryLock(Name(kWriteLockSuffix))) {
      return lock;
    }
    if (clock_.SteadyNow() >= deadline) {
      return nullptr;
    }
    clock_.Nap(kWriteLockNap);
  }
}

std::unique_ptr<Lock> ProfileFiles::TrySignInLock() {
  return state_.TryLock(Name(kSignInLockSuffix));
}

std::unique_ptr<Lock> ProfileFiles::TryRefreshLock() {
  return state_.TryLock(Name(kRefreshLockSuffix));
}

std::unique_ptr<Lock> ProfileFiles::TryPollLock() {
  return state_.TryLock(Name(kPollLockSuffix));
}

bool ProfileFiles::IsSignInHeld() {
  return state_.IsHeld(Name(kSignInLockSuffix));
}

bool ProfileFiles::IsRefreshHeld() {
  return state_.IsHeld(Name(kRefreshLockSuffix));
}

std::string ProfileFiles::RefreshLockPath() const {
  return Path(kRefreshLockSuffix);
}

bool ProfileFiles::IsWriteHeld() {
  return state_.IsHeld(Name(kWriteLockSuffix));
}

PendingStore::PendingStore(ProfileFiles& files, Random& random) : files_(files), random_(random) {}

std::string PendingStore::NewName() {
  return files_.Name(kPendingSuffix) + oauth::Base64UrlEncode(random_.Bytes(kPendingIdBytes));
}

std::string PendingStore::IdOf(const std::string& name) const {
  return name.substr(files_.Name(kPendingSuffix).size());
}

std::optional<std::string> PendingStore::NameOf(const std::string& id) const {
  // Base64url of `NewName`; it becomes part of a file's name.
  const bool is_id = id.size() == (kPendingIdBytes * 4 + 2) / 3 &&
                     std::all_of(id.begin(), id.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '-' || c == '_';
                     });
  return is_id ? std::optional(files_.Name(kPendingSuffix) + id) : std::nullopt;
}

std::vector<std::string> PendingStore::List() {
  return files_.state().List(files_.Name(kPendingSuffix));
}

std::optional<std::string> PendingStore::Read(const std::string& name) {
  return files_.state().Read(name);
}

void PendingStore::Save(const std::string& name, const std::string& contents) {
  const std::unique_ptr<Lock> lock = files_.WriteLock();
  files_.state().Replace(name, contents);
}

bool PendingStore::Update(const std::string& name, const std::string& contents) {
  const std::unique_ptr<Lock> lock = files_.WriteLock();
  if (!files_.state().Read(name)) {
    return false;
  }
  files_.state().Replace(name, contents);
  return true;
}

void PendingStore::Remove(const std::string& name) {
  const std::unique_ptr<Lock> lock = files_.WriteLock();
  files_.state().Remove(name);
}

}  // namespace grokauth::app
