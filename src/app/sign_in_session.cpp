#include "app/sign_in_session.h"

#include <algorithm>
#include <utility>

#include "app/best_effort.h"
#include "app/output.h"
#include "app/sign_in_words.h"
#include "app/silent_refresh.h"

namespace grokauth::app {

Error MakeSignedOutError(const Profile& profile) {
  return {ErrorKind::kLoginRequired, "the sign-in was given up: the profile was signed out",
          LoginHint(profile)};
}

SignInSession::SignInSession(Context& context, SignInOptions options, const StoredLogin& first)
    : context_(context),
      options_(std::move(options)),
      first_store_id_(first.store_id),
      was_unanswered_(first.record.sign_in_unanswered) {
  if (first.tokens) {
    first_look_ = VersionOf(*first.tokens);
  }
}

void SignInSession::Limit(std::chrono::seconds patience) {
  options_.deadline = std::min(options_.deadline, Now() + patience);
}

bool SignInSession::CanOpenBrowser() {
  return !options_.no_browser && context_.edges.browser.IsAvailable();
}

void SignInSession::ShowAddress(const PendingSignIn& pending) {
  if (!shown_.insert(pending.url).second) {
    return;
  }
  context_.messages.Announce(kAddressWords + pending.url);
  if (pending.device) {
    const std::chrono::seconds left = pending.expires_at - context_.edges.clock.Now();
    context_.messages.Say("Code: " + pending.device->user_code + " (valid for " +
                          FormatDuration(left) + ")");
  }
}

void SignInSession::Announce(const PendingSignIn& pending) {
  ShowAddress(pending);
  if (!options_.is_login) {
    SetUnanswered();
  }
  const bool may_open = options_.is_login || !was_unanswered_;
  if (may_open && CanOpenBrowser() && !context_.edges.browser.Open(pending.url)) {
    context_.messages.Say("No browser could be started here: open the address by hand.");
  }
  was_unanswered_ = true;  // one window is enough
}

void SignInSession::SetUnanswered() {
  NoteInRecord(context_, first_store_id_,
               [](RefreshRecord& record) { record.sign_in_unanswered = true; });
}

void SignInSession::Pause(SteadyTime time) {
  if (options_.refresh) {
    const std::optional<std::string> text =
        options_.refresh->ReadReport(time, /*ignore_interrupts=*/false);
    if (!text) {
      return;
    }
    options_.refresh.reset();
    if (const std::optional<WorkerReport> report = ParseReport(*text)) {
      SilentRefreshResult result = UseReport(context_, options_.demand, *report);
      if (auto* handout = std::get_if<Handout>(&result)) {
        late_token_ = std::move(*handout);
        return;
      }
    }
  }
  context_.edges.clock.SleepUntil(time);
}

std::optional<Handout> SignInSession::FindOtherLogin() {
  if (late_token_) {
    return late_token_;
  }
  const StoredLogin login = context_.store.Load();
  // A mere refresh by another process is no answer to somebody who asked to sign in.
  const bool is_new = login.tokens && (options_.is_login && first_look_
                                           ? first_look_->store_id != login.tokens->store_id
                                           : first_look_ != VersionOf(*login.tokens));
  const NextStep step = DecideNextStep(login, context_.profile, options_.demand,
                                       context_.edges.clock.Now(), first_look_);
  if (is_new && std::holds_alternative<HandOut>(step)) {
    return MakeHandout(login, options_.demand);
  }
  return std::nullopt;
}

Patience SignInSession::TokenPatience() {
  constexpr std::chrono::milliseconds kLongest{60'000};
  constexpr std::chrono::milliseconds kGraceAfterDeadline{8'000};
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.deadline - Now());
  Patience patience;
  patience.total = std::clamp(left + kGraceAfterDeadline, kGraceAfterDeadline, kLongest);
  return patience;
}

void SignInSession::ThrowIfSignedOut() {
  const StoredLogin login = context_.store.Load();
  if (!login.tokens && !login.trouble && login.store_id != first_store_id_) {
    throw MakeSignedOutError(context_.profile);
  }
}

void SignInSession::ThrowAtDeadline(const std::string& hint) {
  if (Now() >= options_.deadline) {
    throw Error(ErrorKind::kTimeout, "nobody finished the sign-in in time", hint);
  }
}

Handout SignInSession::Finish(const TokenSet& tokens, const std::string& warning) {
  context_.messages.Say(
      "Signed in" +
      (tokens.account ? " as " + tokens.account->email.value_or(tokens.account->sub) : "") + ".");
  if (!warning.empty()) {
    context_.messages.Warn(warning);
  }
  return {tokens.access_token, EffectiveExpiry(tokens, options_.demand.token_ttl),
          VersionOf(tokens), true};
}

}  // namespace grokauth::app
