#include "app/token_source.h"

#include <utility>

#include "app/api_key.h"
#include "app/best_effort.h"
#include "app/first_look.h"
#include "app/keyring_trouble.h"
#include "app/place.h"
#include "app/sign_in.h"
#include "app/silent_refresh.h"

namespace grokauth::app {

namespace {

// At start-up Grok gives up on a headless run after 5 s, without a signal that could be caught.
constexpr std::chrono::milliseconds kHeadlessBudget{4300};
// Before a person is asked, the server gets this long to answer a refresh.
constexpr std::chrono::seconds kRefreshBudget{15};
// For a record that is best effort.
constexpr std::chrono::milliseconds kRecordPatience{200};
// Grok kills a sign-in run after 300 s.
constexpr std::chrono::seconds kSignInBudget{290};
// The command `refresh` has nobody behind it who kills it: the worker's own limit and some more.
constexpr std::chrono::seconds kRefreshNowBudget{75};

Demand MakeDemand(const Context& context, const TokenOptions& options) {
  Demand demand;
  // A caller that names the token which did not do can use every other one.
  const bool is_named = context.environment.provider_access_token.has_value();
  demand.wanted =
      context.environment.grok_auth_expired && !is_named ? Wanted::kUnseen : Wanted::kAny;
  demand.returned_token = context.environment.provider_access_token;
  demand.min_validity = options.min_validity.value_or(context.profile.min_validity.value_or(
      DefaultMinValidity(context.environment.early_invalidation_seconds)));
  demand.token_ttl = ParseTokenTtl(context.environment.token_ttl_seconds);
  return demand;
}

Error MakeLoginRequired(const Context& context, const std::string& reason) {
  return {ErrorKind::kLoginRequired, reason, LoginHint(context.profile)};
}

/// One way to a token.
class TokenRun {
 public:
  /// Looks at what is stored, which must be a login of the profile.
  TokenRun(Context& context, const TokenOptions& options, const Demand& demand)
      : context_(context),
        options_(options),
        demand_(demand),
        first_(LookForToken(context)),
        may_sign_in_(!options.no_interactive && !context.environment.grok_auth_expired) {
    RequireOwnLogin(first_, context.profile);
  }

  Handout Run() {
    std::optional<TokenVersion> first_look;
    const UnixTime now = context_.edges.clock.Now();
    const NextStep step = DecideNextStep(first_, context_.profile, demand_, now, first_look);
    if (std::holds_alternative<HandOut>(step)) {
      if (!first_.in_file && !first_.is_mirrored) {
        context_.store.KeepMirror(*first_.tokens);
      }
      return MakeHandout(first_, demand_);
    }
    if (const auto* needed = std::get_if<SignInNeeded>(&step)) {
      RefuseStored();
      return SignInBecause(needed->reason);
    }
    if (const auto* blocked = std::get_if<KeyringBlocked>(&step)) {
      return OpenKeyring(blocked->answer);
    }
    if (std::holds_alternative<ApiKeyOnly>(step)) {
      throw MakeApiKeyError(context_.profile, demand_);
    }
    if (first_.is_mirrored && !context_.files.IsRefreshHeld()) {
      // Now, beside the others that may ask: behind the lock they would ask one after another.
      mirrored_ = first_;
      LookAgain();
      return Run();
    }
    return Refresh();
  }

 private:
  /// The same look with the keyring.
  void LookAgain() {
    first_ = LookFirst(context_);
    RequireOwnLogin(first_, context_.profile);
  }

  Handout Refresh() {
    SilentRefreshResult result = RefreshSilently(context_, demand_, first_, RefreshDeadline());
    if (auto* handout = std::get_if<Handout>(&result)) {
      return std::move(*handout);
    }
    if (const auto* needed = std::get_if<SignInNeeded>(&result)) {
      return SignInBecause(needed->reason);
    }
    if (const auto* blocked = std::get_if<KeyringBlocked>(&result)) {
      return OpenKeyring(blocked->answer);
    }
    return GoOnWithout(std::get<RefreshWithoutToken>(result));
  }

  [[nodiscard]] SteadyTime RefreshDeadline() {
    switch (demand_.wanted) {
      case Wanted::kUnseen:
        return context_.started + kHeadlessBudget;
      case Wanted::kNewer:
        return context_.started + kRefreshNowBudget;
      case Wanted::kAny:
        break;
    }
    // Counted from now: a person may have spent time on the keyring's dialog before.
    return context_.edges.clock.SteadyNow() + kRefreshBudget;
  }

  /// Grok refused the stored token, and nothing can renew it now: the next run must not print it
  /// again.
  void RefuseStored() {
    const StoredLogin& seen = first_.tokens || !mirrored_ ? first_ : *mirrored_;
    const UnixTime now = context_.edges.clock.Now();
    if (demand_.wanted != Wanted::kUnseen || !IsUnexpired(seen, context_.profile, demand_, now)) {
      return;
    }
    NoteInRecord(
        context_, seen.store_id,
        [&](RefreshRecord& record) { MarkRefused(record, seen.tokens->access_token); },
        kRecordPatience);
  }

  /// The login is in a keyring that cannot be read. Where a person can be asked, the desktop asks
  /// for its password. Signing in anew is for where there is no keyring at all: elsewhere the login
  /// is still there, and a second one would push it aside.
  Handout OpenKeyring(const KeyringAnswer& answer) {
    RefuseStored();
    if (may_sign_in_ && answer.state == KeyringState::kAbsent) {
      return SignInBecause(DescribeKeyring(answer));
    }
    if (may_sign_in_ && answer.state == KeyringState::kLocked && UnlockKeyring(context_)) {
      LookAgain();
      if (!first_.trouble) {
        return Run();
      }
    }
    throw MakeKeyringError(answer, context_.profile);
  }

  /// The refresh brought no token: the stored one while it lasts, else a person.
  Handout GoOnWithout(RefreshWithoutToken& failed) {
    if (!may_sign_in_) {
      throw Error(failed.error);
    }
    if (failed.is_transport) {
      const StoredLogin login = context_.store.Load();
      if (IsUnexpired(login, context_.profile, demand_, context_.edges.clock.Now())) {
        context_.messages.Warn(std::string(failed.error.what()) +
                               "; the stored token is used while it lasts");
        return MakeHandout(login, demand_);
      }
    }
    const ErrorKind kind = failed.error.kind();
    if (kind == ErrorKind::kConfig || kind == ErrorKind::kAccessDenied ||
        kind == ErrorKind::kStore) {
      throw Error(failed.error);  // a sign-in would end the same way
    }
    if (failed.is_transport) {
      context_.messages.Say(
          std::string("The login cannot be renewed now: ") + failed.error.what() +
          ".\nIt is kept, and a later run tries again. To go on at once, sign in.");
      return StartSignIn(std::move(failed.running));
    }
    return SignInBecause(failed.error.what());
  }

  Handout SignInBecause(const std::string& reason) {
    if (!may_sign_in_) {
      throw MakeLoginRequired(context_, reason);
    }
    if (first_.tokens || first_.trouble) {
      context_.messages.Say("A new sign-in is needed: " + reason + ".");
    }
    return StartSignIn(nullptr);
  }

  Handout StartSignIn(std::unique_ptr<RunningWorker> refresh) {
    SignInOptions sign_in;
    sign_in.deadline = context_.started + options_.timeout.value_or(kSignInBudget);
    sign_in.demand = demand_;
    sign_in.no_browser = options_.no_browser;
    sign_in.refresh = std::move(refresh);
    return SignIn(context_, std::move(sign_in), first_);
  }

  Context& context_;
  const TokenOptions& options_;
  const Demand& demand_;
  StoredLogin first_;
  std::optional<StoredLogin> mirrored_;  ///< what the mirror said before the keyring was asked
  bool may_sign_in_;
};

}  // namespace

void ProvideToken(Context& context, const TokenOptions& options) {
  if (context.environment.provider_access_token) {
    TryRejectToken(context, *context.environment.provider_access_token);
  }
  const Demand demand = MakeDemand(context, options);
  Deliver(context, TokenRun(context, options, demand).Run(), options.format);
}

Handout GetToken(Context& context, const TokenOptions& options, const Demand& demand) {
  Demand own = demand;
  own.takes_api_key = true;
  own.token_ttl = ParseTokenTtl(context.environment.token_ttl_seconds);
  return TokenRun(context, options, own).Run();
}

Handout GetToken(Context& context, const Demand& demand) {
  TokenOptions options;
  options.no_interactive = true;
  return GetToken(context, options, demand);
}

bool RejectToken(Context& context, const std::string& access_token,
                 std::chrono::milliseconds patience) {
  std::optional<StoredLogin> login = context.store.Load();
  if (login->trouble) {
    login = context.store.LoadWithoutKeyring();  // the mirror, which would go on with it
  }
  const bool is_renewable = login && (login->is_mirrored || CanRefresh(*login, context.profile));
  return is_renewable && login->tokens->access_token == access_token &&
         context.store.UpdateRecord(
             login->store_id, [&](RefreshRecord& record) { MarkRejected(record, access_token); },
             patience);
}

void TryRejectToken(Context& context, const std::string& access_token) {
  try {
    static_cast<void>(RejectToken(context, access_token, kRecordPatience));
  } catch (const Error& error) {
    context.messages.Detail(error.what());
  }
}

void RefreshNow(Context& context) {
  Demand demand;
  demand.wanted = Wanted::kNewer;
  static_cast<void>(GetToken(context, demand));
}

}  // namespace grokauth::app
