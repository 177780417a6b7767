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

std::string KeyringHint(const KeyringAnswer& answer, const Profile& profile) {
  const std::string otherwise = ", or " + LoginHint(profile);
  switch (answer.state) {
    case KeyringState::kLocked:
      return std::string("unlock it: log in to the desktop, or open it in the keyring program") +
             otherwise;
    case KeyringState::kAbsent:
      return std::string(
                 "run grok-auth in the desktop session that signed in (over SSH its bus is "
                 "out of reach)") +
             otherwise;
    case KeyringState::kCannotStart:
      return std::string("look at the log of the session bus (journalctl --user)") + otherwise;
    case KeyringState::kHung:
      return std::string("restart the keyring program (gnome-keyring-daemon --replace)") +
             otherwise;
    case KeyringState::kFound:
    case KeyringState::kNothing:
      break;
  }
  return LoginHint(profile);
}

Error MakeKeyringError(const KeyringAnswer& answer, const Profile& profile) {
  return {ErrorKind::kLoginRequired,
          "the login is kept in the keyring, and " + DescribeKeyring(answer),
          KeyringHint(answer, profile)};
}

}  // namespace grokauth::app
