#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "app/context.h"
#include "app/device_flow.h"
#include "app/exchange.h"
#include "app/freshness.h"
#include "app/worker_report.h"

namespace grokauth::app {

/// The error of a sign-in whose profile was signed out meanwhile.
[[nodiscard]] Error MakeSignedOutError(const Profile& profile);

/// How a sign-in goes on.
struct SignInOptions {
  SteadyTime deadline;  ///< then it ends with `Error{kTimeout}`
  Demand demand;
  /// Less time for the loopback flow, whose listener holds a port.
  std::optional<std::chrono::seconds> loopback_patience;
  bool is_login =
      false;  ///< the command `login`: a new request, and a browser whatever came before
  bool no_browser = false;
  bool no_qr = false;
  /// A refresh that still waits for the server: its token is taken when it comes first.
  std::unique_ptr<RunningWorker> refresh;
};

/// What the flows of a sign-in have in common: showing the address once, opening one browser,
/// waiting without missing a token that comes another way.
class SignInSession {
 public:
  SignInSession(Context& context, SignInOptions options, const StoredLogin& first);

  [[nodiscard]] Context& context() { return context_; }
  [[nodiscard]] const SignInOptions& options() const { return options_; }
  /// Ends the sign-in after `patience` when that is sooner than its deadline.
  void Limit(std::chrono::seconds patience);
  [[nodiscard]] SteadyTime Now() { return context_.edges.clock.SteadyNow(); }

  /// Whether a browser can be opened for the person here.
  [[nodiscard]] bool CanOpenBrowser();

  /// Shows the address, as this run's first line when it is the first; nothing when it was shown.
  void ShowAddress(const PendingSignIn& pending);

  /// Shows the address and opens a browser there, unless an earlier sign-in went unanswered: Grok
  /// starts sign-ins by itself, and nobody wants a window for each.
  void Announce(const PendingSignIn& pending);

  /// Says that the sign-in waits for `whom` until `end` at the latest: on the terminal of a `login`
  /// by a countdown in a line that takes itself away.
  void TellWaiting(const std::string& whom, SteadyTime end);
  /// Brings the countdown up to date.
  void ShowCountdown();

  /// Sleeps until `time`, or until the refresh in the background brings a token. Throws
  /// `Interrupted`.
  void Pause(SteadyTime time);

  /// What the person types or pastes during a `login`; null when nobody can.
  [[nodiscard]] Keyboard* keyboard();

  /// A token that this run did not see at its start: the refresh in the background brought it, or
  /// another process signed in or refreshed. Throws `Error{kLoginRequired}` when it stored an API
  /// key.
  [[nodiscard]] std::optional<Handout> FindOtherLogin();
  /// The same without a look at the store.
  [[nodiscard]] const std::optional<Handout>& late_token() const { return late_token_; }

  /// How long a request that may bring the tokens may take: giving up on its answer can cost the
  /// login, but Grok kills a provider 10 s after the deadline of a run.
  [[nodiscard]] Patience TokenPatience();

  /// Throws `Error{kTimeout}` when the deadline has passed; `hint` says what to do then.
  void ThrowAtDeadline(const std::string& hint);

  /// Throws the error of a sign-out that happened since this run's first look: another store id,
  /// and no login.
  void ThrowIfSignedOut();

  /// Says who signed in and for how long, as the last line, after `warning` when there is one.
  [[nodiscard]] Handout Finish(const TokenSet& tokens, const std::string& warning);

 private:
  void SetUnanswered();
  void ShowCode(const PendingSignIn& pending);
  void PauseOnce(SteadyTime time);

  Context& context_;
  SignInOptions options_;
  std::string first_store_id_;
  std::optional<TokenVersion> first_look_;
  bool was_unanswered_;
  std::set<std::string> shown_;
  std::unique_ptr<Keyboard> keyboard_;
  std::optional<Screen> screen_;  ///< for more than plain lines: of a `login` on a terminal
  std::string awaited_;           ///< whom the countdown speaks of; empty: there is none
  SteadyTime countdown_end_;
  std::optional<Handout> late_token_;
};

}  // namespace grokauth::app
