#include "app/profile.h"

#include <algorithm>
#include <array>

#include "app/error.h"

namespace grokauth::app {

namespace {

constexpr std::array<std::string_view, 4> kOtherNamesOfXai = {"xai-oauth", "grok-oauth",
                                                              "x-ai-oauth", "xai-grok-oauth"};

std::string JoinNames(const std::vector<Profile>& profiles) {
  std::string names;
  for (const Profile& profile : profiles) {
    names += (names.empty() ? "" : ", ") + profile.name;
  }
  return names;
}

/// The name asked for and where it came from, for messages.
std::pair<std::string, std::string> RequestedName(const Configuration& configuration,
                                                  const std::optional<std::string>& option,
                                                  const Environment& environment) {
  if (option) {
    return {*option, "--profile"};
  }
  if (environment.profile) {
    return {*environment.profile, "GROKAUTH_PROFILE"};
  }
  if (configuration.default_profile) {
    return {*configuration.default_profile, "default_profile in " + configuration.path};
  }
  return {configuration.fallback_profile, "the default"};
}

}  // namespace

oauth::EndpointRules Profile::EndpointRules() const {
  return {allow_http_loopback, is_xai ? "x.ai" : ""};
}

std::string LoginHint(const Profile& profile) {
  return "sign in with 'grok-auth login --profile " + profile.name + "'";
}

Profile MakeXaiProfile() {
  Profile profile;
  profile.name = "xai";
  profile.issuer = "https://auth.x.ai";
  // Grok's own public client and its scopes for personal accounts: the token stands in for the one
  // that Grok would have fetched itself.
  profile.client_id = "b1a00492-073a-47ea-816f-4c329264a828";
  profile.scopes = {"openid",
                    "profile",
                    "email",
                    "offline_access",
                    "grok-cli:access",
                    "api:access",
                    "conversations:read",
                    "conversations:write",
                    "workspaces:read",
                    "workspaces:write"};
  profile.api_base = "https://api.x.ai/v1";
  profile.authorize_params = {{"plan", "generic"}, {"referrer", "grok-auth"}};
  profile.is_xai = true;
  profile.git_hosts = {GitHost{"api.x.ai", ""}};
  return profile;
}

std::string CanonicalProfileName(std::string_view name) {
  const bool other =
      std::find(kOtherNamesOfXai.begin(), kOtherNamesOfXai.end(), name) != kOtherNamesOfXai.end();
  return other ? "xai" : std::string(name);
}

bool IsProfileName(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
             std::string_view::npos;
}

Configuration DefaultConfiguration() {
  Configuration configuration;
  configuration.profiles.push_back(MakeXaiProfile());
  return configuration;
}

std::optional<std::string> RequestedProfile(const Configuration& configuration,
                                            const std::optional<std::string>& option,
                                            const Environment& environment) {
  const bool is_asked_for = option || environment.profile || configuration.default_profile;
  return is_asked_for ? std::optional(RequestedName(configuration, option, environment).first)
                      : std::nullopt;
}

std::optional<Flow> ParseFlow(std::string_view word) {
  if (word == "auto") {
    return Flow::kAuto;
  }
  if (word == "loopback") {
    return Flow::kLoopback;
  }
  return word == "device" ? std::optional(Flow::kDevice) : std::nullopt;
}

std::optional<StoreChoice> ParseStoreChoice(std::string_view word) {
  if (word == "auto") {
    return StoreChoice::kAuto;
  }
  if (word == "libsecret") {
    return StoreChoice::kLibsecret;
  }
  return word == "file" ? std::optional(StoreChoice::kFile) : std::nullopt;
}

std::optional<Flow> FlowOverride(const Environment& environment) {
  if (!environment.flow) {
    return std::nullopt;
  }
  const std::optional<Flow> flow = ParseFlow(*environment.flow);
  if (!flow) {
    throw Error(ErrorKind::kUsage, "GROKAUTH_FLOW is '" + oauth::Printable(*environment.flow) + "'",
                "set it to auto, device or loopback");
  }
  return flow;
}

Profile ChooseProfile(const Configuration& configuration, const std::optional<std::string>& option,
                      const Environment& environment) {
  const auto [requested, origin] = RequestedName(configuration, option, environment);
  const std::string name = CanonicalProfileName(requested);
  if (!IsProfileName(name)) {
    throw Error(ErrorKind::kUsage,
                "'" + oauth::Printable(name) + "' (from " + origin + ") cannot name a profile",
                "a profile name has 1 to 64 letters, digits, '-' or '_'");
  }
  const auto found = std::find_if(configuration.profiles.begin(), configuration.profiles.end(),
                                  [&](const Profile& profile) { return profile.name == name; });
  if (found == configuration.profiles.end()) {
    throw Error(ErrorKind::kConfig, "there is no profile '" + name + "' (from " + origin + ")",
                "the profiles are: " + JoinNames(configuration.profiles) + "; add [profile." +
                    name + "] to the configuration file for another one");
  }
  Profile profile = *found;
  profile.flow = FlowOverride(environment).value_or(profile.flow);
  if (environment.store) {
    const std::optional<StoreChoice> store = ParseStoreChoice(*environment.store);
    if (!store) {
      throw Error(ErrorKind::kUsage,
                  "GROKAUTH_STORE is '" + oauth::Printable(*environment.store) + "'",
                  "set it to auto, libsecret or file");
    }
    profile.store = *store;
  }
  return profile;
}

}  // namespace grokauth::app
