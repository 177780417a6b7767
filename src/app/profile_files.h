#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/edges.h"
#include "app/error.h"

namespace grokauth::app {

/// The write lock is held for a few file operations and at most one keyring call (2 s); who holds
/// it longer was stopped.
inline constexpr std::chrono::milliseconds kWriteLockPatience{5000};

// What the files of a profile end with, behind its name.
inline constexpr std::string_view kIdSuffix = ".id";          ///< which login is current
inline constexpr std::string_view kTokenSetSuffix = ".json";  ///< the login, when it is in a file
inline constexpr std::string_view kRecordSuffix = ".last";    ///< how the last refresh ended
inline constexpr std::string_view kDamagedSuffix = ".damaged-";  ///< a login that was moved aside
inline constexpr std::string_view kPendingSuffix = ".pending-";  ///< a sign-in that waits

/// The files of one profile in the state folder, by their suffix, and its locks. Members throw
/// `Error{kStore}`.
class ProfileFiles {
 public:
  ProfileFiles(std::string profile_name, StateFolder& state, Clock& clock);

  [[nodiscard]] std::string Name(std::string_view suffix) const;
  [[nodiscard]] std::string Path(std::string_view suffix) const;
  [[nodiscard]] std::optional<std::string> Read(std::string_view suffix);
  void Replace(std::string_view suffix, const std::string& contents);
  void ReplaceUnsynced(std::string_view suffix, const std::string& contents);
  void Remove(std::string_view suffix);
  void Rename(std::string_view suffix, std::string_view new_suffix);
  /// Removes every file of the profile but this one and the locks, half-written ones included.
  void RemoveAllBut(std::string_view suffix);
  [[nodiscard]] StateFolder& state() { return state_; }

  /// The lock around one change of what is stored, the innermost one. Throws when another process
  /// does not let go of it for seconds.
  [[nodiscard]] std::unique_ptr<Lock> WriteLock(
      std::chrono::milliseconds patience = kWriteLockPatience);
  /// The same, but null then: for what must be saved in any case.
  [[nodiscard]] std::unique_ptr<Lock> WaitForWriteLock(
      std::chrono::milliseconds patience = kWriteLockPatience);
  /// The error to report then.
  [[nodiscard]] Error StuckWrite() const;

  /// The outer locks (order: signin, then poll or refresh, then write). Null when another process
  /// holds it.
  [[nodiscard]] std::unique_ptr<Lock> TrySignInLock();
  [[nodiscard]] std::unique_ptr<Lock> TryRefreshLock();
  [[nodiscard]] std::unique_ptr<Lock> TryPollLock();

  /// Whether another process holds one of them; the folder stays as it is.
  [[nodiscard]] bool IsSignInHeld();
  [[nodiscard]] bool IsRefreshHeld();
  [[nodiscard]] bool IsWriteHeld();
  [[nodiscard]] std::string RefreshLockPath() const;

  /// The error to report when the refresh lock cannot be had because its holder was stopped.
  [[nodiscard]] std::optional<Error> StoppedRefresh();

 private:
  std::string profile_name_;
  StateFolder& state_;
  Clock& clock_;
};

/// The sign-ins of a profile that wait for their person: `<profile>.pending-<id>`.
class PendingStore {
 public:
  PendingStore(ProfileFiles& files, Random& random);

  [[nodiscard]] std::string NewName();
  /// The part of an entry's name that tells it from the others of the profile, and back. Nothing
  /// when `id` cannot be such a part.
  [[nodiscard]] std::string IdOf(const std::string& name) const;
  [[nodiscard]] std::optional<std::string> NameOf(const std::string& id) const;
  [[nodiscard]] std::vector<std::string> List();
  [[nodiscard]] std::optional<std::string> Read(const std::string& name);
  void Save(const std::string& name, const std::string& contents);
  /// Rewrites an entry that is still there; false when it is gone.
  [[nodiscard]] bool Update(const std::string& name, const std::string& contents);
  void Remove(const std::string& name);

 private:
  ProfileFiles& files_;
  Random& random_;
};

}  // namespace grokauth::app
