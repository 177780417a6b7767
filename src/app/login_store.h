#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/edges.h"
#include "app/error.h"
#include "app/profile.h"
#include "app/profile_files.h"
#include "app/refresh_record.h"
#include "app/store_id.h"
#include "app/token_mirror.h"
#include "app/token_set.h"

namespace grokauth::app {

/// What is stored for a profile, as one look found it.
struct StoredLogin {
  std::string store_id;            ///< empty when the profile never had a login here
  std::optional<TokenSet> tokens;  ///< nothing: signed out, or `trouble`, or `fault`
  bool in_file = false;            ///< the tokens (or what is at fault) are in the state folder
  bool is_mirrored = false;        ///< the tokens are the mirror's: the refresh token is elsewhere
  /// The login is kept in the keyring, which cannot be read now.
  std::optional<KeyringAnswer> trouble;
  /// What is stored cannot be used.
  std::optional<TokenSetFault> fault;
  RefreshRecord record;

  /// A login of the keyring that waits in a file until the keyring takes it.
  [[nodiscard]] bool IsRescued() const;
};

/// What a place holds: nothing, a token set, or something that cannot be used as one.
using StoredSet = std::variant<std::monostate, TokenSet, TokenSetFault>;

/// Whether a refreshed token set could be saved.
enum class SaveResult {
  kSaved,
  kSignedOut,   ///< the profile was signed out meanwhile: dropped
  kOtherLogin,  ///< another login took its place, or a newer version's file: dropped
};

/// The stored login of one profile: token set, store id and record, wherever they are kept, and the
/// order in which they change. Every change happens under the write lock. Members throw
/// `Error{kStore}`.
class LoginStore {
 public:
  /// `runtime` is the folder of the mirror, null where there is none.
  LoginStore(const Profile& profile, ProfileFiles& files, Keyring& keyring, Random& random,
             StateFolder* runtime);

  /// Reads what is stored; takes no lock and writes nothing. A token set in the state folder comes
  /// first, whatever the place. Throws when its file cannot be read or is unsafe; a damaged record
  /// counts as empty.
  [[nodiscard]] StoredLogin Load();

  /// The same without a keyring call: for a login that is there, its mirror, which has no refresh
  /// token. Nothing when only the keyring can tell: the mirror is missing, or not that of the
  /// login's newest token set, as far as is recorded.
  [[nodiscard]] std::optional<StoredLogin> LoadWithoutKeyring();

  /// Makes the mirror anew from what the keyring gave, or removes it where the profile wants none;
  /// unless another process is about to change what is stored. Best effort.
  void KeepMirror(const TokenSet& tokens);

  /// Removes the mirror. Best effort.
  void DropMirror();

  /// The id of the login that is stored now, without asking the keyring. After a sign-out it is
  /// that of no login; empty: there never was one.
  [[nodiscard]] std::string CurrentId();

  /// Tells one ended refresh from the next, of this login or of one that took its place: it changes
  /// whenever the login is worth another look. Costs one small file.
  [[nodiscard]] std::string OutcomeMark();

  /// Whether the record says that this token set was handed out. Costs one small file.
  [[nodiscard]] bool IsDelivered(const TokenVersion& version);

  /// Moves a damaged token set in the state folder aside, and returns its new path; nothing when
  /// there is none (any more). Throws when a newer version of the program wrote what is there.
  [[nodiscard]] std::optional<std::string> SetAside();

  /// Reserves space for the successor of the token set, before a refresh is sent.
  [[nodiscard]] std::unique_ptr<Reservation> ReserveTokenSet();

  /// Moves a rescued login into the keyring: written there, then deleted here. False when the
  /// keyring would not take it; nothing has changed then.
  bool MoveIntoKeyring(const TokenSet& tokens);

  /// Saves the successor of a token set, unless the login it descends from was replaced or signed
  /// out since. It goes to the keyring when `into_keyring`, and into the file when not, or when the
  /// keyring does not take it. A missing `.id` is restored. Records the outcome.
  [[nodiscard]] SaveResult SaveRefreshed(const TokenSet& tokens, Reservation& reservation,
                                         bool into_keyring, const RefreshOutcome& outcome);

  /// Stores a fresh sign-in at `tokens.place` under a new store id, which it returns set in the
  /// token set: first the tokens, then the switch, then the pending entry and the old login go. A
  /// login that the keyring does not take waits in the file; `rescued` says why. Nothing is stored,
  /// and nothing returned, when the pending entry has gone: the profile was signed out meanwhile.
  /// Without a name it is no answer to a pending sign-in, and what waits for one is dropped: every
  /// pending entry goes.
  struct SavedSignIn {
    TokenSet tokens;
    std::optional<KeyringAnswer> rescued;
  };
  [[nodiscard]] std::optional<SavedSignIn> SaveSignIn(
      TokenSet tokens, const std::optional<std::string>& pending_name);

  /// Changes the record of the login `store_id`; false, and nothing happens, when another login
  /// took its place.
  bool UpdateRecord(const std::string& store_id, const std::function<void(RefreshRecord&)>& change,
                    std::chrono::milliseconds patience = kWriteLockPatience);

  /// Replaces the stored endpoints of the token set that has this version.
  void SaveEndpoints(const TokenVersion& version, const oauth::ServerMetadata& metadata);

  /// Makes a new store id and deletes everything else of the profile but its lock files. Returns
  /// what the keyring said when it kept the old item.
  [[nodiscard]] std::optional<KeyringAnswer> SignOut();

  /// The error for a stored login that a newer version of the program wrote.
  [[nodiscard]] Error MakeNewerError(bool in_file) const;

  /// The file that a login in the state folder is kept in, for messages.
  [[nodiscard]] std::string FilePath() const;

 private:
  /// What can be told of a login without the keyring.
  struct Files {
    std::string record;
    std::optional<StoreId> id;
    StoredSet stored;
    bool in_file = false;  ///< `stored` is in the state folder

    /// Whether the token set is in the keyring, if anywhere.
    [[nodiscard]] bool LeadToKeyring() const;
  };
  [[nodiscard]] Files ReadFiles();
  [[nodiscard]] static StoredLogin MakeLogin(Files files);
  [[nodiscard]] StoredSet ReadFile();
  /// Moves a damaged token set in the file aside, and returns its new path. Throws when a newer
  /// version of the program wrote what is there.
  std::optional<std::string> MoveDamagedAside();
  [[nodiscard]] std::optional<StoreId> ReadStoreId();
  void WriteStoreId(const StoreId& store_id);
  /// `trouble` is set when the keyring cannot be read.
  [[nodiscard]] StoredSet ReadKeyring(const StoreId& store_id,
                                      std::optional<KeyringAnswer>& trouble);
  /// What is in the file, unless `id` says that it is not the login any more.
  [[nodiscard]] StoredSet ReadCurrentFile(const std::optional<StoreId>& id);
  /// Null when it cannot be had, for whatever reason.
  [[nodiscard]] std::unique_ptr<Lock> WaitForWriteLock();
  [[nodiscard]] std::string ReadRecordText();
  [[nodiscard]] RefreshRecord ReadRecord(const std::string& store_id);
  void WriteRecord(const RefreshRecord& record);
  [[nodiscard]] KeyringAnswer SaveInKeyring(const TokenSet& tokens);
  /// What is left of logins when another one takes the place of `before`: items in the keyring, and
  /// the token set in the file when that is removed later.
  [[nodiscard]] std::vector<std::string> ObsoleteAfter(const std::optional<StoreId>& before,
                                                       bool file_goes_later);
  /// The id of a login that is in the file, and never was meant for the keyring; empty: there is
  /// none.
  [[nodiscard]] std::string IdOfFileLogin();
  /// Deletes the keyring's items of replaced logins; returns those that it keeps, and in `refusal`
  /// why.
  [[nodiscard]] std::vector<std::string> DeleteObsolete(const std::vector<std::string>& ids,
                                                        std::optional<KeyringAnswer>& refusal);
  [[nodiscard]] KeyringItem ItemOf(const std::string& store_id) const;

  const Profile& profile_;
  ProfileFiles& files_;
  Keyring& keyring_;
  Random& random_;
  TokenMirror mirror_;
};

}  // namespace grokauth::app
