#include "app/silent_refresh.h"

#include <algorithm>
#include <utility>

#include "app/api_key.h"

namespace grokauth::app {

namespace {

// Between two looks at a lock that another process holds: short at first, for a refresh takes
// little more than one exchange; longer then, for hundreds may wait.
constexpr std::chrono::milliseconds kFirstNap{15};
constexpr std::chrono::milliseconds kLongestNap{100};
// A terminated run gives the worker's answer this long to arrive, so that it is not wasted.
constexpr std::chrono::milliseconds kLastWords{400};

Error StillWaiting() {
  return {ErrorKind::kNetwork, "the server has not answered the refresh yet",
          "the refresh goes on in the background; the next run takes up what comes of it"};
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
        mark_(MarkOf(first.record)),
        has_asked_keyring_(!first.is_mirrored) {
    if (first.tokens) {
      first_look_ = VersionOf(*first.tokens);
    }
  }

  SilentRefreshResult Run() {
    std::chrono::milliseconds nap = kFirstNap;
    while (true) {
      std::unique_ptr<Lock> lock = context_.files.TryRefreshLock();
      const bool is_locked_out = !lock;
      std::optional<SilentRefreshResult> result;
      if (is_locked_out) {
        result = LookFromOutside();
      } else if (!has_asked_keyring_) {
        lock.reset();
        result = AskKeyring();
      } else {
        result = RunLocked(std::move(lock));
      }
      if (result) {
        return std::move(*result);
      }
      const SteadyTime now = context_.edges.clock.SteadyNow();
      if (now >= deadline_) {
        return GiveUp();
      }
      if (is_locked_out) {
        context_.edges.clock.SleepUntil(std::min(deadline_, now + nap));
        nap = std::min(nap * 3 / 2, kLongestNap);
      }
    }
  }

 private:
  /// Without the lock: an attempt of another run that has ended is for everybody who waits. They
  /// need not take turns for it.
  std::optional<SilentRefreshResult> LookFromOutside() {
    std::string mark = context_.store.OutcomeMark();
    if (mark == mark_) {
      return std::nullopt;
    }
    mark_ = std::move(mark);
    const std::optional<StoredLogin> login = context_.store.LoadWithoutKeyring();
    return Look(login ? *login : context_.store.Load());
  }

  /// Without the lock as well: a keyring that hangs costs 2 s, which those who wait would pay one
  /// after another.
  std::optional<SilentRefreshResult> AskKeyring() {
    has_asked_keyring_ = true;
    if (const std::optional<StoredLogin> login = context_.store.LoadWithoutKeyring()) {
      if (std::optional<SilentRefreshResult> result = Look(*login)) {
        return result;
      }
    }
    return Look(context_.store.Load());
  }

  /// What `login` is worth, or what became of the attempt of another run that ended while this one
  /// waited. Nothing: it must be refreshed.
  std::optional<SilentRefreshResult> Look(const StoredLogin& login) {
    if (std::optional<SilentRefreshResult> settled = Settle(login)) {
      return settled;
    }
    const bool failed_meanwhile =
        LastEndedAttempt(login.record) > ended_before_ && login.record.last->word != kRefreshedWord;
    return failed_meanwhile ? std::optional(OutcomeOf(*login.record.last)) : std::nullopt;
  }

  /// With the lock: looks again, then lets a worker try. Nothing means: try once more.
  std::optional<SilentRefreshResult> RunLocked(std::unique_ptr<Lock> lock) {
    const StoredLogin login = context_.store.Load();
    if (std::optional<SilentRefreshResult> result = Look(login)) {
      return result;
    }
    if (demand_.wanted == Wanted::kUnseen) {
      const bool unchanged = context_.store.UpdateRecord(
          login.store_id,
          [&](RefreshRecord& record) { MarkRefused(record, login.tokens->access_token); },
          TimeLeft());
      if (!unchanged) {
        // Another login took its place: look again, once.
        return std::exchange(changed_, true) ? std::optional(EndedWithoutAnswer()) : std::nullopt;
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
    if (login.fault && login.fault->is_newer) {
      return RefreshWithoutToken{context_.store.MakeNewerError(login.in_file), false, nullptr};
    }
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
    if (std::holds_alternative<ApiKeyOnly>(step)) {
      throw MakeApiKeyError(context_.profile, demand_);
    }
    return std::nullopt;
  }

  static SilentRefreshResult EndedWithoutAnswer() {
    return RefreshWithoutToken{
        Error(ErrorKind::kStore, "the refresh worker ended without an answer",
              "try again; the login is kept"),
        true, nullptr};
  }

  /// Waits for the worker. An answer that comes too late stays with it.
  std::optional<SilentRefreshResult> Await(std::unique_ptr<RunningWorker> worker) {
    const std::optional<std::string> text = ReadReport(*worker);
    if (!text) {
      return RefreshWithoutToken{WhyNotYet(), true, std::move(worker)};
    }
    const std::optional<WorkerReport> report = ParseReport(*text);
    if (report && std::holds_alternative<ReportedMove>(*report) && !moved_) {
      moved_ = true;  // once: endpoints that move at every look lead nowhere
      ended_before_ = LastEndedAttempt(context_.store.Load().record);
      return std::nullopt;
    }
    if (report && IsOutdated(*report) && !changed_) {
      changed_ = true;
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
    if (report && std::holds_alternative<ReportedChange>(*report) && !changed_) {
      changed_ = true;  // to something that needs a refresh itself
      return std::nullopt;
    }
    return EndedWithoutAnswer();
  }

  /// Whether the token has expired on its way, while the machine was suspended for example. Its
  /// successor can be had at once.
  [[nodiscard]] bool IsOutdated(const WorkerReport& report) const {
    const auto* token = std::get_if<ReportedToken>(&report);
    return token != nullptr && token->warning.empty() && token->handout.expires_at &&
           *token->handout.expires_at <= context_.edges.clock.Now();
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

  /// The budget is used up. The keyring is not asked again: a call to one that hangs takes 2 s
  /// more.
  SilentRefreshResult GiveUp() {
    const std::optional<StoredLogin> login = context_.store.LoadWithoutKeyring();
    if (login && std::holds_alternative<HandOut>(Decide(*login))) {
      return MakeHandout(*login, demand_);
    }
    return RefreshWithoutToken{WhyNotYet(), true, nullptr};
  }

  Error WhyNotYet() { return context_.files.StoppedRefresh().value_or(StillWaiting()); }

  Context& context_;
  const Demand& demand_;
  SteadyTime deadline_;
  std::optional<TokenVersion> first_look_;
  std::int64_t ended_before_;
  std::string mark_;  ///< what `LoginStore::OutcomeMark` said at the last look
  bool has_asked_keyring_;
  bool moved_ = false;
  bool changed_ = false;
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
