#include "app/keyring_trouble.h"

namespace grokauth::app {

namespace {

const char* Description(KeyringState state) {
  switch (state) {
    case KeyringState::kLocked:
      return "the keyring is locked";
    case KeyringState::kAbsent:
      return "there is no keyring here";
    case KeyringState::kCannotStart:
      return "the keyring does not start";
    case KeyringState::kHung:
      return "the keyring does not answer";
    case KeyringState::kFound:
    case KeyringState::kNothing:
      break;
  }
  return "the keyring holds nothing";
}

}  // namespace

std::string DescribeKeyring(const KeyringAnswer& answer) {
  return Description(answer.state) + (answer.detail.empty() ? "" : " (" + answer.detail + ")");
}

std::string KeyringRemedy(KeyringState state) {
  switch (state) {
    case KeyringState::kLocked:
      return "unlock it: log in to the desktop, or open it in the keyring program";
    case KeyringState::kAbsent:
      return "run grok-auth in the desktop session that signed in (over SSH its bus is out of "
             "reach)";
    case KeyringState::kCannotStart:
      return "look at the log of the session bus (journalctl --user)";
    case KeyringState::kHung:
      return "restart the keyring program (gnome-keyring-daemon --replace)";
    case KeyringState::kFound:
    case KeyringState::kNothing:
      break;
  }
  return {};
}

std::string KeyringHint(const KeyringAnswer& answer, const Profile& profile) {
  const std::string remedy = KeyringRemedy(answer.state);
  return remedy + (remedy.empty() ? "" : ", or ") + LoginHint(profile);
}

Error MakeKeyringError(const KeyringAnswer& answer, const Profile& profile) {
  return {ErrorKind::kLoginRequired,
          "the login is kept in the keyring, and " + DescribeKeyring(answer),
          KeyringHint(answer, profile)};
}

}  // namespace grokauth::app
