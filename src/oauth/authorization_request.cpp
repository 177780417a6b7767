#include "oauth/authorization_request.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "oauth/token_request.h"

namespace grokauth::oauth {

namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// application/x-www-form-urlencoded text decoded; a broken escape stays as it is.
std::string FormDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
               HexValue(text[i + 2]) >= 0) {
      out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

const std::string* Find(const Parameters& parameters, std::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string MakeAuthorizationUrl(const AuthorizationRequest& request) {
  Parameters parameters{{"response_type", "code"},
                        {"client_id", request.client_id},
                        {"redirect_uri", request.redirect_uri}};
  if (!request.scopes.empty()) {
    parameters.emplace_back("scope", JoinScopes(request.scopes));
  }
  parameters.emplace_back("state", request.state);
  parameters.emplace_back("nonce", request.nonce);
  parameters.emplace_back("code_challenge", request.code_challenge);
  parameters.emplace_back("code_challenge_method", "S256");
  if (request.audience) {
    parameters.emplace_back("audience", *request.audience);
  }
  parameters.insert(parameters.end(), request.extra.begin(), request.extra.end());
  // RFC 6749 section 3.1: the endpoint may have a query of its own, which must stay.
  const bool has_query = request.authorization_endpoint.find('?') != std::string::npos;
  return request.authorization_endpoint + (has_query ? "&" : "?") + FormEncode(parameters);
}

Parameters ParseQuery(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name = FormDecode(pair.substr(0, equals));
    if (!name.empty() && Find(parameters, name) == nullptr) {
      parameters.emplace_back(std::move(name),
                              FormDecode(pair.substr(std::min(equals + 1, pair.size()))));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return parameters;
}

RedirectResult ReadRedirect(std::string_view query, std::string_view state, std::string_view issuer,
                            bool iss_required) {
  const Parameters parameters = ParseQuery(query);
  const std::string* code = Find(parameters, "code");
  const std::string* error = Find(parameters, "error");
  if (code == nullptr && error == nullptr) {
    return NoAnswer{};
  }
  const std::string* answered_state = Find(parameters, "state");
  if (answered_state == nullptr || !EqualInConstantTime(*answered_state, state)) {
    return StateMismatch{};
  }
  const std::string* iss = Find(parameters, "iss");
  if (iss != nullptr ? *iss != issuer : iss_required) {
    return IssuerMismatch{};
  }
  if (error != nullptr) {
    const std::string* description = Find(parameters, "error_description");
    return ErrorResponse{*error, description != nullptr ? *description : ""};
  }
  return IsTokenText(*code) ? RedirectResult(AuthorizationCode{*code}) : RedirectResult(NoAnswer{});
}

RedirectResult ReadPastedRedirect(std::string_view text, std::string_view state,
                                  std::string_view issuer, bool iss_required) {
  constexpr std::string_view kBlanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  const bool is_url = text.find("://") != std::string_view::npos;
  const std::size_t query = text.find('?');
  if (query != std::string_view::npos) {
    text.remove_prefix(query + 1);
  } else if (is_url) {
    return NoAnswer{};
  }
  const bool is_query = query != std::string_view::npos ||
                        text.find("code=") != std::string_view::npos ||
                        text.find("error=") != std::string_view::npos;
  if (is_query) {
    return ReadRedirect(text.substr(0, text.find('#')), state, issuer, iss_required);
  }
  // RFC 6749 section 10.10: nobody may guess a code, so what is shorter was typed by mistake.
  constexpr std::size_t kShortestCode = 16;
  return text.size() >= kShortestCode && IsTokenText(text)
             ? RedirectResult(AuthorizationCode{std::string(text)})
             : RedirectResult(NoAnswer{});
}

}  // namespace grokauth::oauth
