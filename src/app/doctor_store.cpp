#include "app/doctor_store.h"

#include <string>

#include "app/keyring_trouble.h"
#include "app/output.h"

namespace grokauth::app {

namespace {

using Outcome = Check::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool IsOpen(const KeyringAnswer& answer) {
  return answer.state == KeyringState::kNothing || answer.state == KeyringState::kFound;
}

/// Whether there is a login that the keyring holds, or is to hold.
bool IsKeptInKeyring(const std::optional<StoredLogin>& login) {
  return login && (login->trouble || (login->tokens && !login->in_file) || login->IsRescued());
}

std::string UseOf(const Profile& profile, bool is_kept_there) {
  if (is_kept_there) {
    return "the login is kept there";
  }
  return profile.store == StoreChoice::kFile ? "not used (store = \"file\")"
                                             : "a sign-in keeps its login there";
}

/// A keyring that holds no login of the profile, and is not at hand.
Check MakeMissing(const KeyringAnswer& answer, const Profile& profile) {
  const std::string found = DescribeKeyring(answer);
  if (profile.store == StoreChoice::kLibsecret) {
    return {Outcome::kTrouble, "keyring", found + ", and a sign-in must use it",
            answer.state == KeyringState::kAbsent
                ? "start a Secret Service (and install libsecret), or set store = \"auto\" or "
                  "\"file\" in the profile"
                : KeyringRemedy(answer.state)};
  }
  if (profile.store == StoreChoice::kFile) {
    return {Outcome::kNote, "keyring", found + "; " + UseOf(profile, false), ""};
  }
  return {Outcome::kNote, "keyring", found + "; a sign-in keeps its login in a file",
          answer.state == KeyringState::kAbsent ? "" : KeyringRemedy(answer.state)};
}

std::string Joined(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) {
    text += (text.empty() ? "'" : ", '") + path + "'";
  }
  return text;
}

/// The folder itself, and the files in it that begin with `prefix`. Throws `Error{kStore}` when it
/// is unsafe.
Check CheckFolder(StateFolder& state, const FolderReport& report, const std::string& prefix) {
  // A refresh reserves 64 KiB before it sends anything, and rewrites small files beside it.
  constexpr std::uint64_t kNeeded = std::uint64_t{128} * 1024;
  const std::string inside = state.Path("");
  const std::string folder = "'" + inside.substr(0, inside.find_last_not_of('/') + 1) + "'";
  if (!report.is_writable) {
    return {Outcome::kTrouble, "state",
            "the state folder " + folder +
                (report.exists ? " cannot be written" : " cannot be created"),
            "check its owner, its permissions and its file system, or set XDG_STATE_HOME to a "
            "folder that can be written"};
  }
  if (report.free_bytes && *report.free_bytes < kNeeded) {
    return {Outcome::kTrouble, "state", "the disk with the state folder " + folder + " is full",
            "make room on the disk; without it no refresh is started"};
  }
  for (const std::string& name : state.List(prefix)) {
    std::optional<std::string> text = state.Read(name);  // throws when the file is unsafe
    if (text) {
      oauth::Wipe(*text);
    }
  }
  return {Outcome::kGood, "state",
          report.exists ? folder + " is safe and writable"
                        : folder + " does not exist yet, and can be made",
          ""};
}

/// Whether the lock is held all the time that a change of a file takes, and some more.
bool StaysHeld(Context& context, bool (ProfileFiles::*is_held)()) {
  constexpr milliseconds kPatience{500};
  constexpr milliseconds kNap{20};
  Clock& clock = context.edges.clock;
  const SteadyTime end = clock.SteadyNow() + kPatience;
  while ((context.files.*is_held)()) {
    if (clock.SteadyNow() >= end) {
      return true;
    }
    clock.Nap(kNap);
  }
  return false;
}

/// Whether the last refresh that was begun should have ended.
bool IsOverdue(Context& context, const std::string& store_id) {
  // As long as a worker lives: it waits 65 s for an answer, and then saves.
  constexpr seconds kLongestRefresh{80};
  const RefreshRecord record =
      ParseRefreshRecord(context.files.Read(kRecordSuffix).value_or(""), store_id);
  return record.attempts > 0 && context.edges.clock.Now() - record.last_start > kLongestRefresh;
}

}  // namespace

Check CheckKeyring(const KeyringAnswer& answer) {
  if (IsOpen(answer)) {
    return {Outcome::kGood, "keyring", "open", ""};
  }
  return {Outcome::kNote, "keyring", DescribeKeyring(answer), ""};
}

Check CheckKeyring(const KeyringAnswer& answer, const Profile& profile,
                   const std::optional<StoredLogin>& login) {
  const bool is_kept_there = IsKeptInKeyring(login);
  if (login && login->IsRescued() && IsOpen(answer)) {
    return {Outcome::kNote, "keyring", "open; the login still waits in a file to be moved there",
            "run 'grok-auth refresh --profile " + profile.name + "'"};
  }
  if (IsOpen(answer)) {
    return {Outcome::kGood, "keyring", "open; " + UseOf(profile, is_kept_there), ""};
  }
  if (is_kept_there) {
    const std::string found = DescribeKeyring(answer);
    const bool is_at_hand = login->IsRescued();
    return {is_at_hand ? Outcome::kNote : Outcome::kTrouble, "keyring",
            found + (is_at_hand ? "; the login waits in a file" : "; the login is kept there"),
            is_at_hand ? KeyringRemedy(answer.state) : KeyringHint(answer, profile)};
  }
  return MakeMissing(answer, profile);
}

std::vector<Check> ExamineFolder(StateFolder& state, const std::string& prefix) {
  std::vector<Check> checks;
  try {
    const FolderReport report = state.Inspect();
    checks.push_back(CheckFolder(state, report, prefix));
    if (!report.readable_by_others.empty()) {
      checks.push_back({Outcome::kNote, "permissions",
                        "other users can read " + Joined(report.readable_by_others),
                        "the next run closes the files; if others had the time to read one, run "
                        "'grok-auth logout' and sign in again"});
    }
    for (const std::string& name : state.List(prefix)) {
      if (name.find(kDamagedSuffix) != std::string::npos) {
        checks.push_back({Outcome::kNote, "leftover",
                          "a login that could not be read was moved to '" + state.Path(name) + "'",
                          "look at it, or delete it: 'grok-auth logout' does, with the login"});
      }
    }
  } catch (const Error& error) {
    checks.push_back({Outcome::kTrouble, "state", error.what(), error.hint()});
  }
  return checks;
}

Check CheckLocks(Context& context, const std::string& store_id) {
  ProfileFiles& files = context.files;
  if (const std::optional<Error> stopped = files.StoppedRefresh()) {
    return {Outcome::kTrouble, "locks", stopped->what(), stopped->hint()};
  }
  if (StaysHeld(context, &ProfileFiles::IsWriteHeld)) {
    const Error stuck = files.StuckWrite();
    return {Outcome::kTrouble, "locks", stuck.what(), stuck.hint()};
  }
  const bool is_refresh_held = StaysHeld(context, &ProfileFiles::IsRefreshHeld);
  if (files.IsSignInHeld()) {
    return {Outcome::kNote, "locks", "a sign-in or a logout is under way", ""};
  }
  if (!is_refresh_held) {
    return {Outcome::kGood, "locks", "nobody holds one", ""};
  }
  if (!IsOverdue(context, store_id)) {
    return {Outcome::kNote, "locks", "a refresh is under way", ""};
  }
  const std::string path = files.RefreshLockPath();
  return {Outcome::kTrouble, "locks", "a process does not let go of '" + path + "'",
          "look for a grok-auth process that was stopped or hangs: fuser -v '" + path + "'"};
}

}  // namespace grokauth::app
