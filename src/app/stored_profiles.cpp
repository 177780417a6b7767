#include "app/stored_profiles.h"

#include <algorithm>
#include <set>
#include <string>

#include "app/login_store.h"

namespace grokauth::app {

namespace {

/// The profiles that have a login's files, or had them.
std::set<std::string> NamesInState(StateFolder& state) {
  std::set<std::string> names;
  for (const std::string& file : state.List("")) {
    const std::size_t end = file.rfind('.');
    const std::string name = file.substr(0, end);
    const std::string suffix = end == std::string::npos ? "" : file.substr(end);
    if (IsProfileName(name) && (suffix == kIdSuffix || suffix == kTokenSetSuffix)) {
      names.insert(name);
    }
  }
  return names;
}

/// What is stored for the profile, which knows its name alone; nothing when it cannot be read.
std::optional<StoredLogin> TryLoad(Edges& edges, const Profile& profile) {
  ProfileFiles files(profile.name, edges.state, edges.clock);
  try {
    return LoginStore(profile, files, edges.keyring, edges.random, edges.runtime).Load();
  } catch (const Error&) {
    return std::nullopt;  // whoever goes on with the profile meets the error
  }
}

}  // namespace

std::vector<Profile> FindForgottenProfiles(Edges& edges, const std::vector<Profile>& known) {
  std::vector<Profile> forgotten;
  for (const std::string& name : NamesInState(edges.state)) {
    const auto is_this = [&name](const Profile& profile) { return profile.name == name; };
    if (std::any_of(known.begin(), known.end(), is_this)) {
      continue;
    }
    Profile profile;
    profile.name = name;
    const std::optional<StoredLogin> login = TryLoad(edges, profile);
    if (login && login->tokens) {
      profile.issuer = login->tokens->issuer;
      profile.client_id = login->tokens->client_id;
    }
    if (!login || login->tokens || login->trouble || login->fault) {
      forgotten.push_back(std::move(profile));
    }
  }
  return forgotten;
}

}  // namespace grokauth::app
