#include "app/doctor_place.h"

#include <string>

#include "app/flow_choice.h"
#include "app/reach_hint.h"
#include "app/surroundings.h"

namespace grokauth::app {

namespace {

using Outcome = Check::Outcome;

const char* WhereWords(Surroundings surroundings) {
  switch (surroundings) {
    case Surroundings::kHere:
      return "here";
    case Surroundings::kSsh:
      return "here, over SSH";
    case Surroundings::kContainer:
      return "here, in a container";
    case Surroundings::kPod:
      return "here, in a pod";
    case Surroundings::kCodespace:
      return "here, in a codespace";
    case Surroundings::kGoogleCloudShell:
    case Surroundings::kCloudShell:
      break;
  }
  return "here, in a cloud shell";
}

/// What brings a browser elsewhere to the listener here.
std::string ForwardWords(Context& context, Surroundings surroundings) {
  std::string text;
  for (const std::string& line :
       ReachHint(surroundings, context.environment.ssh_destination, context.profile.redirect_port,
                 context.profile.name, /*can_paste=*/false)) {
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

/// Whether sign-ins of the profile may listen, as far as the profile says.
bool MayListen(const Profile& profile) {
  return profile.flow == Flow::kLoopback || (profile.flow == Flow::kAuto && !profile.is_xai);
}

}  // namespace

Check CheckSignIn(Context& context, const std::optional<oauth::ServerMetadata>& metadata) {
  const FlowSituation situation{!metadata || metadata->device_authorization_endpoint.has_value(),
                                !metadata || metadata->authorization_endpoint.has_value(),
                                context.edges.browser.IsAvailable()};
  const std::optional<ChosenFlow> flow = ChooseFlow(context.profile, situation);
  if (!flow) {
    return {Outcome::kTrouble, "sign-in",
            "the server offers neither the device flow nor a sign-in by browser",
            "ask its administrator to enable the device authorization grant (RFC 8628) for the "
            "client '" +
                context.profile.client_id + "'"};
  }
  const std::string condition = metadata ? "" : ", if the server offers it";
  const Surroundings surroundings = FindSurroundings(context.environment, context.edges.machine);
  const std::string where = WhereWords(surroundings);
  const std::string browser =
      situation.can_open_browser ? "a browser opens " + where : "no browser can be opened " + where;
  if (*flow == ChosenFlow::kDevice) {
    const bool is_second_choice = context.profile.flow == Flow::kLoopback;
    return {is_second_choice ? Outcome::kNote : Outcome::kGood, "sign-in",
            std::string("by the device flow") + condition +
                (is_second_choice ? ": the server does not offer the loopback flow"
                                  : ": the address can be opened on any device; " + browser),
            ""};
  }
  const std::string finding = "by the loopback flow" + condition + ": " + browser;
  if (situation.can_open_browser) {
    return {Outcome::kGood, "sign-in", finding, ""};
  }
  return {Outcome::kNote, "sign-in", finding, ForwardWords(context, surroundings)};
}

Check CheckPort(Context& context) {
  const Profile& profile = context.profile;
  const std::string port = "port " + std::to_string(profile.redirect_port) + " of 127.0.0.1";
  const std::string unused = MayListen(profile) ? "" : "; this profile does not need it";
  const Outcome bad = MayListen(profile) ? Outcome::kTrouble : Outcome::kNote;
  try {
    if (context.edges.loopback.Listen(profile.redirect_port)) {
      return {Outcome::kGood, "port", port + " is free" + unused, ""};
    }
  } catch (const Error& error) {
    return {bad, "port", error.what() + unused, unused.empty() ? error.hint() : ""};
  }
  const std::string holder = context.edges.loopback.HolderOf(profile.redirect_port);
  const std::string finding =
      port + " is taken" +
      (holder.empty() ? " by another user's program or a sign-in of grok-auth" : " by " + holder);
  if (!unused.empty()) {
    return {Outcome::kNote, "port", finding + unused, ""};
  }
  const std::string fix = "end that program, or set redirect_port in the profile";
  // A forward from elsewhere is for this port; without one a sign-in takes another.
  if (profile.redirect_port_exact || context.environment.is_ssh) {
    return {Outcome::kTrouble, "port", finding, fix};
  }
  return {Outcome::kNote, "port", finding + "; a sign-in uses another one", fix};
}

}  // namespace grokauth::app
