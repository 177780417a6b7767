#include "app/two_step_sign_in.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "app/device_flow.h"
#include "app/discovery.h"
#include "app/exchange.h"
#include "app/login_state.h"
#include "app/place.h"
#include "app/status.h"

namespace grokauth::app {

namespace {

// Giving up on an answer that brings the tokens would lose them, so `poll` is patient.
constexpr Patience kPollPatience{std::chrono::seconds(5), std::chrono::seconds(60)};

std::string StartHint(const Profile& profile) {
  return "run 'grok-auth start --profile " + profile.name + "' for a new one";
}

std::int64_t Seconds(std::chrono::seconds duration) {
  return std::max<std::int64_t>(duration.count(), 0);
}

/// A request that `start` made for this profile, still alive or not.
std::optional<PendingEntry> ReadStarted(Context& context, const std::string& name) {
  const std::optional<std::string> text = context.pending.Read(name);
  std::optional<PendingSignIn> pending = text ? ParsePending(*text) : std::nullopt;
  const bool is_ours = pending && pending->origin == PendingOrigin::kStart && pending->device &&
                       pending->issuer == context.profile.issuer &&
                       pending->client_id == context.profile.client_id;
  return is_ours ? std::optional(PendingEntry{name, std::move(*pending)}) : std::nullopt;
}

/// The requests of `start`, those that have expired included.
std::vector<PendingEntry> ListStarted(Context& context) {
  std::vector<PendingEntry> entries;
  for (const std::string& name : context.pending.List()) {
    if (std::optional<PendingEntry> entry = ReadStarted(context, name)) {
      entries.push_back(std::move(*entry));
    }
  }
  return entries;
}

/// Scripts that begin and never ask would fill the folder. Not while a poll is under way: its
/// answer may bring the login of a code that has expired meanwhile.
void RemoveExpired(Context& context) {
  const std::unique_ptr<Lock> lock = context.files.TryPollLock();
  if (!lock) {
    return;
  }
  for (const PendingEntry& entry : ListStarted(context)) {
    if (!IsAlive(entry.pending, context.profile, context.edges.clock.Now())) {
      context.pending.Remove(entry.name);
    }
  }
}

std::optional<PendingEntry> FindStarted(Context& context,
                                        const std::optional<std::string>& pending_id) {
  if (pending_id) {
    const std::optional<std::string> name = context.pending.NameOf(*pending_id);
    if (!name) {
      throw Error(ErrorKind::kUsage,
                  "'" + oauth::Printable(*pending_id) + "' is no pending_id of 'start'",
                  "give the pending_id that 'grok-auth start' printed");
    }
    return ReadStarted(context, *name);
  }
  std::vector<PendingEntry> entries = ListStarted(context);
  const auto newest = std::max_element(entries.begin(), entries.end(),
                                       [](const PendingEntry& one, const PendingEntry& other) {
                                         return one.pending.expires_at < other.pending.expires_at;
                                       });
  return newest == entries.end() ? std::nullopt : std::optional(std::move(*newest));
}

oauth::JsonObject MakePendingAnswer(std::chrono::seconds wait) {
  oauth::JsonObject answer;
  answer.Set("ok", true).Set("status", "pending").Set("retry_after_seconds", Seconds(wait));
  return answer;
}

/// Nothing is pending: the sign-in was finished before, here or elsewhere, or there is none.
oauth::JsonObject AnswerWithoutEntry(Context& context) {
  oauth::JsonObject answer = MakeStatusAnswer(context);
  if (answer.String("credential") == CredentialWord(Credential::kApiKey)) {
    throw Error(ErrorKind::kLoginRequired,
                "no sign-in is pending, and the profile has an API key and no login",
                StartHint(context.profile));
  }
  if (answer.String("status") != StateWord(LoginState::kConnected)) {
    throw Error(ErrorKind::kLoginRequired, "no sign-in is pending, and nobody is signed in",
                StartHint(context.profile));
  }
  return answer;
}

oauth::JsonObject AnswerSignedIn(Context& context, const SignedIn& signed_in) {
  if (!signed_in.is_stored) {
    throw Error(ErrorKind::kStore, signed_in.warning,
                "see that '" + context.store.FilePath() + "' can be written, then " +
                    StartHint(context.profile));
  }
  if (!signed_in.warning.empty()) {
    context.messages.Warn(signed_in.warning);
  }
  return MakeStatusAnswer(context);
}

Error MakeExpired(const Profile& profile, const std::string& reason) {
  return {ErrorKind::kExpired, reason, StartHint(profile)};
}

/// The code has expired, as far as this computer knows.
oauth::JsonObject DropExpired(Context& context, const PendingEntry& entry) {
  const std::unique_ptr<Lock> lock = context.files.TryPollLock();
  if (!lock) {
    return MakePendingAnswer(entry.pending.device->interval);  // its last poll is under way
  }
  if (!ReadStarted(context, entry.name)) {
    return AnswerWithoutEntry(context);
  }
  context.pending.Remove(entry.name);
  throw MakeExpired(context.profile, "the code expired before anybody approved it");
}

}  // namespace

oauth::JsonObject StartDeviceSignIn(Context& context) {
  RemoveExpired(context);
  const oauth::ServerMetadata metadata = Discover(context);
  const std::optional<PendingEntry> entry =
      BeginDeviceSignIn(context, metadata, ChoosePlace(context), PendingOrigin::kStart);
  if (!entry) {
    throw Error(ErrorKind::kConfig,
                context.profile.issuer + " does not offer the device flow to the client '" +
                    context.profile.client_id + "'",
                "sign in with 'grok-auth login --profile " + context.profile.name +
                    "', or ask its administrator to enable the device authorization grant "
                    "(RFC 8628)");
  }
  const PendingDevice& device = *entry->pending.device;
  oauth::JsonObject answer;
  answer.Set("ok", true)
      .Set("verification_url_with_code", entry->pending.url)
      .Set("verification_uri", device.verification_uri)
      .Set("user_code", device.user_code)
      .Set("expires_in_seconds", Seconds(entry->pending.expires_at - context.edges.clock.Now()))
      .Set("interval_seconds", Seconds(device.interval))
      .Set("pending_id", context.pending.IdOf(entry->name));
  return answer;
}

oauth::JsonObject PollForLogin(Context& context, const std::optional<std::string>& pending_id) {
  std::optional<PendingEntry> entry = FindStarted(context, pending_id);
  if (!entry) {
    return AnswerWithoutEntry(context);
  }
  const UnixTime now = context.edges.clock.Now();
  if (!IsAlive(entry->pending, context.profile, now)) {
    return DropExpired(context, *entry);
  }
  const PendingDevice& device = *entry->pending.device;
  const UnixTime due = device.last_poll + device.interval;
  // A last poll in the future: the clock was set back, and nobody knows how long ago it was.
  if (now < due && device.last_poll <= now) {
    return MakePendingAnswer(due - now);
  }
  const PollResult result = PollDeviceSignIn(context, *entry, kPollPatience);
  if (const auto* signed_in = std::get_if<SignedIn>(&result)) {
    return AnswerSignedIn(context, *signed_in);
  }
  if (const auto* refused = std::get_if<SignInRefused>(&result)) {
    const Error& error = refused->error;
    const bool is_declined = error.kind() == ErrorKind::kAccessDenied && !context.profile.is_xai;
    throw Error(error.kind(), error.what(),
                is_declined ? StartHint(context.profile) : error.hint());
  }
  if (const auto* unanswered = std::get_if<NotAnswered>(&result)) {
    throw Error(unanswered->kind, "the server could not be asked: " + unanswered->reason,
                "the sign-in is still pending: run 'grok-auth poll --profile " +
                    context.profile.name + "' again");
  }
  if (std::holds_alternative<EntryGone>(result)) {
    return AnswerWithoutEntry(context);
  }
  if (std::holds_alternative<CodeExpired>(result)) {
    throw MakeExpired(context.profile, "the server says that the code has expired");
  }
  if (std::holds_alternative<CodeUnknown>(result)) {
    throw MakeExpired(context.profile,
                      "the server does not know the code any more: it was used up");
  }
  return MakePendingAnswer(entry->pending.device->interval);
}

}  // namespace grokauth::app
