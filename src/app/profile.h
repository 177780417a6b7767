#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/environment.h"
#include "app/git_host.h"
#include "oauth/encoding.h"
#include "oauth/metadata.h"

namespace grokauth::app {

/// How a person signs in.
enum class Flow {
  kAuto,      ///< what suits the server and the place
  kDevice,    ///< RFC 8628
  kLoopback,  ///< authorization code with PKCE, redirected to 127.0.0.1 (RFC 8252 section 7.3)
};

/// Where a sign-in keeps its tokens.
enum class StoreChoice {
  kAuto,       ///< the keyring when there is one, else the state folder
  kLibsecret,  ///< the keyring
  kFile,       ///< the state folder
};

/// One login at one authorization server.
struct Profile {
  std::string name;
  std::string issuer;  ///< the exact string, as it is emitted to Grok
  std::string client_id;
  std::vector<std::string> scopes;
  std::optional<std::string> audience;
  Flow flow = Flow::kAuto;
  bool device_pkce = true;
  std::uint16_t redirect_port = 56121;
  bool redirect_port_exact = false;  ///< no other port when that one is taken
  StoreChoice store = StoreChoice::kAuto;
  bool mirror = true;  ///< a copy of the access token in the runtime folder, beside the keyring
  std::optional<std::chrono::seconds> min_validity;
  std::optional<std::string> ca_file;
  /// Of the API that the tokens are for, without a slash at the end; nothing: not known.
  std::optional<std::string> api_base;
  bool allow_http_loopback = false;
  oauth::Parameters authorize_params;
  std::vector<GitHost> git_hosts;       ///< git's requests for these are answered by this profile
  std::string git_username = "oauth2";  ///< beside the token; most servers ignore it
  bool is_xai = false;  ///< xAI's own accounts: endpoints pinned to x.ai, the account gate known

  [[nodiscard]] oauth::EndpointRules EndpointRules() const;
};

/// "sign in with 'grok-auth login --profile NAME'", for hints.
[[nodiscard]] std::string LoginHint(const Profile& profile);

/// The profiles there are: those of the configuration file and the built-in `xai`.
struct Configuration {
  std::string path;  ///< of the file, for messages
  std::optional<std::string> default_profile;
  /// Stands in when no profile is asked for: `grok-oidc` where Grok has OIDC settings.
  std::string fallback_profile = "xai";
  std::vector<Profile> profiles;  ///< by name; the built-in `xai` last unless the file has it
};

/// The built-in profile for xAI's own accounts.
[[nodiscard]] Profile MakeXaiProfile();

/// `name` with the other names of the built-in profile ("xai-oauth", "grok-oauth", ...) replaced by
/// "xai".
[[nodiscard]] std::string CanonicalProfileName(std::string_view name);

/// Whether `name` can name a profile: [A-Za-z0-9_-]{1,64}.
[[nodiscard]] bool IsProfileName(std::string_view name);

/// Reads the text of a configuration file. Throws `Error{kConfig}` with file, line and column for
/// a syntax error, an unknown or duplicate key, a value of the wrong type or out of range.
[[nodiscard]] Configuration ParseConfiguration(std::string_view text, const std::string& path);

/// The configuration without a file.
[[nodiscard]] Configuration DefaultConfiguration();

/// The name of the profile that was asked for: `option` (--profile), else GROKAUTH_PROFILE, else
/// `default_profile`; nothing when none of them is given.
[[nodiscard]] std::optional<std::string> RequestedProfile(const Configuration& configuration,
                                                          const std::optional<std::string>& option,
                                                          const Environment& environment);

/// The flow that GROKAUTH_FLOW asks for; nothing when it is unset. Throws `Error{kUsage}`.
[[nodiscard]] std::optional<Flow> FlowOverride(const Environment& environment);

/// The profile to use: the requested one, else the configuration's `fallback_profile`.
/// GROKAUTH_FLOW and GROKAUTH_STORE override its settings. Throws `Error{kUsage}` for a name that
/// cannot be one, `Error{kConfig}` for a profile that does not exist.
[[nodiscard]] Profile ChooseProfile(const Configuration& configuration,
                                    const std::optional<std::string>& option,
                                    const Environment& environment);

/// The values of the keys `flow` and `store`; nothing for other words.
[[nodiscard]] std::optional<Flow> ParseFlow(std::string_view word);
[[nodiscard]] std::optional<StoreChoice> ParseStoreChoice(std::string_view word);

}  // namespace grokauth::app
