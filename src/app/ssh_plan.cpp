#include "app/ssh_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/error.h"
#include "oauth/authorization_request.h"

namespace grokauth::app {

namespace {

constexpr const char* kXai = "xai";

std::optional<std::string> NamedProfile(const SshOptions& options,
                                        const Configuration& configuration,
                                        const Environment& environment) {
  const std::optional<std::string> requested =
      RequestedProfile(configuration, options.profile, environment);
  if (!requested) {
    return std::nullopt;
  }
  std::string name = CanonicalProfileName(*requested);
  if (!IsProfileName(name)) {
    throw Error(ErrorKind::kUsage, "'" + oauth::Printable(name) + "' cannot name a profile",
                "a profile name has 1 to 64 letters, digits, '-' or '_'");
  }
  return name;
}

/// What this computer knows of the profile; null when that is nothing.
const Profile* FindProfile(const Configuration& configuration,
                           const std::optional<std::string>& name) {
  const auto found = std::find_if(configuration.profiles.begin(), configuration.profiles.end(),
                                  [&](const Profile& profile) { return profile.name == name; });
  return found == configuration.profiles.end() ? nullptr : &*found;
}

bool IsSafeInShell(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-_./:=@,+").find(c) != std::string_view::npos;
}

}  // namespace

SshPlan PlanSsh(const SshOptions& options, const Configuration& configuration,
                const Environment& environment) {
  SshPlan plan;
  plan.profile = NamedProfile(options, configuration, environment);
  const Profile* profile = FindProfile(configuration, plan.profile);
  const std::optional<Flow> wish = options.flow ? options.flow : FlowOverride(environment);
  const Flow flow = wish.value_or(profile != nullptr ? profile->flow : Flow::kAuto);
  const bool is_xai = profile != nullptr && profile->is_xai;
  if (flow == Flow::kDevice || (flow == Flow::kAuto && is_xai)) {
    plan.flow = Flow::kDevice;  // whatever the profile says there: nothing is forwarded
    return plan;
  }
  if (flow == Flow::kLoopback) {
    plan.flow = Flow::kLoopback;
  }
  plan.forwarded_port = profile != nullptr ? profile->redirect_port : Profile().redirect_port;
  return plan;
}

std::vector<std::string> MakeSshArguments(const SshPlan& plan,
                                          const std::vector<std::string>& arguments) {
  // ssh takes the first value that it is given of each option, so these win over its configuration:
  // a shared connection would keep the forward, and our pipe, after the end; the address comes
  // apart from the answer only without a terminal; and a host may have a command of its own.
  std::vector<std::string> all{"-o", "ControlPath=none",  "-o", "RequestTTY=no",
                               "-o", "RemoteCommand=none"};
  if (plan.forwarded_port) {
    const std::string end = "127.0.0.1:" + std::to_string(*plan.forwarded_port);
    all.insert(all.end(), {"-o", "ExitOnForwardFailure=yes", "-L", end + ":" + end});
  }
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<std::string> command{"grok-auth", "login"};
  if (plan.profile) {
    command.push_back("--profile=" + *plan.profile);
  }
  if (plan.flow == Flow::kDevice) {
    command.emplace_back("--device");
  } else if (plan.flow == Flow::kLoopback) {
    command.emplace_back("--loopback");
  }
  command.emplace_back("--no-browser");
  std::transform(command.begin(), command.end(), std::back_inserter(all), ShellQuoted);
  return all;
}

std::string ShellQuoted(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), IsSafeInShell)) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return quoted + "'";
}

AddressVerdict JudgeAddress(std::string_view url, const SshPlan& plan) {
  using Use = AddressVerdict::Use;
  const std::optional<oauth::UrlParts> parts = oauth::ParseUrl(url);
  if (!parts || parts->scheme != "https") {
    return {Use::kRefuse, "is not an https URL"};
  }
  if (std::string fault = oauth::EndpointFault(url, {}); !fault.empty()) {
    return {Use::kRefuse, std::move(fault)};
  }
  std::string elsewhere = oauth::EndpointFault(url, MakeXaiProfile().EndpointRules());
  if (!elsewhere.empty() && (!plan.profile || plan.profile == kXai)) {
    return {plan.profile ? Use::kRefuse : Use::kShow, std::move(elsewhere)};
  }
  return {Use::kOpen, ""};
}

std::optional<std::uint16_t> RedirectPort(std::string_view url) {
  const std::size_t query = std::min(url.find('?'), url.size());
  for (const auto& [name, value] : oauth::ParseQuery(url.substr(std::min(query + 1, url.size())))) {
    const std::optional<oauth::UrlParts> parts = oauth::ParseUrl(value);
    if (name == "redirect_uri" && parts && oauth::IsLoopbackHost(parts->host)) {
      return parts->port;
    }
  }
  return std::nullopt;
}

}  // namespace grokauth::app
