#include "app/grok_settings.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "app/error.h"

namespace grokauth::app {

namespace {

// Grok's default scopes for a company's provider.
const std::vector<std::string>& DefaultScopes() {
  static const std::vector<std::string> scopes = {"openid", "profile", "email", "offline_access",
                                                  "api:access"};
  return scopes;
}

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = oauth::Printable(text.substr(begin, end - begin));
    const std::size_t first = word.find_first_not_of(' ');
    if (first != std::string::npos) {
      words.push_back(word.substr(first));
    }
    begin = end + 1;
  }
  return words;
}

/// What is wrong with the settings, as one clause; empty when nothing is.
std::string FaultOf(const Profile& profile) {
  if (profile.issuer.empty() || profile.client_id.empty()) {
    return "it needs both an issuer and a client id";
  }
  if (!oauth::IsTokenText(profile.client_id)) {
    return "the client id has a blank or a control character";
  }
  const std::string fault = oauth::EndpointFault(profile.issuer, profile.EndpointRules());
  const bool has_query = profile.issuer.find_first_of("?#") != std::string::npos;
  if (!fault.empty() || has_query) {
    return "the issuer " + (fault.empty() ? "has a query or a fragment" : fault);
  }
  return {};
}

void RequireUsable(const Profile& profile) {
  const std::string fault = FaultOf(profile);
  if (!fault.empty()) {
    throw Error(
        ErrorKind::kConfig,
        "Grok's OIDC configuration (GROK_OIDC_ISSUER, GROK_OIDC_CLIENT_ID or [auth.oidc] in "
        "its config.toml) cannot be used: " +
            fault,
        "complete it, or choose another profile with --profile");
  }
}

}  // namespace

std::optional<Profile> MakeGrokOidcProfile(const GrokOidcSettings& settings,
                                           const Environment& environment) {
  const auto either = [](const std::optional<std::string>& first,
                         const std::optional<std::string>& second) {
    return first ? first : second;
  };
  const auto issuer = either(settings.issuer, environment.grok_oidc_issuer);
  const auto client_id = either(settings.client_id, environment.grok_oidc_client_id);
  if (!issuer && !client_id) {
    return std::nullopt;
  }
  Profile profile;
  profile.name = kGrokOidcProfile;
  profile.issuer = issuer.value_or("");
  profile.client_id = client_id.value_or("");
  profile.audience = either(settings.audience, environment.grok_oidc_audience);
  if (settings.scopes) {
    profile.scopes = *settings.scopes;
  } else {
    profile.scopes = environment.grok_oidc_scopes ? SplitAtCommas(*environment.grok_oidc_scopes)
                                                  : DefaultScopes();
  }
  RequireUsable(profile);
  return profile;
}

}  // namespace grokauth::app
