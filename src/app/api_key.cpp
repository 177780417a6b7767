#include "app/api_key.h"

#include <utility>

#include "app/first_look.h"
#include "app/place.h"
#include "oauth/encoding.h"

namespace grokauth::app {

namespace {

// Those of xAI have 84 characters; these bounds tell a key from a slip of the hand.
constexpr std::size_t kShortestKey = 16;
constexpr std::size_t kLongestKey = 1024;

Error MakeBadKeyError(const std::string& fault) {
  return {
      ErrorKind::kUsage, "that is no API key: " + fault,
      "nothing was stored; give the key alone, in one line, at the prompt or on standard input"};
}

/// The key in a line, whatever blanks a paste brought along.
std::string TakeKey(std::string& line) {
  constexpr const char* kBlanks = " \t\r\n";
  const std::size_t first = line.find_first_not_of(kBlanks);
  std::string key = first == std::string::npos
                        ? ""
                        : line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
  oauth::Wipe(line);
  return key;
}

void RequireKey(const std::string& key) {
  if (key.empty()) {
    throw MakeBadKeyError("it is empty");
  }
  if (!oauth::IsTokenText(key)) {
    throw MakeBadKeyError("it has characters that no key has");
  }
  if (key.size() < kShortestKey || key.size() > kLongestKey) {
    throw MakeBadKeyError("it has " + std::to_string(key.size()) + " characters");
  }
}

std::string AskForKey(Context& context) {
  std::optional<std::string> line = context.edges.secret_input.ReadLine(
      "API key for profile '" + context.profile.name + "' (not shown): ");
  if (!line) {
    throw Error(ErrorKind::kUsage, "no API key came on standard input",
                "run it on a terminal, or give the key to it: grok-auth login --api-key <FILE");
  }
  std::string key = TakeKey(*line);
  RequireKey(key);
  return key;
}

void Tell(Context& context, const StoredLogin& before) {
  context.messages.Say("The API key of profile '" + context.profile.name +
                       "' is stored; 'grok-auth exec' hands it out.");
  if (before.tokens && before.tokens->credential == Credential::kLogin) {
    context.messages.Say("The login that it replaces was not revoked at the server.");
  }
}

}  // namespace

void StoreApiKey(Context& context) {
  StoredLogin first = LookFirst(context);
  // Not opened: then the key waits in a file.
  if (context.profile.store != StoreChoice::kFile &&
      context.edges.keyring.Probe().state == KeyringState::kLocked && UnlockKeyring(context)) {
    first = LookFirst(context);
  }
  const Place place = ChoosePlace(context);
  TokenSet tokens = MakeApiKeySet(AskForKey(context), context.profile, context.edges.clock.Now());
  tokens.place = place;
  const std::optional<LoginStore::SavedSignIn> saved =
      context.store.SaveSignIn(std::move(tokens), std::nullopt);
  if (saved->rescued) {
    context.messages.Warn(DescribeRescue(context, *saved->rescued));
  }
  Tell(context, first);
}

Error MakeApiKeyError(const Profile& profile, const Demand& demand) {
  if (demand.wanted == Wanted::kNewer) {
    return {ErrorKind::kUsage,
            "there is nothing to renew: profile '" + profile.name + "' has an API key",
            "it is used as it is, until 'grok-auth login' or 'grok-auth logout' takes it away"};
  }
  return {
      ErrorKind::kLoginRequired,
      "profile '" + profile.name + "' has an API key, which is no token for an auth provider",
      // With an auth provider Grok (1.0.41) opens no window on a key, whatever preferred_method is.
      "take auth_provider_command out of Grok's configuration and start it by "
      "'grok-auth exec --profile " +
          profile.name + " -- grok', or " + LoginHint(profile)};
}

}  // namespace grokauth::app
