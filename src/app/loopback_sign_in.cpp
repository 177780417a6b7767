#include "app/loopback_sign_in.h"

#include <algorithm>
#include <utility>

#include "app/best_effort.h"
#include "app/exchange.h"
#include "app/place.h"
#include "app/reach_hint.h"
#include "app/redirect_handler.h"
#include "app/refresh_verdict.h"
#include "app/revocation.h"
#include "app/sign_in_words.h"
#include "oauth/authorization_request.h"
#include "oauth/claims.h"
#include "oauth/token_request.h"

namespace grokauth::app {

namespace {

constexpr const char* kTheSignIn = "the sign-in";
// RFC 7636 section 4.1 for the verifier; state and nonce of the same strength.
constexpr std::size_t kSecretBytes = 32;
// Between two looks for a token that came another way, or for something pasted.
constexpr std::chrono::milliseconds kServeSlice{250};

class LoopbackSignIn {
 public:
  LoopbackSignIn(SignInSession& session, const oauth::ServerMetadata& metadata, Place place,
                 LoopbackListener& listener)
      : session_(session),
        context_(session.context()),
        metadata_(metadata),
        place_(place),
        listener_(listener),
        verifier_(oauth::MakeCodeVerifier(RandomBytes())),
        state_(oauth::Base64UrlEncode(RandomBytes())),
        nonce_(oauth::Base64UrlEncode(RandomBytes())),
        redirect_uri_("http://127.0.0.1:" + std::to_string(listener.Port()) + kRedirectPath),
        entry_name_(context_.pending.NewName()),
        handler_({listener.Port(), state_, context_.profile.issuer,
                  metadata.authorization_response_iss_parameter_supported,
                  SignInOrigins(context_.profile)}) {}

  Handout Run() {
    const Profile& profile = context_.profile;
    const std::string url = oauth::MakeAuthorizationUrl(
        {*metadata_.authorization_endpoint, profile.client_id, redirect_uri_, profile.scopes,
         profile.audience, state_, nonce_, oauth::MakeCodeChallenge(verifier_),
         profile.authorize_params});
    const auto patience =
        std::chrono::ceil<std::chrono::seconds>(session_.options().deadline - session_.Now());
    const PendingSignIn pending{profile.issuer, profile.client_id, url,
                                context_.edges.clock.Now() + patience, std::nullopt};
    context_.pending.Save(entry_name_, SerializePending(pending));
    try {
      Handout handout = Wait(pending);
      ForgetPending(context_, entry_name_);
      return handout;
    } catch (...) {
      ForgetPending(context_, entry_name_);
      throw;
    }
  }

 private:
  std::string RandomBytes() { return context_.edges.random.Bytes(kSecretBytes); }

  Handout Wait(const PendingSignIn& pending) {
    session_.Announce(pending);
    Keyboard* keyboard = session_.keyboard();
    if (!session_.CanOpenBrowser()) {
      TellForward(keyboard != nullptr);
    } else if (keyboard) {
      context_.messages.Say(
          "If the page cannot come back here, paste the address that it ends at,\n"
          "or the code that it shows.");
    }
    session_.TellWaiting("your browser", session_.options().deadline);
    const auto handle = [this](const LoopbackRequest& request) { return handler_.Handle(request); };
    while (!listener_.Serve(handle,
                            std::min(session_.Now() + kServeSlice, session_.options().deadline))) {
      if (std::optional<Handout> handout = keyboard ? UsePasted(*keyboard) : std::nullopt) {
        return std::move(*handout);
      }
      session_.Pause(session_.Now());
      if (session_.late_token()) {
        return *session_.late_token();
      }
      if (!context_.pending.Read(entry_name_)) {
        return TakeOtherLogin();
      }
      session_.ThrowAtDeadline("run it again, and open the address on this computer");
    }
    return Use(*handler_.result());
  }

  /// Finishes the sign-in with what was pasted. Nothing: nothing was, or nothing of use.
  std::optional<Handout> UsePasted(Keyboard& keyboard) {
    while (const std::optional<std::string> line = keyboard.TakeLine()) {
      if (line->empty()) {
        continue;
      }
      const oauth::RedirectResult result =
          oauth::ReadPastedRedirect(*line, state_, context_.profile.issuer,
                                    metadata_.authorization_response_iss_parameter_supported);
      if (std::holds_alternative<oauth::NoAnswer>(result)) {
        context_.messages.Warn("that is neither the address that the browser ends at nor a code");
      } else if (std::holds_alternative<oauth::StateMismatch>(result)) {
        context_.messages.Warn(
            "that belongs to another or an older sign-in; open the address above");
      } else if (const auto* code = std::get_if<oauth::AuthorizationCode>(&result)) {
        if (std::optional<Handout> handout = TryCode(code->code)) {
          return handout;
        }
      } else {
        return Use(result);
      }
    }
    return std::nullopt;
  }

  /// A code that the server does not take was copied wrong, or in part: the person may try again.
  std::optional<Handout> TryCode(const std::string& code) {
    const HttpResult result = SendCode(code);
    const auto* response = std::get_if<HttpResponse>(&result);
    const oauth::TokenResult answer =
        response != nullptr ? oauth::ParseTokenResult(response->status, response->body)
                            : oauth::TokenResult(oauth::UnreadableAnswer{});
    const auto* refusal = std::get_if<oauth::ErrorResponse>(&answer);
    if (refusal != nullptr && refusal->error == "invalid_grant") {
      context_.messages.Warn("the server does not take this code: " + oauth::Describe(*refusal));
      return std::nullopt;
    }
    return UseTokenAnswer(result);
  }

  /// The entry is gone: another process finished the sign-in, or signed out.
  Handout TakeOtherLogin() {
    if (std::optional<Handout> other = session_.FindOtherLogin()) {
      return std::move(*other);
    }
    throw MakeSignedOutError(context_.profile);
  }

  /// How a browser elsewhere reaches the listener.
  void TellForward(bool can_paste) {
    const Surroundings surroundings =
        FindSurroundings(context_.environment, context_.edges.machine);
    for (const std::string& line : ReachHint(surroundings, context_.environment.ssh_destination,
                                             listener_.Port(), context_.profile.name, can_paste)) {
      context_.messages.Say(line);
    }
  }

  Handout Use(const oauth::RedirectResult& result) {
    const auto* refusal = std::get_if<oauth::ErrorResponse>(&result);
    if (refusal != nullptr && refusal->error == "access_denied") {
      throw MakeDeclined(*refusal, context_.profile);
    }
    if (refusal != nullptr) {
      throw MakeRefusal(*refusal, /*status=*/0, context_.profile, kTheSignIn);
    }
    const auto* code = std::get_if<oauth::AuthorizationCode>(&result);
    if (code == nullptr) {
      throw Error(ErrorKind::kServer,
                  "the sign-in was answered by another server than " + context_.profile.issuer,
                  "somebody may be mixing servers up on purpose: do not use that page again");
    }
    return UseTokenAnswer(SendCode(code->code));
  }

  HttpResult SendCode(const std::string& code) {
    const oauth::AuthorizationCodeGrant grant{code, redirect_uri_, verifier_};
    return Post(context_, metadata_.token_endpoint,
                oauth::MakeTokenRequest(grant, context_.profile.client_id),
                session_.TokenPatience());
  }

  Handout UseTokenAnswer(const HttpResult& result) {
    if (const auto* failure = std::get_if<TransportFailure>(&result)) {
      throw MakeError(*failure, kTheSignIn);
    }
    const HttpResponse& response = std::get<HttpResponse>(result);
    oauth::TokenResult answer = oauth::ParseTokenResult(response.status, response.body);
    if (const auto* refusal = std::get_if<oauth::ErrorResponse>(&answer)) {
      throw MakeRefusal(*refusal, response.status, context_.profile, kTheSignIn);
    }
    if (const auto* unreadable = std::get_if<oauth::UnreadableAnswer>(&answer)) {
      throw Error(ErrorKind::kServer, std::string(kTheSignIn) + " failed: " + unreadable->reason,
                  "run it again");
    }
    return Save(std::get<oauth::TokenResponse>(answer));
  }

  Handout Save(const oauth::TokenResponse& response) {
    const UnixTime now = context_.edges.clock.Now();
    if (response.id_token) {
      const std::string fault = oauth::IdTokenFault(*response.id_token, context_.profile.issuer,
                                                    context_.profile.client_id, nonce_, now);
      if (!fault.empty()) {
        static_cast<void>(Revoke(context_, MakeTokens(response, now)));
        throw Error(
            ErrorKind::kServer, "the server's ID token was refused: " + fault,
            "run it again; if it goes on, ask the administrator of " + context_.profile.issuer);
      }
    }
    TokenSet tokens = MakeTokens(response, now);
    std::string warning;
    try {
      std::optional<LoginStore::SavedSignIn> saved = context_.store.SaveSignIn(tokens, entry_name_);
      if (!saved) {
        static_cast<void>(Revoke(context_, tokens));
        if (std::optional<Handout> other = session_.FindOtherLogin()) {
          return std::move(*other);
        }
        throw MakeSignedOutError(context_.profile);
      }
      tokens = std::move(saved->tokens);
      warning = saved->rescued ? DescribeRescue(context_, *saved->rescued) : "";
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kStore) {
        throw;
      }
      warning = std::string("the login could not be stored: ") + error.what();
    }
    return session_.Finish(tokens, warning);
  }

  TokenSet MakeTokens(const oauth::TokenResponse& response, UnixTime now) {
    TokenSet tokens = MakeTokenSet(response, context_.profile, nullptr, now);
    tokens.token_endpoint = metadata_.token_endpoint;
    tokens.revocation_endpoint = metadata_.revocation_endpoint;
    tokens.place = place_;
    return tokens;
  }

  SignInSession& session_;
  Context& context_;
  const oauth::ServerMetadata& metadata_;
  Place place_;
  LoopbackListener& listener_;
  std::string verifier_;
  std::string state_;
  std::string nonce_;
  std::string redirect_uri_;
  std::string entry_name_;
  RedirectHandler handler_;
};

}  // namespace

std::unique_ptr<LoopbackListener> ListenForRedirect(Context& context, bool is_forwarded) {
  const std::uint16_t port = context.profile.redirect_port;
  std::unique_ptr<LoopbackListener> listener = context.edges.loopback.Listen(port);
  const bool is_exact = context.profile.redirect_port_exact || is_forwarded;
  if (!listener && !is_exact) {
    listener = context.edges.loopback.Listen(0);
  }
  if (!listener) {
    const std::string holder = context.edges.loopback.HolderOf(port);
    throw Error(ErrorKind::kNetwork,
                "port " + std::to_string(port) + " of 127.0.0.1 is taken" +
                    (holder.empty() ? " by another user's program or another sign-in of grok-auth"
                                    : " by " + holder),
                "end that program, or set redirect_port in the profile");
  }
  return listener;
}

Handout SignInByLoopback(SignInSession& session, const oauth::ServerMetadata& metadata, Place place,
                         LoopbackListener& listener) {
  return LoopbackSignIn(session, metadata, place, listener).Run();
}

}  // namespace grokauth::app
