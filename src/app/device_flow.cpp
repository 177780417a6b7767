#include "app/device_flow.h"

#include <algorithm>
#include <utility>

#include "app/best_effort.h"
#include "app/place.h"
#include "app/refresh_verdict.h"
#include "app/revocation.h"
#include "oauth/device_authorization.h"
#include "oauth/token_request.h"

namespace grokauth::app {

namespace {

constexpr const char* kTheSignIn = "the sign-in";
// RFC 7636 section 4.1: 32 random octets.
constexpr std::size_t kVerifierBytes = 32;
// RFC 8628 section 3.5, slow_down: "the interval MUST be increased by 5 seconds".
constexpr std::chrono::seconds kSlowDown{5};
// A server that asks for more is broken; the code expires long before.
constexpr std::chrono::seconds kLongestInterval{4000};

/// Whether an answer says that there is no such flow here: as a page that is missing, or as an
/// error by which the client may not use it (RFC 6749 section 5.2).
bool MeansNotOffered(const HttpResponse& response, const oauth::ErrorResponse* refusal) {
  return response.status == 404 || response.status == 405 ||
         (refusal != nullptr &&
          (refusal->error == "unauthorized_client" || refusal->error == "unsupported_grant_type"));
}

std::optional<oauth::DeviceAuthorization> RequestDeviceCode(
    Context& context, const std::string& endpoint, const std::optional<std::string>& verifier) {
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
  const auto* refusal = std::get_if<oauth::ErrorResponse>(&answer);
  if (MeansNotOffered(response, refusal)) {
    return std::nullopt;
  }
  if (refusal != nullptr) {
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
  Poll(Context& context, PendingEntry& entry)
      : context_(context), entry_(entry), device_(*entry.pending.device) {}

  PollResult Send(const Patience& patience) {
    const oauth::DeviceCodeGrant grant{device_.device_code, device_.code_verifier};
    const HttpResult result =
        Post(context_, device_.token_endpoint,
             oauth::MakeTokenRequest(grant, context_.profile.client_id), patience);
    if (const auto* failure = std::get_if<TransportFailure>(&result)) {
      return NotAnswered{KindOf(*failure), failure->reason};
    }
    const HttpResponse& response = std::get<HttpResponse>(result);
    oauth::TokenResult answer = oauth::ParseTokenResult(response.status, response.body);
    if (const auto* tokens = std::get_if<oauth::TokenResponse>(&answer)) {
      return Save(*tokens);
    }
    if (const auto* refusal = std::get_if<oauth::ErrorResponse>(&answer)) {
      return Refuse(*refusal, response.status);
    }
    return NotAnswered{ErrorKind::kServer, std::get<oauth::UnreadableAnswer>(answer).reason};
  }

 private:
  PollResult Save(const oauth::TokenResponse& response) {
    TokenSet tokens = MakeTokenSet(response, context_.profile, nullptr, context_.edges.clock.Now());
    tokens.token_endpoint = device_.token_endpoint;
    tokens.revocation_endpoint = device_.revocation_endpoint;
    tokens.place = device_.place;
    try {
      std::optional<LoginStore::SavedSignIn> saved = context_.store.SaveSignIn(tokens, entry_.name);
      if (!saved) {
        static_cast<void>(Revoke(context_, tokens));
        return EntryGone{};
      }
      return SignedIn{std::move(saved->tokens),
                      saved->rescued ? DescribeRescue(context_, *saved->rescued) : ""};
    } catch (const Error& error) {
      ForgetPending(context_, entry_.name);
      return SignedIn{std::move(tokens),
                      std::string("the login could not be stored: ") + error.what(),
                      /*is_stored=*/false};
    }
  }

  PollResult Refuse(const oauth::ErrorResponse& refusal, int status) {
    if (refusal.error == "authorization_pending") {
      return StillPending{};
    }
    if (refusal.error == "slow_down") {
      device_.interval = std::min(device_.interval + kSlowDown, kLongestInterval);
      static_cast<void>(context_.pending.Update(entry_.name, SerializePending(entry_.pending)));
      return StillPending{};
    }
    if (status == 408 || status == 429 || status >= 500) {
      return NotAnswered{ErrorKind::kServer, "the server answered " + std::to_string(status) + " " +
                                                 oauth::Describe(refusal)};
    }
    ForgetPending(context_, entry_.name);
    if (refusal.error == "expired_token") {
      return CodeExpired{};
    }
    if (refusal.error == "invalid_grant") {
      return CodeUnknown{};
    }
    if (refusal.error == "access_denied") {
      return SignInRefused{MakeDeclined(refusal, context_.profile)};
    }
    return SignInRefused{MakeRefusal(refusal, status, context_.profile, kTheSignIn)};
  }

  Context& context_;
  PendingEntry& entry_;
  PendingDevice& device_;
};

}  // namespace

std::optional<PendingEntry> BeginDeviceSignIn(Context& context,
                                              const oauth::ServerMetadata& metadata, Place place,
                                              PendingOrigin origin) {
  const Profile& profile = context.profile;
  if (!metadata.device_authorization_endpoint) {
    return std::nullopt;
  }
  std::optional<std::string> verifier;
  if (profile.device_pkce) {
    verifier = oauth::MakeCodeVerifier(context.edges.random.Bytes(kVerifierBytes));
  }
  const std::optional<oauth::DeviceAuthorization> authorization =
      RequestDeviceCode(context, *metadata.device_authorization_endpoint, verifier);
  if (!authorization) {
    return std::nullopt;
  }
  const UnixTime now = context.edges.clock.Now();
  const PendingDevice device{authorization->device_code,
                             verifier,
                             authorization->verification_uri,
                             authorization->user_code,
                             authorization->interval,
                             now,
                             place,
                             metadata.token_endpoint,
                             metadata.revocation_endpoint};
  PendingEntry entry{context.pending.NewName(),
                     {profile.issuer, profile.client_id, oauth::UrlWithCode(*authorization),
                      now + authorization->expires_in, device, origin}};
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
  if (!stored || !stored->device) {
    return EntryGone{};
  }
  entry.pending = std::move(*stored);
  // Before the request, so that a run that is killed in it does not make the next one poll early.
  entry.pending.device->last_poll = context.edges.clock.Now();
  if (!context.pending.Update(entry.name, SerializePending(entry.pending))) {
    return EntryGone{};
  }
  return Poll(context, entry).Send(patience);
}

}  // namespace grokauth::app
