#include "oauth/token_request.h"

#include <Poco/String.h>

#include <charconv>
#include <utility>

namespace grokauth::oauth {

namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

/// expires_in as a positive number of seconds; nothing when it is absent or makes no sense, because
/// the token's own `exp` or a configured lifetime is a better answer than a refusal.
std::optional<std::chrono::seconds> ParseExpiresIn(const JsonObject& answer) {
  std::optional<std::int64_t> value = answer.Integer("expires_in");
  if (const std::optional<std::string> text = answer.String("expires_in"); !value && text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc() && end == text->data() + text->size()) {
      value = number;
    }
  }
  // A century: more is a mistake, and would overflow sums of times.
  constexpr std::int64_t kLongest = 100LL * 366 * 86400;
  return value && *value > 0 && *value <= kLongest ? std::optional(std::chrono::seconds(*value))
                                                   : std::nullopt;
}

}  // namespace

Parameters MakeTokenRequest(const Grant& grant, const std::string& client_id) {
  return std::visit(Overloaded{[&](const AuthorizationCodeGrant& authorization) {
                                 return Parameters{{"grant_type", "authorization_code"},
                                                   {"code", authorization.code},
                                                   {"redirect_uri", authorization.redirect_uri},
                                                   {"client_id", client_id},
                                                   {"code_verifier", authorization.code_verifier}};
                               },
                               [&](const DeviceCodeGrant& device) {
                                 Parameters parameters{
                                     {"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                                     {"device_code", device.device_code},
                                     {"client_id", client_id}};
                                 if (device.code_verifier) {
                                   parameters.emplace_back("code_verifier", *device.code_verifier);
                                 }
                                 return parameters;
                               },
                               [&](const RefreshTokenGrant& refresh) {
                                 return Parameters{{"grant_type", "refresh_token"},
                                                   {"refresh_token", refresh.refresh_token},
                                                   {"client_id", client_id}};
                               }},
                    grant);
}

Parameters MakeRevocationRequest(const std::string& token, const std::string& hint,
                                 const std::string& client_id) {
  return {{"token", token}, {"token_type_hint", hint}, {"client_id", client_id}};
}

std::optional<ErrorResponse> ParseErrorResponse(const std::optional<JsonObject>& answer) {
  const std::optional<std::string> error = answer ? answer->String("error") : std::nullopt;
  if (!error || error->empty()) {
    return std::nullopt;
  }
  return ErrorResponse{*error, answer->String("error_description").value_or("")};
}

std::string Describe(const ErrorResponse& refusal) {
  constexpr std::size_t kLongestError = 100;
  const std::string description = Printable(refusal.error_description);
  return Printable(refusal.error, kLongestError) +
         (description.empty() ? "" : " (" + description + ")");
}

std::string DescribeUnusable(int status, bool is_json) {
  return "the server answered " + std::to_string(status) +
         (is_json ? "" : " without the JSON that the protocol asks for");
}

TokenResult ParseTokenResult(int status, std::string_view body) {
  const std::optional<JsonObject> answer = JsonObject::ParseLiberally(body);
  if (const std::optional<ErrorResponse> error = ParseErrorResponse(answer)) {
    return *error;
  }
  constexpr int kFirstSuccess = 200;
  constexpr int kLastSuccess = 299;
  if (status < kFirstSuccess || status > kLastSuccess || !answer) {
    return UnreadableAnswer{DescribeUnusable(status, answer.has_value())};
  }
  TokenResponse response;
  response.refresh_token = answer->String("refresh_token");
  if (response.refresh_token && response.refresh_token->empty()) {
    response.refresh_token.reset();
  }
  response.access_token = answer->String("access_token").value_or("");
  if (!IsTokenText(response.access_token)) {
    return UnreadableAnswer{"the server's answer has no usable access_token",
                            response.refresh_token};
  }
  // token_type is REQUIRED and compared without case (RFC 6749 section 5.1); some servers forget
  // it.
  response.token_type = answer->String("token_type").value_or("Bearer");
  if (Poco::toLower(response.token_type) != "bearer") {
    return UnreadableAnswer{"the server gave a token of type '" +
                                Printable(response.token_type, 40) + "' instead of 'Bearer'",
                            response.refresh_token};
  }
  response.expires_in = ParseExpiresIn(*answer);
  response.scope = answer->String("scope");
  response.id_token = answer->String("id_token");
  return response;
}

std::string JoinScopes(const std::vector<std::string>& scopes) {
  std::string joined;
  for (const std::string& scope : scopes) {
    joined += (joined.empty() ? "" : " ") + scope;
  }
  return joined;
}

std::vector<std::string> SplitScopes(std::string_view scope) {
  std::vector<std::string> scopes;
  while (!scope.empty()) {
    const std::size_t end = std::min(scope.find(' '), scope.size());
    if (end > 0) {
      scopes.emplace_back(scope.substr(0, end));
    }
    scope.remove_prefix(std::min(end + 1, scope.size()));
  }
  return scopes;
}

}  // namespace grokauth::oauth
