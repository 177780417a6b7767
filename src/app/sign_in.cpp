#include "app/sign_in.h"

#include <algorithm>
#include <set>
#include <utility>

#include "app/device_flow.h"
#include "app/output.h"
#include "app/silent_refresh.h"

namespace grokauth::app {

namespace {

constexpr std::chrono::milliseconds kTurnPollInterval{200};
// Giving up on the answer to a poll can cost the login that it brings; but Grok kills a provider
// 10 s after the deadline of a run.
constexpr std::chrono::seconds kLongestPoll{60};
constexpr std::chrono::seconds kGraceAfterDeadline{8};
// With less than this left, a new code would expire with the run.
constexpr std::chrono::seconds kWorthANewCode{30};
// RFC 8628 section 3.5: after a connection timeout a client must poll less often.
constexpr std::chrono::seconds kTroubleDelay{5};
constexpr std::chrono::seconds kLongestTroubleDelay{30};

class SignInRun {
 public:
  SignInRun(Context& context, SignInOptions options, const StoredLogin& first)
      : context_(context),
        options_(std::move(options)),
        was_unanswered_(first.record.sign_in_unanswered) {
    if (first.tokens) {
      first_look_ = VersionOf(*first.tokens);
    }
  }

  Handout Run() {
    const std::unique_ptr<Lock> lock = WaitForTurn();
    if (std::optional<Handout> other = FindOtherLogin()) {
      return std::move(*other);
    }
    while (true) {
      Step step = NewCodeNeeded{};
      std::optional<PendingEntry> entry = options_.is_login ? std::nullopt : FindPending();
      if (entry) {
        step = TakeUp(*entry);
      } else {
        entry = BeginDeviceSignIn(context_);
        answer_may_be_lost_ = false;
        step = KeepAsking{};
      }
      if (std::holds_alternative<KeepAsking>(step)) {
        Announce(entry->pending);
        step = Wait(*entry);
      }
      if (auto* handout = std::get_if<Handout>(&step)) {
        return std::move(*handout);
      }
    }
  }

 private:
  struct KeepAsking {};
  struct NewCodeNeeded {};
  using Step = std::variant<Handout, KeepAsking, NewCodeNeeded>;

  SteadyTime Now() { return context_.edges.clock.SteadyNow(); }

  /// Waits for the sign-in lock. Whoever holds it has a pending request: its address is shown here
  /// too, as this run's own first line. Null when the holder's token came first.
  std::unique_ptr<Lock> WaitForTurn() {
    while (true) {
      if (std::unique_ptr<Lock> lock = context_.files.TrySignInLock()) {
        return lock;
      }
      if (const std::optional<PendingEntry> entry = FindPending()) {
        ShowAddress(entry->pending);
      }
      if (FindOtherLogin()) {
        return nullptr;
      }
      Pause(Now() + kTurnPollInterval);
      if (late_token_) {
        return nullptr;
      }
      ThrowAtDeadline();
    }
  }

  /// A token that this run did not see at its start: another process signed in or refreshed, or the
  /// refresh that this run began came through.
  std::optional<Handout> FindOtherLogin() {
    if (late_token_) {
      return late_token_;
    }
    const StoredLogin login = context_.store.Load();
    const bool is_new = login.tokens && first_look_ != VersionOf(*login.tokens);
    const UnixTime now = context_.edges.clock.Now();
    const NextStep step =
        DecideNextStep(login, context_.profile, options_.demand, now, first_look_);
    if (is_new && std::holds_alternative<HandOut>(step)) {
      return MakeHandout(login, options_.demand);
    }
    return std::nullopt;
  }

  /// The newest pending request that can be taken up.
  std::optional<PendingEntry> FindPending() {
    std::optional<PendingEntry> newest;
    for (const std::string& name : context_.pending.List()) {
      const std::optional<std::string> text = context_.pending.Read(name);
      std::optional<PendingSignIn> pending = text ? ParsePending(*text) : std::nullopt;
      if (pending && IsResumable(*pending, context_.profile, context_.edges.clock.Now()) &&
          (!newest || newest->pending.expires_at < pending->expires_at)) {
        newest = PendingEntry{name, std::move(*pending)};
      }
    }
    return newest;
  }

  void ShowAddress(const PendingSignIn& pending) {
    if (!shown_.insert(pending.url).second) {
      return;
    }
    const std::chrono::seconds left = pending.expires_at - context_.edges.clock.Now();
    context_.messages.Announce("Sign in at " + pending.url);
    context_.messages.Say("Code: " + pending.user_code + " (valid for " + FormatDuration(left) +
                          ")");
  }

  void Announce(const PendingSignIn& pending) {
    ShowAddress(pending);
    SetUnanswered();
    const bool may_open = options_.is_login || !was_unanswered_;
    if (may_open && !options_.no_browser && context_.edges.browser.IsAvailable() &&
        !context_.edges.browser.Open(pending.url)) {
      context_.messages.Say("No browser could be started here: open the address by hand.");
    }
    was_unanswered_ = true;  // one window is enough
    context_.messages.Say("Waiting for you to approve it there ...");
  }

  /// Until a sign-in succeeds, later runs open no further window.
  void SetUnanswered() {
    try {
      const std::string store_id = context_.store.Load().store_id;
      context_.store.UpdateRecord(store_id,
                                  [](RefreshRecord& record) { record.sign_in_unanswered = true; });
    } catch (const Error& error) {
      context_.messages.Detail(error.what());
    }
  }

  /// Takes up the request of an earlier run. It may have been approved since: that is found out
  /// before anybody is asked again.
  Step TakeUp(PendingEntry& entry) {
    answer_may_be_lost_ = true;
    if (context_.edges.clock.Now() - entry.pending.last_poll < entry.pending.interval) {
      return KeepAsking{};
    }
    return Use(PollDeviceSignIn(context_, entry, PollPatience()), entry);
  }

  /// Polls until somebody decided.
  Step Wait(PendingEntry& entry) {
    while (true) {
      PauseForNextPoll(entry.pending);
      if (late_token_) {
        return *late_token_;
      }
      ThrowAtDeadline();
      Step step = context_.edges.clock.Now() >= entry.pending.expires_at
                      ? StartAgainOrFail(entry)
                      : Use(PollDeviceSignIn(context_, entry, PollPatience()), entry);
      if (!std::holds_alternative<KeepAsking>(step)) {
        return step;
      }
    }
  }

  Step Use(const PollResult& result, const PendingEntry& entry) {
    if (const auto* signed_in = std::get_if<SignedIn>(&result)) {
      return Finish(*signed_in);
    }
    if (const auto* refused = std::get_if<SignInRefused>(&result)) {
      throw Error(refused->error);
    }
    if (std::holds_alternative<EntryGone>(result)) {
      return TakeOtherLogin();
    }
    if (std::holds_alternative<CodeExpired>(result)) {
      return StartAgainOrFail(entry);
    }
    if (std::holds_alternative<CodeUnknown>(result)) {
      return StartAgainIfLost();
    }
    if (std::holds_alternative<PolledElsewhere>(result)) {
      Pause(Now() + kTurnPollInterval);
    }
    const auto* pending = std::get_if<StillPending>(&result);
    TellTrouble(pending != nullptr ? pending->trouble : "");
    return KeepAsking{};
  }

  void PauseForNextPoll(const PendingSignIn& pending) {
    const UnixTime now = context_.edges.clock.Now();
    // A wall clock that was set back must not put the next poll far off.
    const std::chrono::seconds since = std::max(now - pending.last_poll, std::chrono::seconds(0));
    const std::chrono::seconds due =
        std::max(pending.interval + trouble_delay_ - since, std::chrono::seconds(0));
    Pause(std::min(Now() + due, options_.deadline));
  }

  /// Sleeps until `time`, or until the refresh in the background brings a token.
  void Pause(SteadyTime time) {
    if (options_.refresh) {
      const std::optional<std::string> text =
          options_.refresh->ReadReport(time, /*ignore_interrupts=*/false);
      if (!text) {
        return;
      }
      options_.refresh.reset();
      if (const std::optional<WorkerReport> report = ParseReport(*text)) {
        SilentRefreshResult result = UseReport(context_, *report);
        if (auto* handout = std::get_if<Handout>(&result)) {
          late_token_ = std::move(*handout);
          return;
        }
      }
    }
    context_.edges.clock.SleepUntil(time);
  }

  Patience PollPatience() {
    Patience patience;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.deadline - Now()) +
        kGraceAfterDeadline;
    patience.total = std::min<std::chrono::milliseconds>(kLongestPoll, left);
    return patience;
  }

  /// Nobody decided: `trouble` says why the server could not be asked, if it could not.
  void TellTrouble(const std::string& trouble) {
    if (trouble.empty()) {
      trouble_delay_ = std::chrono::seconds(0);
    } else {
      answer_may_be_lost_ = true;
      trouble_delay_ = std::min(trouble_delay_ + kTroubleDelay, kLongestTroubleDelay);
      if (trouble != last_trouble_) {
        context_.messages.Warn("asking the server failed, and is tried again: " + trouble);
      }
    }
    last_trouble_ = trouble;
  }

  void ThrowAtDeadline() {
    if (Now() >= options_.deadline) {
      throw Error(ErrorKind::kTimeout, "nobody finished the sign-in in time",
                  "open the address and approve it: the next run picks the approval up while the "
                  "code is valid");
    }
  }

  /// The code expired: asks for a new one when there is time for it.
  Step StartAgainOrFail(const PendingEntry& entry) {
    context_.pending.Remove(entry.name);
    if (options_.deadline - Now() < kWorthANewCode) {
      throw Error(ErrorKind::kExpired, "the code expired before anybody approved it",
                  "run it again to get a new one");
    }
    context_.messages.Say("The code has expired; here is a new one.");
    return NewCodeNeeded{};
  }

  /// The server does not know the code. That is no surprise when an earlier answer may have been
  /// lost on its way, or another program used the code up.
  Step StartAgainIfLost() {
    if (answer_may_be_lost_) {
      return NewCodeNeeded{};
    }
    throw Error(ErrorKind::kServer, "the server does not know the code that it gave",
                "try again; if it goes on, ask the administrator of " + context_.profile.issuer);
  }

  Step TakeOtherLogin() {
    if (std::optional<Handout> other = FindOtherLogin()) {
      return std::move(*other);
    }
    throw Error(ErrorKind::kLoginRequired, "the sign-in was given up: the profile was signed out",
                "sign in again with 'grok-auth login'");
  }

  Handout Finish(const SignedIn& signed_in) {
    const TokenSet& tokens = signed_in.tokens;
    context_.messages.Say(
        "Signed in" +
        (tokens.account ? " as " + tokens.account->email.value_or(tokens.account->sub) : "") + ".");
    if (!signed_in.warning.empty()) {
      context_.messages.Warn(signed_in.warning);
    }
    return {tokens.access_token, EffectiveExpiry(tokens, options_.demand.token_ttl),
            VersionOf(tokens), true};
  }

  Context& context_;
  SignInOptions options_;
  std::optional<TokenVersion> first_look_;
  bool was_unanswered_;
  std::set<std::string> shown_;
  bool answer_may_be_lost_ = false;  ///< of a poll of the current code
  std::string last_trouble_;
  std::chrono::seconds trouble_delay_{0};
  std::optional<Handout> late_token_;
};

}  // namespace

Handout SignIn(Context& context, SignInOptions options, const StoredLogin& first) {
  return SignInRun(context, std::move(options), first).Run();
}

}  // namespace grokauth::app
