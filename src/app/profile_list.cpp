#include "app/profile_list.h"

#include <vector>

#include "oauth/json.h"

namespace grokauth::app {

void PrintProfiles(const Configuration& configuration, const Environment& environment, bool json,
                   Terminal& terminal) {
  const std::string default_name =
      CanonicalProfileName(RequestedProfile(configuration, /*option=*/std::nullopt, environment)
                               .value_or(configuration.fallback_profile));
  std::string names;
  std::vector<oauth::JsonObject> profiles;
  for (const Profile& profile : configuration.profiles) {
    names += profile.name + "\n";
    oauth::JsonObject object;
    object.Set("name", profile.name)
        .Set("issuer", profile.issuer)
        .Set("default", profile.name == default_name);
    profiles.push_back(std::move(object));
  }
  oauth::JsonObject answer;
  answer.Set("ok", true).Set("profiles", profiles);
  terminal.WriteAnswer(json ? answer.Text() + "\n" : names);
}

}  // namespace grokauth::app
