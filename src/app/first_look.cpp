#include "app/first_look.h"

#include "oauth/encoding.h"

namespace grokauth::app {

void RefuseNewer(Context& context, const StoredLogin& login) {
  if (login.fault && login.fault->is_newer) {
    throw context.store.MakeNewerError(login.in_file);
  }
}

StoredLogin LookFirst(Context& context) {
  StoredLogin login = context.store.Load();
  RefuseNewer(context, login);
  if (!login.fault) {
    return login;
  }
  if (!login.in_file) {
    context.messages.Warn("the login in the keyring " + login.fault->reason +
                          "; it is left there until the next sign-in");
    return login;
  }
  if (const std::optional<std::string> aside = context.store.SetAside()) {
    context.messages.Warn("the stored login '" + context.store.FilePath() + "' " +
                          login.fault->reason + "; it was moved to '" + *aside + "'");
  }
  return context.store.Load();
}

StoredLogin LookForToken(Context& context) {
  std::optional<StoredLogin> login = context.store.LoadWithoutKeyring();
  return login && !login->fault ? std::move(*login) : LookFirst(context);
}

void RequireOwnLogin(const StoredLogin& login, const Profile& profile) {
  if (login.tokens && !BelongsTo(*login.tokens, profile)) {
    throw Error(ErrorKind::kConfig,
                "the login stored for profile '" + profile.name + "' is at " +
                    oauth::Printable(login.tokens->issuer) + " with the client '" +
                    oauth::Printable(login.tokens->client_id) + "', not at " + profile.issuer +
                    " with '" + profile.client_id + "'",
                "correct the profile, or replace the login with 'grok-auth login --profile " +
                    profile.name + "'");
  }
}

}  // namespace grokauth::app
