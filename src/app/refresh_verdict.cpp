#include "app/refresh_verdict.h"

#include "app/exchange.h"

namespace grokauth::app {

namespace {

/// Statuses by which a server or something in front of it says "not now", whatever the body.
bool IsTransient(int status) {
  return status == 408 || status == 429 || status >= 500;
}

/// Statuses that a token endpoint has no use for, but a place without one has.
bool LooksMoved(int status) {
  return (status >= 300 && status < 400) || status == 403 || status == 404 || status == 405 ||
         status == 410;
}

std::string RetryHint(const HttpResponse& response) {
  const std::string after = oauth::Printable(response.retry_after.value_or(""), 40);
  return "the login is kept and the next run tries again" +
         (after.empty() ? "" : "; the server asks to wait: Retry-After " + after);
}

bool IsAccountGate(const oauth::ErrorResponse& refusal, int status, const Profile& profile) {
  return profile.is_xai && (refusal.error == "access_denied" || status == 403);
}

/// OpenID Connect Core 1.0 section 3.1.2.6: the server wants to see the person.
bool NeedsPerson(const oauth::ErrorResponse& refusal) {
  return refusal.error == "interaction_required" || refusal.error == "login_required" ||
         refusal.error == "consent_required" || refusal.error == "account_selection_required";
}

RefreshFailed Transient(const HttpResponse& response, const std::string& reason) {
  return {Error(ErrorKind::kServer, std::string(kTheRefresh) + " failed: " + reason,
                RetryHint(response)),
          /*is_transport=*/true, LooksMoved(response.status)};
}

RefreshVerdict JudgeRefusal(const oauth::ErrorResponse& refusal, const HttpResponse& response,
                            const Profile& profile) {
  if (IsTransient(response.status)) {
    return Transient(response, "the server answered " + std::to_string(response.status) + " " +
                                   oauth::Describe(refusal));
  }
  if (refusal.error == "invalid_grant" && !IsAccountGate(refusal, response.status, profile)) {
    return LoginEnded{"the server no longer accepts it: " + oauth::Describe(refusal)};
  }
  if (refusal.error == "temporarily_unavailable" || refusal.error == "server_error" ||
      refusal.error == "slow_down") {
    return Transient(response, "the server says " + oauth::Describe(refusal));
  }
  if (NeedsPerson(refusal) && !IsAccountGate(refusal, response.status, profile)) {
    return RefreshFailed{Error(
        ErrorKind::kLoginRequired,
        std::string(kTheRefresh) + " was refused: the server says " + oauth::Describe(refusal),
        LoginHint(profile))};
  }
  const Error error = MakeRefusal(refusal, response.status, profile, kTheRefresh);
  return RefreshFailed{Error(error.kind(), error.what(), error.hint() + "; the login is kept")};
}

}  // namespace

Error MakeRefusal(const oauth::ErrorResponse& refusal, int status, const Profile& profile,
                  const std::string& what) {
  if (IsAccountGate(refusal, status, profile)) {
    return {ErrorKind::kAccessDenied,
            what +
                " was refused: xAI does not let this account use Grok this way (the account "
                "gate; the server says " +
                oauth::Describe(refusal) + ")",
            "signing in again will not help: use a plan that includes Grok, or an API key from "
            "https://console.x.ai in XAI_API_KEY"};
  }
  if (refusal.error == "access_denied") {
    return {ErrorKind::kAccessDenied,
            what + " was refused: the server says " + oauth::Describe(refusal),
            "ask the administrator of " + profile.issuer + " whether this account may use it"};
  }
  if (refusal.error == "invalid_client" || refusal.error == "unauthorized_client" ||
      refusal.error == "unsupported_grant_type") {
    return {ErrorKind::kConfig,
            what + " was refused: the server does not accept the client '" + profile.client_id +
                "': " + oauth::Describe(refusal),
            "check client_id of profile '" + profile.name +
                "', and that it is a public client allowed to use this flow"};
  }
  if (refusal.error == "invalid_scope" || refusal.error == "invalid_target") {
    return {ErrorKind::kConfig, what + " was refused: the server says " + oauth::Describe(refusal),
            "check scopes and audience of profile '" + profile.name + "'"};
  }
  return {ErrorKind::kServer, what + " was refused: the server says " + oauth::Describe(refusal),
          "try again later; if it goes on, ask the administrator of " + profile.issuer};
}

Error MakeDeclined(const oauth::ErrorResponse& refusal, const Profile& profile) {
  const std::string description = oauth::Printable(refusal.error_description);
  const std::string words = description.empty() ? "" : " (" + description + ")";
  return {
      ErrorKind::kAccessDenied,
      "the sign-in was declined in the browser, or this account is refused" + words,
      profile.is_xai
          ? "if nobody declined it, xAI does not let this account use Grok this way: use a plan "
            "that includes Grok, or an API key from https://console.x.ai in XAI_API_KEY"
          : "run it again to be asked again, or ask the administrator of " + profile.issuer};
}

RefreshVerdict JudgeRefresh(const HttpResult& result, const Profile& profile) {
  if (const auto* failure = std::get_if<TransportFailure>(&result)) {
    using Cause = TransportFailure::Cause;
    const bool unreachable = failure->cause == Cause::kResolve ||
                             failure->cause == Cause::kConnect || failure->cause == Cause::kUrl;
    const bool is_config = KindOf(*failure) == ErrorKind::kConfig;
    return RefreshFailed{MakeError(*failure, kTheRefresh), !is_config, unreachable};
  }
  const HttpResponse& response = std::get<HttpResponse>(result);
  oauth::TokenResult answer = oauth::ParseTokenResult(response.status, response.body);
  if (auto* tokens = std::get_if<oauth::TokenResponse>(&answer)) {
    return std::move(*tokens);
  }
  if (const auto* refusal = std::get_if<oauth::ErrorResponse>(&answer)) {
    return JudgeRefusal(*refusal, response, profile);
  }
  if (profile.is_xai && response.status == 403 && oauth::JsonObject::Parse(response.body)) {
    return JudgeRefusal({"HTTP status 403", ""}, response, profile);
  }
  auto& unreadable = std::get<oauth::UnreadableAnswer>(answer);
  RefreshFailed failed = Transient(response, unreadable.reason);
  failed.refresh_token = std::move(unreadable.refresh_token);
  return failed;
}

}  // namespace grokauth::app
