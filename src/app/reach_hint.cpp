#include "app/reach_hint.h"

#include "app/sign_in_words.h"

namespace grokauth::app {

namespace {

using Lines = std::vector<std::string>;

class Hint {
 public:
  Hint(const SshDestination& machine, std::uint16_t port, const std::optional<std::string>& profile)
      : machine_(machine),
        port_(std::to_string(port)),
        option_(profile ? " --profile " + *profile : "") {}

  [[nodiscard]] Lines ByForward(Surroundings surroundings) const {
    switch (surroundings) {
      case Surroundings::kHere:
        return BySsh("The browser must reach this computer. From another one:");
      case Surroundings::kSsh:
        return BySsh(kForwardWords);
      case Surroundings::kContainer:
        return {"The browser must reach port " + port_ + " of this container's own 127.0.0.1,",
                "where published ports (docker run -p) do not lead. In a container that was",
                "started with --network=host, it is the port of the host."};
      case Surroundings::kPod:
        return {"The browser must reach this pod. From the computer you sit at:",
                "  kubectl port-forward " + machine_.host + " " + port_,
                "  If the pod is not in your default namespace, add: -n NAMESPACE"};
      case Surroundings::kCodespace:
        return {"The browser must reach this codespace. VS Code on your computer forwards the",
                "port by itself; without it, from the computer you sit at:",
                "  gh codespace ports forward " + port_ + ":" + port_};
      case Surroundings::kGoogleCloudShell:
        return {"The browser must reach this cloud shell. From the computer you sit at:",
                "  gcloud cloud-shell ssh --ssh-flag=\"-L " + Forward() + "\""};
      case Surroundings::kCloudShell:
        break;
    }
    return {"The browser must reach port " + port_ + " of this cloud shell's own 127.0.0.1. If it",
            "can forward ports, forward it to port " + port_ + " of the computer you sit at."};
  }

  [[nodiscard]] Lines ByLogin() const {
    return {"Or run 'grok-auth login" + option_ + "' on a terminal here: it takes the",
            "address that the browser ends at."};
  }

 private:
  [[nodiscard]] std::string Forward() const { return port_ + ":127.0.0.1:" + port_; }

  [[nodiscard]] Lines BySsh(const std::string& beginning) const {
    const std::string words = SshWords(machine_);
    return {beginning, "  ssh -N -L " + Forward() + " " + words,
            "  If you come through a jump host, add: -J JUMPHOST",
            "  Or in one step: grok-auth ssh" + option_ + " " + words};
  }

  const SshDestination& machine_;
  std::string port_;
  std::string option_;  ///< that names the profile, after a blank
};

}  // namespace

std::vector<std::string> ReachHint(Surroundings surroundings, const SshDestination& machine,
                                   std::uint16_t port, const std::optional<std::string>& profile,
                                   bool can_paste) {
  const Hint hint(machine, port, profile);
  Lines lines = hint.ByForward(surroundings);
  Lines more;
  if (can_paste) {
    more = {"Or open the address anywhere, and paste here the address that the browser",
            "ends at, or the code that the page shows."};
  } else if (surroundings != Surroundings::kHere && surroundings != Surroundings::kSsh) {
    more = hint.ByLogin();
  }
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

}  // namespace grokauth::app
