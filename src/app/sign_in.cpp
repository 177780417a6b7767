#include "app/sign_in.h"

#include <utility>
#include <variant>

#include "app/device_sign_in.h"
#include "app/discovery.h"
#include "app/flow_choice.h"
#include "app/loopback_sign_in.h"
#include "app/place.h"

namespace grokauth::app {

namespace {

constexpr std::chrono::milliseconds kTurnPollInterval{200};

/// The newest pending sign-in of the profile that is alive and for any run.
std::optional<PendingEntry> FindPending(Context& context) {
  std::optional<PendingEntry> newest;
  for (const std::string& name : context.pending.List()) {
    const std::optional<std::string> text = context.pending.Read(name);
    std::optional<PendingSignIn> pending = text ? ParsePending(*text) : std::nullopt;
    if (pending && pending->origin == PendingOrigin::kRun &&
        IsAlive(*pending, context.profile, context.edges.clock.Now()) &&
        (!newest || newest->pending.expires_at < pending->expires_at)) {
      newest = PendingEntry{name, std::move(*pending)};
    }
  }
  return newest;
}

/// Waits for the sign-in lock. Whoever holds it has a pending sign-in: its address is shown here
/// too, as this run's own first line. Or its token, when that came first. Throws when the profile
/// was signed out while this run waited.
std::variant<std::unique_ptr<Lock>, Handout> WaitForTurn(SignInSession& session) {
  Context& context = session.context();
  while (true) {
    std::unique_ptr<Lock> lock = context.files.TrySignInLock();
    if (std::optional<Handout> other = session.FindOtherLogin()) {
      return std::move(*other);
    }
    session.ThrowIfSignedOut();
    if (lock) {
      return lock;
    }
    if (const std::optional<PendingEntry> entry = FindPending(context)) {
      session.ShowAddress(entry->pending);
    }
    session.Pause(session.Now() + kTurnPollInterval);
    session.ThrowAtDeadline("approve it at the address; the run that asked first is still waiting");
  }
}

/// With the lock held, no other run listens or asks: of what is left from dead ones, expired
/// requests and loopback sign-ins go; those of `start` are for `poll`, which may be asking now.
/// What this run may take up is the newest device authorization.
std::optional<PendingEntry> TakePending(SignInSession& session) {
  Context& context = session.context();
  for (const std::string& name : context.pending.List()) {
    const std::optional<std::string> text = context.pending.Read(name);
    const std::optional<PendingSignIn> pending = text ? ParsePending(*text) : std::nullopt;
    if (pending && pending->origin == PendingOrigin::kStart) {
      continue;
    }
    if (!pending || !pending->device ||
        !IsAlive(*pending, context.profile, context.edges.clock.Now())) {
      context.pending.Remove(name);
    }
  }
  return FindPending(context);
}

/// A sign-in from its beginning. Nothing: a new code is needed.
std::optional<Handout> Begin(SignInSession& session) {
  Context& context = session.context();
  const oauth::ServerMetadata metadata = Discover(context);
  const Place place = ChoosePlace(context);
  FlowSituation situation{metadata.device_authorization_endpoint.has_value(),
                          metadata.authorization_endpoint.has_value(), session.CanOpenBrowser()};
  std::optional<ChosenFlow> flow = ChooseFlow(context.profile, situation);
  if (flow == ChosenFlow::kDevice) {
    if (std::optional<PendingEntry> entry =
            BeginDeviceSignIn(context, metadata, place, PendingOrigin::kRun)) {
      return WaitForDevice(session, std::move(*entry), /*is_resumed=*/false);
    }
    situation.offers_device = false;
    flow = ChooseFlow(context.profile, situation);
  }
  if (!flow) {
    throw Error(ErrorKind::kConfig,
                context.profile.issuer + " offers neither the device flow nor a sign-in by browser",
                "ask its administrator to enable the device authorization grant (RFC 8628) for the "
                "client '" +
                    context.profile.client_id + "'");
  }
  const bool is_forwarded = context.environment.is_ssh || session.options().no_browser;
  if (session.options().loopback_patience) {
    session.Limit(*session.options().loopback_patience);
  }
  const std::unique_ptr<LoopbackListener> listener = ListenForRedirect(context, is_forwarded);
  return SignInByLoopback(session, metadata, place, *listener);
}

}  // namespace

Handout SignIn(Context& context, SignInOptions options, const StoredLogin& first) {
  SignInSession session(context, std::move(options), first);
  const std::variant<std::unique_ptr<Lock>, Handout> turn = WaitForTurn(session);
  if (const auto* other = std::get_if<Handout>(&turn)) {
    return *other;
  }
  while (true) {
    std::optional<PendingEntry> entry = TakePending(session);
    std::optional<Handout> handout =
        entry ? WaitForDevice(session, std::move(*entry), /*is_resumed=*/true) : Begin(session);
    if (handout) {
      return std::move(*handout);
    }
  }
}

}  // namespace grokauth::app
