#include "oauth/claims.h"

#include <algorithm>
#include <vector>

#include "oauth/encoding.h"

namespace grokauth::oauth {

namespace {

/// Whether `aud`, a string or an array of them, names the client.
bool IsAudience(const JsonObject& claims, std::string_view client_id) {
  std::vector<std::string> audiences = claims.Strings("aud");
  if (const std::optional<std::string> audience = claims.String("aud")) {
    audiences.push_back(*audience);
  }
  return std::find(audiences.begin(), audiences.end(), client_id) != audiences.end();
}

}  // namespace

std::optional<JsonObject> PeekClaims(std::string_view token) {
  // RFC 7515 section 3.1: header.payload.signature
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<std::string> payload =
      Base64UrlDecode(token.substr(first + 1, second - first - 1));
  return payload ? JsonObject::Parse(*payload) : std::nullopt;
}

std::optional<UnixTime> PeekExpiry(std::string_view token) {
  const std::optional<JsonObject> claims = PeekClaims(token);
  const std::optional<std::int64_t> expiry = claims ? claims->Integer("exp") : std::nullopt;
  // Year 9999: later ones cannot be written as RFC 3339.
  constexpr std::int64_t kLatest = 253402300799;
  return expiry && *expiry > 0 && *expiry <= kLatest
             ? std::optional(UnixTime(std::chrono::seconds(*expiry)))
             : std::nullopt;
}

std::string IdTokenFault(std::string_view id_token, std::string_view issuer,
                         std::string_view client_id, std::string_view nonce, UnixTime now) {
  // Clocks of two machines differ; a minute is what RFC 7519 section 4.1.4 calls "a few minutes".
  constexpr std::chrono::seconds kLeeway{60};
  const std::optional<JsonObject> claims = PeekClaims(id_token);
  if (!claims) {
    return "it is not a JWT";
  }
  if (claims->String("iss") != issuer) {
    return "it was issued by '" + Printable(claims->String("iss").value_or("")) + "'";
  }
  if (!IsAudience(*claims, client_id)) {
    return "it is for another client";
  }
  const std::optional<UnixTime> expiry = PeekExpiry(id_token);
  if (!expiry || *expiry + kLeeway < now) {
    return "it has expired (check the clock of this machine)";
  }
  if (claims->String("nonce") != nonce) {
    return "its nonce is not the one of this sign-in";
  }
  return {};
}

std::optional<Account> ReadAccount(std::string_view id_token, std::string_view issuer,
                                   std::string_view client_id) {
  const std::optional<JsonObject> claims = PeekClaims(id_token);
  if (!claims || claims->String("iss") != issuer) {
    return std::nullopt;
  }
  const std::optional<std::string> sub = claims->String("sub");
  if (!sub || sub->empty() || !IsAudience(*claims, client_id)) {
    return std::nullopt;
  }
  Account account{Printable(*sub), std::nullopt, std::nullopt};
  if (const std::optional<std::string> email = claims->String("email")) {
    account.email = Printable(*email);
  }
  if (const std::optional<std::string> name = claims->String("name")) {
    account.name = Printable(*name);
  }
  return account;
}

}  // namespace grokauth::oauth
