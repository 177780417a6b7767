#include "app/ssh_login.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "app/sign_in_words.h"

namespace grokauth::app {

namespace {

// A line that stops in the middle is a prompt, or slow: it is shown after this.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::hours kNoPause{1};
// More than any address; a longer line is broken.
constexpr std::size_t kLongestLine = std::size_t{16} * 1024;
// Of a POSIX shell that does not find the program; of ssh(1) itself.
constexpr int kNotFoundStatus = 127;
constexpr int kSshFailedStatus = 255;

/// Whether the line that begins with `text` can be one that begins with `words`.
bool MayBeginWith(std::string_view text, std::string_view words) {
  const std::size_t length = std::min(text.size(), words.size());
  return text.substr(0, length) == words.substr(0, length);
}

/// What the host writes, ssh's own messages included: shown as it comes, fit for this terminal, but
/// for what is meant for this program.
class HostMessages {
 public:
  HostMessages(const SshPlan& plan, bool no_browser, Edges& edges, Messages& messages)
      : plan_(plan), no_browser_(no_browser), edges_(edges), messages_(messages) {}

  /// When to call `Pause` if nothing comes until then.
  [[nodiscard]] SteadyTime Deadline() {
    const SteadyTime now = edges_.clock.SteadyNow();
    return is_new_ ? now + kPause : now + kNoPause;
  }

  void Add(std::string_view text) {
    is_new_ = true;
    for (const char c : text) {
      // "\r\n" ends a line, and so does a "\r" by itself: nothing is written over what was shown.
      if (c == '\n' || (after_return_ && !line_.empty()) || line_.size() == kLongestLine) {
        EndLine();
      }
      after_return_ = c == '\r';
      if (c != '\n' && c != '\r') {
        line_ += c;
      }
    }
  }

  /// Nothing came for a while: shows the line so far, unless it may be one for this program.
  void Pause() {
    is_new_ = false;
    const std::string text = oauth::PrintableLine(line_);
    const bool is_awaited =
        MayBeginWith(text, kAddressWords) || MayBeginWith(text, kForwardWords) || IsAdvice(text);
    if (!is_awaited && text.size() > shown_) {
      edges_.terminal.WriteMessage(text.substr(shown_));
      shown_ = text.size();
    }
  }

  /// Nothing more comes.
  void Finish() {
    if (!line_.empty()) {
      messages_.Say(oauth::PrintableLine(line_).substr(shown_));
    }
  }

 private:
  void EndLine() {
    const std::string text = oauth::PrintableLine(line_);
    if (shown_ > 0) {
      messages_.Say(text.substr(shown_));
    } else {
      TakeLine(text);
    }
    line_.clear();
    shown_ = 0;
  }

  /// Whether the line belongs to the advice how to forward the port, which ssh does already.
  [[nodiscard]] bool IsAdvice(std::string_view line) const {
    return in_advice_ && line.starts_with(' ');
  }

  void TakeLine(const std::string& line) {
    if (IsAdvice(line)) {
      return;
    }
    in_advice_ = plan_.forwarded_port && line == kForwardWords;
    if (in_advice_) {
      return;
    }
    const std::string_view words = kAddressWords;
    if (line.starts_with(words) && line.find("://") != std::string::npos) {
      TakeAddress(line.substr(words.size()));
    } else {
      messages_.Say(line);
    }
  }

  void TakeAddress(const std::string& url) {
    const AddressVerdict verdict = JudgeAddress(url, plan_);
    if (verdict.use == AddressVerdict::Use::kRefuse) {
      throw Error(
          ErrorKind::kServer,
          "the host sent an address that " + verdict.fault + ": '" + oauth::Printable(url) + "'",
          "it was not opened, and you should not open it: sign in by 'grok-auth login' on "
          "the host only if you trust what runs there");
    }
    messages_.Say(kAddressWords + url);
    if (was_shown_) {
      return;  // one window is enough
    }
    was_shown_ = true;
    CheckRedirect(url);
    if (verdict.use == AddressVerdict::Use::kShow) {
      messages_.Warn("the address " + verdict.fault +
                     " and no profile was named, so it is not opened: open it by hand if you know "
                     "the server, or name the profile with --profile");
    } else if (!no_browser_ && edges_.browser.IsAvailable() && !edges_.browser.Open(url)) {
      messages_.Say("No browser could be started here: open the address by hand.");
    }
  }

  void CheckRedirect(const std::string& url) {
    const std::optional<std::uint16_t> port = RedirectPort(url);
    if (port && port != plan_.forwarded_port) {
      const std::string end = "127.0.0.1:" + std::to_string(*port);
      messages_.Warn("in the end the browser goes to " + end +
                     ", and nothing forwards that port to the host: if it cannot connect, run this "
                     "again with '-L " +
                     end + ":" + end + "' in front of the host");
    }
  }

  const SshPlan& plan_;
  bool no_browser_;
  Edges& edges_;
  Messages& messages_;
  std::string line_;       ///< that is not finished, as it came
  std::size_t shown_ = 0;  ///< how much of it, made printable, was shown
  bool is_new_ = false;    ///< something came since the last pause
  bool after_return_ = false;
  bool in_advice_ = false;
  bool was_shown_ = false;  ///< an address was
};

std::string DescribeHolder(Edges& edges, std::uint16_t port) {
  const std::string holder = edges.loopback.HolderOf(port);
  return holder.empty() ? "another program" : holder;
}

/// A password is asked for in vain when the port is taken, so that is found out first. Where a code
/// may do instead, one is asked for.
void RequirePort(SshPlan& plan, Edges& edges, Messages& messages) {
  if (!plan.forwarded_port || edges.loopback.Listen(*plan.forwarded_port)) {
    return;
  }
  const std::string taken = "port " + std::to_string(*plan.forwarded_port) +
                            " of 127.0.0.1 is taken here by " +
                            DescribeHolder(edges, *plan.forwarded_port);
  if (plan.flow == Flow::kLoopback) {
    throw Error(ErrorKind::kNetwork, taken,
                "end that program, or give --device if the server signs in with a code, too");
  }
  messages.Warn(taken + ": it is not forwarded, and the host is asked to sign in with a code");
  plan.forwarded_port.reset();
  plan.flow = Flow::kDevice;
}

int UseStatus(int status, const SshPlan& plan, Edges& edges) {
  if (status == kNotFoundStatus) {
    throw Error(ErrorKind::kConfig, "the host has no grok-auth where ssh looks for it",
                "install it there so that ssh HOST 'command -v grok-auth' finds it: the PATH of a "
                "shell that is not interactive must have its folder");
  }
  if (status == kSshFailedStatus) {
    const std::optional<std::uint16_t> port = plan.forwarded_port;
    const bool is_taken = port && !edges.loopback.Listen(*port);
    throw Error(ErrorKind::kNetwork, "ssh failed (status 255)",
                is_taken ? "port " + std::to_string(*port) + " of 127.0.0.1 is taken here by " +
                               DescribeHolder(edges, *port) + ": end that program"
                         : "ssh has said why; the same arguments must work with ssh alone");
  }
  return status;
}

}  // namespace

int SignInBySsh(const SshOptions& options, const Configuration& configuration,
                const Environment& environment, Edges& edges, Messages& messages) {
  SshPlan plan = PlanSsh(options, configuration, environment);
  RequirePort(plan, edges, messages);
  const std::vector<std::string> arguments = MakeSshArguments(plan, options.arguments);
  std::string command = "ssh";
  for (const std::string& argument : arguments) {
    command += " " + ShellQuoted(argument);
  }
  messages.Detail("runs " + oauth::PrintableLine(command));
  const std::unique_ptr<RunningShell> shell = edges.remote_shell.Start(arguments);
  HostMessages host(plan, options.no_browser, edges, messages);
  while (const std::optional<std::string> text = shell->Read(host.Deadline())) {
    if (text->empty()) {
      host.Pause();
    } else {
      host.Add(*text);
    }
  }
  host.Finish();
  return UseStatus(shell->Status(), plan, edges);
}

}  // namespace grokauth::app
