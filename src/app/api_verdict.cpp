#include "app/api_verdict.h"

#include <Poco/String.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>

#include "app/api_base.h"
#include "app/exchange.h"
#include "app/output.h"
#include "oauth/encoding.h"
#include "oauth/json.h"

namespace grokauth::app {

namespace {

constexpr const char* kTheModelsRequest = "the request for the models";
constexpr const char* kOwnKey =
    "an API key from https://console.x.ai works without a plan: 'grok-auth login --api-key', or "
    "XAI_API_KEY";

/// What the server says of itself, when it says no: {"code", "error"} is xAI's own form,
/// {"error": {"code", "message"}} that of APIs like OpenAI's.
struct ApiError {
  std::string code;
  std::string message;
};

/// Nothing when the body is not JSON.
std::optional<ApiError> ParseApiError(const std::string& body) {
  const std::optional<oauth::JsonObject> answer = oauth::JsonObject::ParseLiberally(body);
  if (!answer) {
    return std::nullopt;
  }
  const oauth::JsonObject error = answer->Object("error").value_or(*answer);
  ApiError words;
  words.code = error.String("code").value_or(answer->String("code").value_or(""));
  for (const char* name : {"message", "error_description", "detail"}) {
    if (words.message.empty()) {
      words.message = error.String(name).value_or("");
    }
  }
  std::string& rest = words.message.empty() ? words.message : words.code;
  if (rest.empty()) {
    rest = error.String("error").value_or("");
  }
  return words;
}

/// The status and the server's words, fit for a terminal: "403 some:code (some message)".
std::string Describe(int status, const std::optional<ApiError>& words) {
  constexpr std::size_t kLongestCode = 100;
  const std::string code = words ? oauth::Printable(words->code, kLongestCode) : "";
  std::string message = words ? oauth::Printable(words->message) : "";
  while (message.ends_with('.')) {
    message.pop_back();
  }
  return std::to_string(status) + (code.empty() ? "" : " " + code) +
         (message.empty() || message == code ? "" : " (" + message + ")") +
         (words ? "" : " without JSON");
}

bool Says(const std::optional<ApiError>& words, std::initializer_list<const char*> parts) {
  if (!words) {
    return false;
  }
  const std::string text = Poco::toLower(words->code + " " + words->message);
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return text.find(part) != std::string::npos; });
}

/// api.x.ai answers a dead OAuth token with 403 instead of 401, and a dead API key with 400.
bool IsTokenRefused(int status, const std::optional<ApiError>& words) {
  return status == 401 ||
         (status == 403 && Says(words, {"bad-credentials", "token could not be validated"})) ||
         (status == 400 && Says(words, {"incorrect api key"}));
}

bool IsOutOfCredits(int status, const std::optional<ApiError>& words) {
  return status == 402 ||
         (status == 403 && Says(words, {"spending-limit", "spending limit", "out of credits",
                                        "all available credits", "free-usage-exhausted"}));
}

/// Judges one answer, by its status and the words in its body.
class Judge {
 public:
  Judge(const HttpResponse& response, const Profile& profile, const std::string& api_base)
      : response_(response),
        status_(response.status),
        words_(ParseApiError(response.body)),
        profile_(profile),
        api_base_(api_base),
        is_xai_(IsXaiApi(api_base)) {}

  [[nodiscard]] ApiVerdict Run() const {
    if (status_ >= 200 && status_ < 300) {
      return ApiAnswer{response_.body};
    }
    if (IsTokenRefused(status_, words_)) {
      return TokenRefused{Describe(status_, words_)};
    }
    if (status_ == 408 || status_ == 429 || status_ >= 500) {
      return ApiFailed{status_ == 429 ? Limited() : Down(), /*is_transient=*/true};
    }
    if (IsOutOfCredits(status_, words_)) {
      return ApiFailed{OutOfCredits()};
    }
    if (status_ == 403) {
      return ApiFailed{words_ ? Forbidden() : Challenged()};
    }
    if (status_ == 404 || status_ == 405 || status_ == 410 || status_ < 400) {
      return ApiFailed{Elsewhere()};
    }
    return ApiFailed{
        Fail(ErrorKind::kServer, "", "try again later, or ask whoever runs " + api_base_)};
  }

 private:
  /// `reason` stands between what was asked and the server's words; it may be empty.
  [[nodiscard]] Error Fail(ErrorKind kind, const std::string& reason,
                           const std::string& hint) const {
    return {kind,
            std::string(kTheModelsRequest) + " failed: " + reason + (reason.empty() ? "" : "; ") +
                "the server answered " + Describe(status_, words_),
            hint};
  }

  [[nodiscard]] std::string WaitHint() const {
    const std::string after = oauth::Printable(response_.retry_after.value_or(""), 40);
    if (after.empty()) {
      return "";
    }
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), seconds);
    const bool is_number = error == std::errc() && end == after.data() + after.size();
    return is_number ? "; the server asks to wait " + FormatDuration(std::chrono::seconds(seconds))
                     : "; the server asks to wait until " + after;
  }

  [[nodiscard]] Error Limited() const {
    return Fail(ErrorKind::kServer, "a limit of this account is used up",
                "try again later" + WaitHint() + (is_xai_ ? std::string("; ") + kOwnKey : ""));
  }

  [[nodiscard]] Error Down() const {
    return Fail(ErrorKind::kServer, "", "try again later" + WaitHint());
  }

  [[nodiscard]] Error OutOfCredits() const {
    return Fail(ErrorKind::kAccessDenied,
                "the account has no credits left, or no plan that includes this",
                is_xai_ ? std::string("signing in again will not help: add credits or a plan at "
                                      "https://grok.com; ") +
                              kOwnKey
                        : Administrator());
  }

  [[nodiscard]] Error Forbidden() const {
    return is_xai_
               ? Fail(ErrorKind::kAccessDenied,
                      "xAI does not let this account use the API this way (the account gate)",
                      std::string("signing in again will not help: use a plan that includes it; ") +
                          kOwnKey)
               : Fail(ErrorKind::kAccessDenied, "this account may not use it", Administrator());
  }

  /// A page of a proxy, a bot check, a network that wants a password: it knows nothing of accounts.
  [[nodiscard]] Error Challenged() const {
    return Fail(ErrorKind::kServer, "something in between answered for the API",
                "check the network and HTTPS_PROXY, or try again later");
  }

  [[nodiscard]] Error Elsewhere() const {
    return Fail(ErrorKind::kConfig, "there is no list of models at " + api_base_ + "/models",
                profile_.is_xai
                    ? "check XAI_BASE_URL, and api_base of profile '" + profile_.name +
                          "': mostly it ends with /v1"
                    : "check api_base of profile '" + profile_.name + "': mostly it ends with /v1");
  }

  [[nodiscard]] std::string Administrator() const {
    return "ask the administrator of " + api_base_ + " whether this account may use it";
  }

  const HttpResponse& response_;
  int status_;
  std::optional<ApiError> words_;
  const Profile& profile_;
  const std::string& api_base_;
  bool is_xai_;
};

ApiVerdict JudgeFailure(const TransportFailure& failure) {
  const Error error = MakeError(failure, kTheModelsRequest);
  const bool is_config = error.kind() == ErrorKind::kConfig;
  return ApiFailed{failure.cause == TransportFailure::Cause::kResolve
                       ? Error(error.kind(), error.what(),
                               "check the network and api_base; behind a proxy set HTTPS_PROXY")
                       : error,
                   !is_config};
}

}  // namespace

ApiVerdict JudgeApiAnswer(const HttpResult& result, const Profile& profile,
                          const std::string& api_base) {
  if (const auto* failure = std::get_if<TransportFailure>(&result)) {
    return JudgeFailure(*failure);
  }
  return Judge(std::get<HttpResponse>(result), profile, api_base).Run();
}

Error MakeKeyRefused(const TokenRefused& refused, const Profile& profile) {
  return {ErrorKind::kLoginRequired,
          std::string(kTheModelsRequest) + " failed: the server refuses the API key of profile '" +
              profile.name + "': it answered " + refused.reason,
          "store another one with 'grok-auth login --api-key --profile " + profile.name +
              "', or sign in, without --api-key"};
}

Error MakeRefusedAgain(const TokenRefused& refused, bool is_same, const Profile& profile,
                       const std::string& api_base) {
  const std::string what = is_same ? "the server refuses the token, and there is no other one"
                                   : "the server refuses the new token too";
  return {ErrorKind::kLoginRequired,
          std::string(kTheModelsRequest) + " failed: " + what + ": it answered " + refused.reason,
          LoginHint(profile) + (IsXaiApi(api_base)
                                    ? std::string("; ") + kOwnKey
                                    : "; if that does not help, check api_base, audience and "
                                      "scopes of the profile")};
}

}  // namespace grokauth::app
