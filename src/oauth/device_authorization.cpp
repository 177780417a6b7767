#include "oauth/device_authorization.h"

#include <algorithm>
#include <optional>

#include "oauth/json.h"
#include "oauth/token_request.h"

namespace grokauth::oauth {

namespace {

// RFC 8628 section 3.2: "If no value is provided, clients MUST use 5 as the default."
constexpr std::chrono::seconds kDefaultInterval{5};
// An hour between two polls is more than any code lives; the cap keeps sums far from overflow.
constexpr std::chrono::seconds kLongestInterval{3600};
// expires_in is REQUIRED; a server that leaves it out gets the usual 15 minutes.
constexpr std::chrono::seconds kDefaultLifetime{900};
constexpr std::chrono::seconds kLongestLifetime{86400};

std::chrono::seconds SecondsMember(const JsonObject& object, const char* name,
                                   std::chrono::seconds fallback, std::chrono::seconds longest) {
  const std::int64_t value = object.Integer(name).value_or(0);
  return value > 0 ? std::min(std::chrono::seconds(value), longest) : fallback;
}

/// A user code reaches the terminal and a URL: letters, digits and the usual separators only.
bool IsUserCode(std::string_view code) {
  return !code.empty() && code.size() <= 64 &&
         code.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string_view::npos;
}

}  // namespace

Parameters MakeParameters(const DeviceAuthorizationRequest& request) {
  Parameters parameters{{"client_id", request.client_id}};
  if (!request.scopes.empty()) {
    parameters.emplace_back("scope", JoinScopes(request.scopes));
  }
  if (request.audience) {
    parameters.emplace_back("audience", *request.audience);
  }
  if (request.code_challenge) {
    parameters.emplace_back("code_challenge", *request.code_challenge);
    parameters.emplace_back("code_challenge_method", "S256");
  }
  parameters.insert(parameters.end(), request.extra.begin(), request.extra.end());
  return parameters;
}

DeviceAuthorizationResult ParseDeviceAuthorization(int status, std::string_view body,
                                                   const EndpointRules& rules) {
  const std::optional<JsonObject> answer = JsonObject::Parse(body);
  if (const std::optional<ErrorResponse> error = ParseErrorResponse(answer)) {
    return *error;
  }
  if (status != 200 || !answer) {
    return UnusableAnswer{DescribeUnusable(status, answer.has_value())};
  }
  DeviceAuthorization result;
  result.device_code = answer->String("device_code").value_or("");
  result.user_code = answer->String("user_code").value_or("");
  // "verification_url" is what some servers of drafts of RFC 8628 still send.
  result.verification_uri =
      answer->String("verification_uri").value_or(answer->String("verification_url").value_or(""));
  result.verification_uri_complete = answer->String("verification_uri_complete");
  result.expires_in = SecondsMember(*answer, "expires_in", kDefaultLifetime, kLongestLifetime);
  result.interval = SecondsMember(*answer, "interval", kDefaultInterval, kLongestInterval);
  if (!IsTokenText(result.device_code)) {
    return UnusableAnswer{"it has no usable device_code"};
  }
  if (!IsUserCode(result.user_code)) {
    return UnusableAnswer{"it has no usable user_code"};
  }
  for (const std::string& url : {result.verification_uri, result.verification_uri_complete.value_or(
                                                              result.verification_uri)}) {
    if (const std::string fault = EndpointFault(url, rules); !fault.empty()) {
      return UnusableAnswer{"its verification address " + fault + ": '" + Printable(url) + "'"};
    }
  }
  return result;
}

std::string UrlWithCode(const DeviceAuthorization& authorization) {
  if (authorization.verification_uri_complete) {
    return *authorization.verification_uri_complete;
  }
  const bool has_fragment = authorization.verification_uri.find('#') != std::string::npos;
  return has_fragment ? authorization.verification_uri
                      : authorization.verification_uri + "#user_code=" + authorization.user_code;
}

}  // namespace grokauth::oauth
