#include "app/api_base.h"

#include "app/error.h"
#include "app/grok_settings.h"

namespace grokauth::app {

std::string ApiBaseFault(std::string_view url, const oauth::EndpointRules& rules) {
  std::string fault = oauth::EndpointFault(url, rules);
  if (fault.empty() && url.find_first_of("?#") != std::string_view::npos) {
    fault = "has a query or a fragment";
  }
  return fault;
}

std::string WithoutEndSlashes(std::string_view url) {
  while (url.ends_with('/')) {
    url.remove_suffix(1);
  }
  return std::string(url);
}

ApiBase ChooseApiBase(const Profile& profile, const Environment& environment) {
  if (!profile.is_xai || !environment.xai_base_url) {
    return {profile.api_base, ""};
  }
  const std::string fault = ApiBaseFault(*environment.xai_base_url, profile.EndpointRules());
  if (fault.empty()) {
    return {WithoutEndSlashes(*environment.xai_base_url), ""};
  }
  // Its value is not repeated: gateways have passwords in their URLs.
  return {profile.api_base, "XAI_BASE_URL " + fault +
                                ", and is passed over: the models are those " + "of " +
                                profile.api_base.value_or("")};
}

std::string RequireApiBase(const Profile& profile, const Environment& environment) {
  std::optional<std::string> url = ChooseApiBase(profile, environment).url;
  if (!url) {
    const std::string table = "[profile." + profile.name + "]";
    throw Error(
        ErrorKind::kConfig,
        "profile '" + profile.name + "' does not say where the API is that its tokens are for",
        profile.name == kGrokOidcProfile
            ? "write a table " + table +
                  " with issuer, client_id and api_base into the configuration file"
            : "add to " + table + " in the configuration file: api_base = \"https://HOST/v1\"");
  }
  return *std::move(url);
}

bool IsXaiApi(std::string_view url) {
  return oauth::EndpointFault(url, {false, "x.ai"}).empty();
}

}  // namespace grokauth::app
