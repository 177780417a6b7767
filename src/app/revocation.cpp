#include "app/revocation.h"

#include <variant>

#include "app/exchange.h"
#include "oauth/token_request.h"

namespace grokauth::app {

namespace {

constexpr Patience kRevocationPatience{std::chrono::seconds(5), std::chrono::seconds(5)};

}  // namespace

std::string Revoke(Context& context, const TokenSet& tokens) {
  if (!tokens.revocation_endpoint) {
    return "the server offers no revocation";
  }
  const bool refresh = tokens.refresh_token.has_value();
  const HttpResult result = Post(
      context, *tokens.revocation_endpoint,
      oauth::MakeRevocationRequest(refresh ? *tokens.refresh_token : tokens.access_token,
                                   refresh ? "refresh_token" : "access_token", tokens.client_id),
      kRevocationPatience);
  if (const auto* failure = std::get_if<TransportFailure>(&result)) {
    return failure->reason;
  }
  const int status = std::get<HttpResponse>(result).status;
  return status == 200 ? "" : "the server answered " + std::to_string(status);
}

}  // namespace grokauth::app
