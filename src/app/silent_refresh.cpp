#include "app/silent_refresh.h"

#include <algorithm>
#include <utility>

namespace grokauth::app {

namespace {

constexpr std::chrono::milliseconds kLockPollInterval{20};
// A terminated run gives the worker's answer this long to arrive, so that it is not wasted.
constexpr std::chrono::milliseconds kLastWords{400};

Error StillWaiting() {
  return {ErrorKind::kNetwork, "the server has not answered the refresh yet",
          "the refresh goes on in the background, and the next run finds its token"};
}

/// One run's way to a new token.
class SilentRefresh {
 public:
  SilentRefresh(Context& context, const Demand& demand, const StoredLogin& first,
                SteadyTime deadline)
      : context_(context),
        demand_(demand),
        deadline_(deadline),
        ended_before_(LastEndedAttempt(first.record)),
        looks_in_file_(first.in_file) {
    if (first.tokens) {
      first_look_ = VersionOf(*first.tokens);
    }
  }

  SilentRefreshResult Run() {
    while (true) {
      std::unique_ptr<Lock> lock = context_.files.TryRefreshLock();
      if (lock) {
        std::optional<SilentRefreshResult> result = RunLocked(std::move(lock));
        if (result) {
          return std::move(*result);
        }
      }
      if (context_.edges.clock.SteadyNow() >= deadline_) {
        return GiveUp();
      }
      if (!lock) {
        context_.edges.clock.SleepUntil(
            std::min(deadline_, context_.edges.clock.SteadyNow() + kLockPollInterval));
      }
    }
  }

 private:
  /// With the lock: looks again, then lets a worker try. Nothing means: try once more.
  std::optional<SilentRefreshResult> RunLocked(std::unique_ptr<Lock> lock) {
    const StoredLogin login = context_.store.Load();
    if (std::optional<SilentRefreshResult> settled = Settle(login)) {
      return settled;
    }
    const bool failed_meanwhile =
        LastEndedAttempt(login.record) > ended_before_ && login.record.last->word != kRefreshedWord;
    if (failed_meanwhile) {
      return OutcomeOf(*login.record.last);
    }
    if (demand_.wanted == Wanted::kUnseen) {
      const bool unchanged = context_.store.UpdateRecord(
          login.store_id,
          [&](RefreshRecord& record) { MarkRefused(record, login.tokens->access_token); },
          TimeLeft());
      if (!unchanged) {
        return std::nullopt;  // another login took its place: look again
      }
    }
    return Await(context_.edges.worker.Start(context_.worker_arguments, std::move(lock)));
  }

  [[nodiscard]] std::chrono::milliseconds TimeLeft() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - context_.edges.clock.SteadyNow());
    return std::clamp(left, std::chrono::milliseconds(0), kWriteLockPatience);
  }

  [[nodiscard]] NextStep Decide(const StoredLogin& login) const {
    return DecideNextStep(login, context_.profile, demand_, context_.edges.clock.Now(),
                          first_look_);
  }

  /// What `login` is worth as it is. Nothing: it must be refreshed.
  [[nodiscard]] std::optional<SilentRefreshResult> Settle(const StoredLogin& login) const {
    const NextStep step = Decide(login);
    if (std::holds_alternative<HandOut>(step)) {
      return MakeHandout(login, demand_);
    }
    if (const auto* needed = std::get_if<SignInNeeded>(&step)) {
      return *needed;
    }
    if (const auto* blocked = std::get_if<KeyringBlocked>(&step)) {
      return *blocked;
    }
    return std::nullopt;
  }

  /// Waits for the worker. An answer that comes too late stays with it.
  std::optional<SilentRefreshResult> Await(std::unique_ptr<RunningWorker> worker) {
    const std::optional<std::string> text = ReadReport(*worker);
    if (!text) {
      return RefreshWithoutToken{StillWaiting(), true, std::move(worker)};
    }
    const std::optional<WorkerReport> report = ParseReport(*text);
    if (report && std::holds_alternative<ReportedMove>(*report) && !moved_) {
      moved_ = true;  // once: endpoints that move at every look lead nowhere
      ended_before_ = LastEndedAttempt(context_.store.Load().record);
      return std::nullopt;
    }
    if (report && !std::holds_alternative<ReportedChange>(*report)) {
      return UseReport(context_, demand_, *report);
    }
    // It ended without a word, or the login changed under it: what is stored is the answer.
    const StoredLogin login = context_.store.Load();
    if (std::optional<SilentRefreshResult> settled = Settle(login)) {
      return settled;
    }
    return RefreshWithoutToken{
        Error(ErrorKind::kStore, "the refresh worker ended without an answer",
              "try again; the login is kept"),
        true, nullptr};
  }

  std::optional<std::string> ReadReport(RunningWorker& worker) {
    try {
      return worker.ReadReport(deadline_, /*ignore_interrupts=*/false);
    } catch (const Interrupted&) {
      const SteadyTime end = context_.edges.clock.SteadyNow() + kLastWords;
      std::optional<std::string> text = worker.ReadReport(end, /*ignore_interrupts=*/true);
      if (!text || text->empty()) {
        throw;
      }
      return text;
    }
  }

  /// What the attempt of another run, which ended while this one waited, is worth to this one.
  static SilentRefreshResult OutcomeOf(const RefreshOutcome& outcome) {
    const ErrorKind kind = ErrorKindOf(outcome.word).value_or(ErrorKind::kLoginRequired);
    return RefreshWithoutToken{Error(kind, outcome.message, outcome.hint), outcome.is_transport,
                               nullptr};
  }

  /// The budget is used up. A login in the keyring is not looked at again: a call to a keyring that
  /// hangs takes 2 s more.
  SilentRefreshResult GiveUp() {
    if (looks_in_file_) {
      const StoredLogin login = context_.store.Load();
      if (std::holds_alternative<HandOut>(Decide(login))) {
        return MakeHandout(login, demand_);
      }
    }
    return RefreshWithoutToken{StillWaiting(), true, nullptr};
  }

  Context& context_;
  const Demand& demand_;
  SteadyTime deadline_;
  std::optional<TokenVersion> first_look_;
  std::int64_t ended_before_;
  bool looks_in_file_;  ///< the login was read from a file, which takes no time
  bool moved_ = false;
};

}  // namespace

SilentRefreshResult RefreshSilently(Context& context, const Demand& demand,
                                    const StoredLogin& first, SteadyTime deadline) {
  return SilentRefresh(context, demand, first, deadline).Run();
}

SilentRefreshResult UseReport(Context& context, const Demand& demand, const WorkerReport& report) {
  if (const auto* token = std::get_if<ReportedToken>(&report)) {
    if (!token->warning.empty()) {
      context.messages.Warn(token->warning);
    }
    Handout handout = token->handout;
    if (!handout.expires_at && demand.token_ttl) {
      handout.expires_at = context.edges.clock.Now() + *demand.token_ttl;
    }
    return handout;
  }
  if (const auto* failure = std::get_if<ReportedFailure>(&report)) {
    return RefreshWithoutToken{failure->error, failure->is_transport, nullptr};
  }
  return RefreshWithoutToken{
      Error(ErrorKind::kServer, "the server's addresses changed during the refresh", "try again"),
      true, nullptr};
}

Handout MakeHandout(const StoredLogin& login, const Demand& demand) {
  return {login.tokens->access_token, EffectiveExpiry(*login.tokens, demand.token_ttl),
          VersionOf(*login.tokens), IsUndelivered(login)};
}

}  // namespace grokauth::app
