#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/edges.h"
#include "app/profile.h"
#include "app/refresh_record.h"
#include "app/token_set.h"

namespace grokauth::app {

/// What is stored for a profile, as one look found it.
struct StoredLogin {
  std::string store_id;            ///< empty when the profile never had a login here
  std::optional<TokenSet> tokens;  ///< nothing: signed out
  RefreshRecord record;
};

/// Whether a refreshed token set could be saved.
enum class SaveResult {
  kSaved,
  kSignedOut,   ///< the profile was signed out meanwhile: dropped
  kOtherLogin,  ///< somebody signed in anew meanwhile: dropped
};

/// The stored login of one profile: the files of the state folder and the order in which they
/// change. Every change of the `.id`, the token set, the `.last` or a pending entry happens under
/// the write lock, the innermost one. Members throw `Error{kStore}`.
class LoginStore {
 public:
  LoginStore(const Profile& profile, StateFolder& state, Clock& clock, Random& random);

  /// Reads what is stored; takes no lock and writes nothing. Throws when the token set cannot be
  /// read; a damaged record counts as empty.
  [[nodiscard]] StoredLogin Load();

  /// Reserves space for the successor of the token set, before a refresh is sent.
  [[nodiscard]] std::unique_ptr<Reservation> ReserveTokenSet();

  /// Saves the successor of a token set, unless the login it descends from was replaced or signed
  /// out since. A missing `.id` is restored. Records the outcome.
  [[nodiscard]] SaveResult SaveRefreshed(const TokenSet& tokens, Reservation& reservation,
                                         const RefreshOutcome& outcome);

  /// Stores a fresh sign-in under a new store id, which it returns set in the token set: first the
  /// tokens, then the switch, then the pending entry goes.
  [[nodiscard]] TokenSet SaveSignIn(TokenSet tokens, const std::string& pending_name);

  /// Changes the record of the login `store_id`; false, and nothing happens, when another login
  /// took its place.
  bool UpdateRecord(const std::string& store_id, const std::function<void(RefreshRecord&)>& change);

  /// Replaces the stored endpoints of the token set that has this version.
  void SaveEndpoints(const TokenVersion& version, const oauth::ServerMetadata& metadata);

  /// Makes a new store id and deletes everything else of the profile but its lock files.
  void SignOut();

  /// Pending sign-ins: `<profile>.pending-<id>`.
  [[nodiscard]] std::vector<std::string> ListPending();
  [[nodiscard]] std::optional<std::string> ReadPending(const std::string& name);
  void SavePending(const std::string& name, const std::string& contents);
  /// Rewrites an entry that is still there; false when it is gone.
  [[nodiscard]] bool UpdatePending(const std::string& name, const std::string& contents);
  void RemovePending(const std::string& name);
  [[nodiscard]] std::string NewPendingName();

  /// The locks of the profile, by what they are held around (design: signin, then poll or refresh,
  /// then write). Null when another process holds it.
  [[nodiscard]] std::unique_ptr<Lock> TrySignInLock();
  [[nodiscard]] std::unique_ptr<Lock> TryRefreshLock();
  [[nodiscard]] std::unique_ptr<Lock> TryPollLock();

  [[nodiscard]] std::string TokenSetPath() const;

 private:
  [[nodiscard]] std::string FileName(std::string_view suffix) const;
  /// Null when another process does not let go of it for seconds.
  [[nodiscard]] std::unique_ptr<Lock> WaitForWriteLock();
  /// The same, but throws then.
  [[nodiscard]] std::unique_ptr<Lock> WriteLock();
  [[nodiscard]] std::optional<TokenSet> ReadTokenSet();
  [[nodiscard]] std::optional<std::string> ReadStoreId();
  void WriteStoreId(const std::string& store_id);
  [[nodiscard]] RefreshRecord ReadRecord(const std::string& store_id);
  void WriteRecord(const RefreshRecord& record);
  [[nodiscard]] std::string NewStoreId();

  const Profile& profile_;
  StateFolder& state_;
  Clock& clock_;
  Random& random_;
};

}  // namespace grokauth::app
