#include "app/device_sign_in.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace grokauth::app {

namespace {

// With less than this left, a new code would expire with the run.
constexpr std::chrono::seconds kWorthANewCode{30};
// RFC 8628 section 3.5: after a connection timeout a client must poll less often.
constexpr std::chrono::seconds kTroubleDelay{5};
constexpr std::chrono::seconds kLongestTroubleDelay{30};
constexpr std::chrono::milliseconds kPolledElsewhereDelay{200};

class DeviceWait {
 public:
  DeviceWait(SignInSession& session, PendingEntry entry, bool is_resumed)
      : session_(session),
        context_(session.context()),
        entry_(std::move(entry)),
        is_resumed_(is_resumed),
        answer_may_be_lost_(is_resumed) {}

  std::optional<Handout> Run() {
    Step step = KeepAsking{};
    if (is_resumed_ && Since(device().last_poll) >= device().interval) {
      // It may have been approved, or declined, since: found out before anybody is asked again.
      step = PollEarlier();
    }
    if (std::holds_alternative<KeepAsking>(step)) {
      session_.Announce(entry_.pending);
      const auto left = entry_.pending.expires_at - context_.edges.clock.Now();
      session_.TellWaiting("you to approve it there",
                           std::min(session_.Now() + left, session_.options().deadline));
    }
    while (std::holds_alternative<KeepAsking>(step)) {
      PauseForNextPoll();
      if (session_.late_token()) {
        return session_.late_token();
      }
      session_.ThrowAtDeadline(
          "open the address and approve it: the next run picks the approval up while the code is "
          "valid");
      step = context_.edges.clock.Now() >= entry_.pending.expires_at ? StartAgainOrFail() : Poll();
    }
    auto* handout = std::get_if<Handout>(&step);
    return handout != nullptr ? std::optional(std::move(*handout)) : std::nullopt;
  }

 private:
  struct KeepAsking {};
  struct NewCodeNeeded {};
  using Step = std::variant<Handout, KeepAsking, NewCodeNeeded>;

  [[nodiscard]] const PendingDevice& device() const { return *entry_.pending.device; }

  /// How long ago `time` was; a wall clock that was set back makes it 0.
  std::chrono::seconds Since(UnixTime time) {
    return std::max(context_.edges.clock.Now() - time, std::chrono::seconds(0));
  }

  void PauseForNextPoll() {
    const std::chrono::seconds due = std::max(
        device().interval + trouble_delay_ - Since(device().last_poll), std::chrono::seconds(0));
    session_.Pause(std::min(session_.Now() + due, session_.options().deadline));
  }

  Step Poll() { return Use(PollDeviceSignIn(context_, entry_, session_.TokenPatience())); }

  /// Asks for what became of an earlier run's request. One that was declined is no answer to this.
  Step PollEarlier() {
    try {
      return Poll();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kAccessDenied) {
        throw;
      }
      return NewCodeNeeded{};
    }
  }

  Step Use(const PollResult& result) {
    if (const auto* signed_in = std::get_if<SignedIn>(&result)) {
      return session_.Finish(signed_in->tokens, signed_in->warning);
    }
    if (const auto* refused = std::get_if<SignInRefused>(&result)) {
      throw Error(refused->error);
    }
    if (std::holds_alternative<EntryGone>(result)) {
      return TakeOtherLogin();
    }
    if (std::holds_alternative<CodeExpired>(result)) {
      return StartAgainOrFail();
    }
    if (std::holds_alternative<CodeUnknown>(result)) {
      return StartAgainIfLost();
    }
    if (std::holds_alternative<PolledElsewhere>(result)) {
      session_.Pause(session_.Now() + kPolledElsewhereDelay);
    }
    const auto* unanswered = std::get_if<NotAnswered>(&result);
    TellTrouble(unanswered != nullptr ? unanswered->reason : "");
    return KeepAsking{};
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

  /// The code expired: asks for a new one when there is time for it.
  Step StartAgainOrFail() {
    context_.pending.Remove(entry_.name);
    if (session_.options().deadline - session_.Now() < kWorthANewCode) {
      throw Error(ErrorKind::kExpired, "the code expired before anybody approved it",
                  "run it again to get a new one");
    }
    context_.messages.Say("The code has expired; here is a new one.");
    return NewCodeNeeded{};
  }

  /// The server does not know the code. That is no surprise when an earlier answer may have been
  /// lost on its way, or another program used the code up.
  Step StartAgainIfLost() {
    if (answer_may_be_lost_ && session_.options().deadline - session_.Now() >= kWorthANewCode) {
      return NewCodeNeeded{};
    }
    throw Error(ErrorKind::kServer, "the server does not know the code that it gave",
                "try again; if it goes on, ask the administrator of " + context_.profile.issuer);
  }

  Step TakeOtherLogin() {
    if (std::optional<Handout> other = session_.FindOtherLogin()) {
      return std::move(*other);
    }
    throw MakeSignedOutError(context_.profile);
  }

  SignInSession& session_;
  Context& context_;
  PendingEntry entry_;
  bool is_resumed_;
  bool answer_may_be_lost_;  ///< of a poll of this code
  std::string last_trouble_;
  std::chrono::seconds trouble_delay_{0};
};

}  // namespace

std::optional<Handout> WaitForDevice(SignInSession& session, PendingEntry entry, bool is_resumed) {
  return DeviceWait(session, std::move(entry), is_resumed).Run();
}

}  // namespace grokauth::app
