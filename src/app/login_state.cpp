#include "app/login_state.h"

#include "app/freshness.h"
#include "oauth/encoding.h"

namespace grokauth::app {

const char* StateWord(LoginState state) {
  switch (state) {
    case LoginState::kConnected:
      return "connected";
    case LoginState::kExpired:
      return "expired";
    case LoginState::kSignedOut:
      return "signed_out";
  }
  return "signed_out";
}

Status LookAtStatus(Context& context) {
  Status status;
  status.login = context.store.Load();
  if (status.login.tokens && !BelongsTo(*status.login.tokens, context.profile)) {
    status.foreign_issuer = oauth::Printable(status.login.tokens->issuer);
    status.login.tokens.reset();
  }
  const bool is_newer = status.login.fault && status.login.fault->is_newer;
  if (status.login.trouble || is_newer) {
    status.state = LoginState::kExpired;  // there is a login, and a person must help
  }
  if (!status.login.tokens) {
    return status;
  }
  const TokenSet& tokens = *status.login.tokens;
  const UnixTime now = context.edges.clock.Now();
  status.refreshable = CanRefresh(status.login, context.profile);
  if (tokens.expires_at) {
    status.left = *tokens.expires_at - now;
  }
  Demand any;
  any.takes_api_key = true;
  const bool usable = IsUnexpired(status.login, context.profile, any, now);
  status.state = usable || status.refreshable ? LoginState::kConnected : LoginState::kExpired;
  return status;
}

}  // namespace grokauth::app
