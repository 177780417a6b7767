#include "app/place.h"

#include "app/keyring_trouble.h"

namespace grokauth::app {

namespace {

constexpr std::chrono::seconds kUnlockPatience{60};

bool IsThere(const KeyringAnswer& answer) {
  return answer.state != KeyringState::kAbsent && answer.state != KeyringState::kCannotStart;
}

}  // namespace

bool HasDesktop(const Environment& environment) {
  return environment.has_display && !environment.is_ssh;
}

Place ChoosePlace(Context& context) {
  if (context.profile.store == StoreChoice::kFile) {
    return Place::kFile;
  }
  const KeyringAnswer answer = context.edges.keyring.Probe();
  if (IsThere(answer)) {
    return Place::kLibsecret;
  }
  if (context.profile.store == StoreChoice::kLibsecret) {
    throw Error(ErrorKind::kStore,
                "profile '" + context.profile.name + "' keeps its login in the keyring, and " +
                    DescribeKeyring(answer),
                "start a Secret Service (and install libsecret), or set store = \"auto\" or "
                "\"file\" in the profile");
  }
  context.messages.Say("The login is kept in " + context.store.FilePath() + ": " +
                       DescribeKeyring(answer) + ".");
  return Place::kFile;
}

std::string DescribeRescue(const Context& context, const KeyringAnswer& answer) {
  return DescribeKeyring(answer) + ": the login waits in " + context.store.FilePath() +
         " until the keyring takes it";
}

bool UnlockKeyring(Context& context) {
  return HasDesktop(context.environment) && context.edges.keyring.Unlock(kUnlockPatience);
}

}  // namespace grokauth::app
