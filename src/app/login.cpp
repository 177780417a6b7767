#include "app/login.h"

#include "app/first_look.h"
#include "app/keyring_trouble.h"
#include "app/model_cache.h"
#include "app/place.h"
#include "app/revocation.h"
#include "app/sign_in.h"

namespace grokauth::app {

namespace {

constexpr std::chrono::seconds kLoginBudget{900};
// Of the loopback flow: as long as other programs wait for the browser.
constexpr std::chrono::seconds kLoopbackPatience{180};

/// The stored login. Where the keyring is locked, the person may open it first, so that the login
/// can be revoked.
StoredLogin LookAtLogin(Context& context) {
  StoredLogin login = context.store.Load();
  if (login.trouble && login.trouble->state == KeyringState::kLocked && UnlockKeyring(context)) {
    login = context.store.Load();
  }
  RefuseNewer(context, login);
  return login;
}

void TellApiKeyGone(Context& context) {
  const std::string where = context.profile.is_xai ? "at https://console.x.ai" : "where you got it";
  context.messages.Say("The API key of profile '" + context.profile.name +
                       "' was deleted here. It stays valid until you delete it " + where + ".");
}

/// Why the login was not revoked; empty when it was.
std::string RevokeStored(Context& context, const StoredLogin& login) {
  if (login.trouble) {
    return DescribeKeyring(*login.trouble);
  }
  if (login.fault) {
    return "it " + login.fault->reason;
  }
  return BelongsTo(*login.tokens, context.profile)
             ? Revoke(context, *login.tokens)
             : "it was at another issuer or of another client";
}

}  // namespace

void Login(Context& context, const LoginOptions& options) {
  context.messages.Hold();  // nothing may precede the address
  StoredLogin first = LookFirst(context);
  // Not opened: then the login waits in a file.
  if (context.profile.store != StoreChoice::kFile &&
      context.edges.keyring.Probe().state == KeyringState::kLocked && UnlockKeyring(context)) {
    first = LookFirst(context);
  }
  SignInOptions sign_in;
  sign_in.deadline = context.started + options.timeout.value_or(kLoginBudget);
  if (!options.timeout) {
    sign_in.loopback_patience = kLoopbackPatience;
  }
  sign_in.is_login = true;
  sign_in.no_browser = options.no_browser;
  sign_in.no_qr = options.no_qr;
  static_cast<void>(SignIn(context, std::move(sign_in), first));
}

void Logout(Context& context) {
  if (!DeleteLogin(context)) {
    context.messages.Say("Nobody was signed in to profile '" + context.profile.name + "'.");
  }
}

bool DeleteLogin(Context& context) {
  const StoredLogin login = LookAtLogin(context);
  // No lock but the innermost: a refresh or a sign-in that is under way finds out when it saves,
  // drops what it got and revokes it.
  const std::optional<KeyringAnswer> kept = context.store.SignOut();
  ForgetModels(context);
  if (kept) {
    context.messages.Warn(DescribeKeyring(*kept) +
                          ": the item whose name begins 'grok-auth: " + context.profile.name +
                          "' stays in it, unused, until you delete it there");
  }
  if (!login.tokens && !login.trouble && !login.fault) {
    return false;
  }
  if (login.tokens && login.tokens->credential == Credential::kApiKey) {
    TellApiKeyGone(context);
    return true;
  }
  const std::string trouble = RevokeStored(context, login);
  if (!trouble.empty()) {
    context.messages.Warn("the login was deleted here, but not revoked at the server: " + trouble);
  }
  context.messages.Say("Signed out of profile '" + context.profile.name +
                       "'. Grok keeps its own copy of the token until you run 'grok logout'.");
  return true;
}

}  // namespace grokauth::app
