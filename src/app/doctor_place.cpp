#include "app/doctor_place.h"

#include <string>

#include "app/flow_choice.h"
#include "app/reach_hint.h"
#include "app/surroundings.h"

namespace grokauth::app {

namespace {

using Outcome = Check::Outcome;

std::string WhereWords(Surroundings surroundings) {
  switch (surroundings) {
    case Surroundings::kHere:
      return "";
    case Surroundings::kSsh:
      return ", over SSH";
    case Surroundings::kContainer:
      return ", in a container";
    case Surroundings::kPod:
      return ", in a pod";
    case Surroundings::kCodespace:
      return ", in a codespace";
    case Surroundings::kGoogleCloudShell:
    case Surroundings::kCloudShell:
      break;
  }
  return ", in a cloud shell";
}

/// What brings a browser elsewhere to the listener here.
std::string ForwardWords(Context& context) {
  const Surroundings surroundings = FindSurroundings(context.environment, context.edges.machine);
  std::string text;
  for (const std::string& line :
       ReachHint(surroundings, context.environment.ssh_destination, context.profile.redirect_port,
                 context.profile.name, /*can_paste=*/false)) {
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

FlowSituation MakeSituation(Context& context,
                            const std::optional<oauth::ServerMetadata>& metadata) {
  return {!metadata || metadata->device_authorization_endpoint.has_value(),
          !metadata || metadata->authorization_endpoint.has_value(),
          context.edges.browser.IsAvailable()};
}

}  // namespace

Check CheckBrowser(Context& context) {
  const std::string where =
      WhereWords(FindSurroundings(context.environment, context.edges.machine));
  return {
      Outcome::kGood, "browser",
      (context.edges.browser.IsAvailable() ? "one can be opened here" : "none can be opened here") +
          where,
      ""};
}

Check CheckSignIn(Context& context, const std::optional<oauth::ServerMetadata>& metadata) {
  const FlowSituation situation = MakeSituation(context, metadata);
  const std::optional<ChosenFlow> flow = ChooseFlow(context.profile, situation);
  if (!flow) {
    return {Outcome::kTrouble, "sign-in",
            "the server offers neither the device flow nor a sign-in by browser",
            "ask its administrator to enable the device authorization grant (RFC 8628) for the "
            "client '" +
                context.profile.client_id + "'"};
  }
  const bool is_device = *flow == ChosenFlow::kDevice;
  const std::string by = is_device ? "by the device flow" : "by the loopback flow";
  const std::string condition = metadata ? "" : ", if the server offers it";
  const Flow refused = is_device ? Flow::kLoopback : Flow::kDevice;
  const bool is_second_choice = context.profile.flow == refused;
  const std::string why = is_second_choice ? std::string(": the server does not offer the ") +
                                                 (is_device ? "loopback" : "device") + " flow"
                                           : "";
  if (is_device) {
    return {is_second_choice ? Outcome::kNote : Outcome::kGood, "sign-in",
            by + condition + (why.empty() ? ": open an address on any device" : why), ""};
  }
  if (situation.can_open_browser) {
    return {is_second_choice ? Outcome::kNote : Outcome::kGood, "sign-in",
            by + condition + (why.empty() ? ": in the browser here" : why), ""};
  }
  return {Outcome::kNote, "sign-in",
          by + condition + (why.empty() ? ": the browser must reach this computer" : why),
          ForwardWords(context)};
}

Check CheckPort(Context& context, const std::optional<oauth::ServerMetadata>& metadata) {
  const Profile& profile = context.profile;
  const bool is_needed =
      ChooseFlow(profile, MakeSituation(context, metadata)) == ChosenFlow::kLoopback;
  const std::string port = "port " + std::to_string(profile.redirect_port) + " of 127.0.0.1";
  const std::string end = is_needed ? "" : "; not needed here";
  try {
    if (context.edges.loopback.Listen(profile.redirect_port)) {
      return {Outcome::kGood, "port", port + " is free" + end, ""};
    }
  } catch (const Error& error) {
    return {is_needed ? Outcome::kTrouble : Outcome::kNote, "port", error.what() + end,
            is_needed ? error.hint() : ""};
  }
  const std::string holder = context.edges.loopback.HolderOf(profile.redirect_port);
  const std::string finding =
      port + " is taken" +
      (holder.empty() ? " by another user's program or a sign-in of grok-auth" : " by " + holder);
  // A forward from elsewhere is for this port; without one a sign-in takes another.
  if (is_needed && (profile.redirect_port_exact || context.environment.is_ssh)) {
    return {Outcome::kTrouble, "port", finding,
            "end that program, or set redirect_port in the profile"};
  }
  return {Outcome::kNote, "port", finding + (is_needed ? "; a sign-in uses another one" : end), ""};
}

}  // namespace grokauth::app
