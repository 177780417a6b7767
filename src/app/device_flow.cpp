#include "app/device_flow.h"

#include <utility>

#include "app/discovery.h"
#include "app/keyring_trouble.h"
#include "app/place.h"
#include "app/refresh_verdict.h"
#include "oauth/device_authorization.h"
#include "oauth/token_request.h"

namespace grokauth::app {

namespace {

constexpr const char* kTheSignIn = "the sign-in";
// RFC 7636 section 4.1: 32 random octets.
constexpr std::size_t kVerifierBytes = 32;
// RFC 8628 section 3.5, slow_down: "the interval MUST be increased by 5 seconds".
constexpr std::chrono::seconds kSlowDown{5};
constexpr std::chrono::seconds kLongestInterval{60};

oauth::DeviceAuthorization RequestDeviceCode(Context& context, const std::string& endpoint,
                                             const std::optional<std::string>& verifier) {
  const Profile& profile = context.profile;
  oauth::DeviceAuthorizationRequest request{profile.client_id, profile.scopes, profile.audience,
                                            std::nullopt, profile.authorize_params};
  if (verifier) {
    request.code_challenge = oauth::MakeCodeChallenge(*verifier);
  }
  const HttpResult result = Post(context, endpoint, oauth::MakeParameters(request), Patience{});
  if (const auto* failure = std::get_if<TransportFailure>(&result)) {
    throw MakeError(*failure, kTheSignIn);
  }
  const HttpResponse& response = std::get<HttpResponse>(result);
  oauth::DeviceAuthorizationResult answer =
      oauth::ParseDeviceAuthorization(response.status, response.body, profile.EndpointRules());
  if (const auto* refusal = std::get_if<oauth::ErrorResponse>(&answer)) {
    throw MakeRefusal(*refusal, response.status, profile, kTheSignIn);
  }
  if (const auto* unusable = std::get_if<oauth::UnusableAnswer>(&answer)) {
    throw Error(ErrorKind::kServer,
                std::string(kTheSignIn) + " failed: the server's answer to the device " +
                    "authorization request cannot be used: " + unusable->reason,
                "try again later; if it goes on, ask the administrator of " + profile.issuer);
  }
  return std::get<oauth::DeviceAuthorization>(std::move(answer));
}

/// What one answer of the token endpoint to a poll means.
class Poll {
 public:
  Poll(Context& context, PendingEntry& entry) : context_(context), entry_(entry) {}

  PollResult Send(const Patience& patience) {
    const oauth::DeviceCodeGrant grant{entry_.pending.device_code, entry_.pending.code_verifier};
    const HttpResult result =
        Post(context_, entry_.pending.token_endpoint,
             oauth::MakeTokenRequest(grant, context_.profile.client_id), patience);
    if (const auto* failure = std::get_if<TransportFailure>(&result)) {
      return StillPending{failure->reason};
    }
    const HttpResponse& response = std::get<HttpResponse>(result);
    oauth::TokenResult answer = oauth::ParseTokenResult(response.status, response.body);
    if (const auto* tokens = std::get_if<oauth::TokenResponse>(&answer)) {
      return Save(*tokens);
    }
    if (const auto* refusal = std::get_if<oauth::ErrorResponse>(&answer)) {
      return Refuse(*refusal, response.status);
    }
    return StillPending{std::get<oauth::UnreadableAnswer>(answer).reason};
  }

 private:
  PollResult Save(const oauth::TokenResponse& response) {
    TokenSet tokens = MakeTokenSet(response, context_.profile, nullptr, context_.edges.clock.Now());
    tokens.token_endpoint = entry_.pending.token_endpoint;
    tokens.revocation_endpoint = entry_.pending.revocation_endpoint;
    tokens.place = entry_.pending.place;
    try {
      LoginStore::SavedSignIn saved = context_.store.SaveSignIn(tokens, entry_.name);
      return SignedIn{std::move(saved.tokens), saved.rescued ? DescribeRescue(*saved.rescued) : ""};
    } catch (const Error& error) {
      Forget();
      return SignedIn{std::move(tokens),
                      std::string("the login could not be stored: ") + error.what()};
    }
  }

  [[nodiscard]] std::string DescribeRescue(const KeyringAnswer& answer) const {
    return DescribeKeyring(answer) + ": the login waits in " + context_.store.FilePath() +
           " until the keyring takes it";
  }

  PollResult Refuse(const oauth::ErrorResponse& refusal, int status) {
    if (refusal.error == "authorization_pending") {
      return StillPending{};
    }
    if (refusal.error == "slow_down") {
      entry_.pending.interval = std::min(entry_.pending.interval + kSlowDown, kLongestInterval);
      static_cast<void>(context_.pending.Update(entry_.name, SerializePending(entry_.pending)));
      return StillPending{};
    }
    if (status == 408 || status == 429 || status >= 500) {
      return StillPending{"the server answered " + std::to_string(status) + " " + refusal.error};
    }
    Forget();
    if (refusal.error == "expired_token") {
      return CodeExpired{};
    }
    if (refusal.error == "invalid_grant") {
      return CodeUnknown{};
    }
    if (refusal.error == "access_denied") {
      return SignInRefused{Declined()};
    }
    return SignInRefused{MakeRefusal(refusal, status, context_.profile, kTheSignIn)};
  }

  [[nodiscard]] Error Declined() const {
    return {ErrorKind::kAccessDenied,
            "the sign-in was declined in the browser, or this account is refused",
            context_.profile.is_xai
                ? "if nobody declined it, xAI does not let this account use Grok this way: use a "
                  "plan that includes Grok, or an API key from https://console.x.ai in XAI_API_KEY"
                : "run it again to get a new code, or ask the administrator of " +
                      context_.profile.issuer};
  }

  /// Best effort: the code is used up, and a later poll would find that out.
  void Forget() {
    try {
      context_.pending.Remove(entry_.name);
    } catch (const Error& error) {
      context_.messages.Detail(error.what());
    }
  }

  Context& context_;
  PendingEntry& entry_;
};

}  // namespace

PendingEntry BeginDeviceSignIn(Context& context) {
  const Profile& profile = context.profile;
  const oauth::ServerMetadata metadata = Discover(context);
  if (!metadata.device_authorization_endpoint) {
    throw Error(ErrorKind::kConfig, profile.issuer + " does not offer the device flow",
                "ask its administrator to enable the device authorization grant (RFC 8628)");
  }
  std::optional<std::string> verifier;
  if (profile.device_pkce) {
    verifier = oauth::MakeCodeVerifier(context.edges.random.Bytes(kVerifierBytes));
  }
  const oauth::DeviceAuthorization authorization =
      RequestDeviceCode(context, *metadata.device_authorization_endpoint, verifier);
  const UnixTime now = context.edges.clock.Now();
  PendingEntry entry{context.pending.NewName(), {}};
  entry.pending = {profile.issuer,
                   profile.client_id,
                   authorization.device_code,
                   verifier,
                   oauth::UrlWithCode(authorization),
                   authorization.verification_uri,
                   authorization.user_code,
                   now + authorization.expires_in,
                   authorization.interval,
                   now,
                   ChoosePlace(context),
                   metadata.token_endpoint,
                   metadata.revocation_endpoint};
  context.pending.Save(entry.name, SerializePending(entry.pending));
  return entry;
}

PollResult PollDeviceSignIn(Context& context, PendingEntry& entry, const Patience& patience) {
  const std::unique_ptr<Lock> lock = context.files.TryPollLock();
  if (!lock) {
    return PolledElsewhere{};
  }
  const std::optional<std::string> text = context.pending.Read(entry.name);
  std::optional<PendingSignIn> stored = text ? ParsePending(*text) : std::nullopt;
  if (!stored) {
    return EntryGone{};
  }
  entry.pending = std::move(*stored);
  // Before the request, so that a run that is killed in it does not make the next one poll early.
  entry.pending.last_poll = context.edges.clock.Now();
  if (!context.pending.Update(entry.name, SerializePending(entry.pending))) {
    return EntryGone{};
  }
  return Poll(context, entry).Send(patience);
}

}  // namespace grokauth::app
