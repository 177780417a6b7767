#include "app/sign_in_session.h"

#include <algorithm>
#include <utility>

#include "app/best_effort.h"
#include "app/output.h"
#include "app/sign_in_display.h"
#include "app/sign_in_words.h"
#include "app/silent_refresh.h"
#include "app/tier.h"

namespace grokauth::app {

namespace {

/// The last line of a sign-in: who, with which plan, for how long.
std::string DescribeSignIn(const TokenSet& tokens, const std::optional<UnixTime>& expiry,
                           UnixTime now) {
  std::string line = "Signed in";
  if (tokens.account) {
    line += " as " + tokens.account->email.value_or(tokens.account->sub);
  }
  if (const std::optional<Tier> tier = PeekTier(tokens.access_token)) {
    line += " (" + ShortName(*tier) + ")";
  }
  if (expiry) {
    line += ", valid for " + FormatDuration(*expiry - now) +
            (tokens.refresh_token ? ", renewed without you" : ", then a new sign-in is needed");
  }
  return line + ".";
}

}  // namespace

Error MakeSignedOutError(const Profile& profile) {
  return {ErrorKind::kLoginRequired, "the sign-in was given up: the profile was signed out",
          LoginHint(profile)};
}

SignInSession::SignInSession(Context& context, SignInOptions options, const StoredLogin& first)
    : context_(context),
      options_(std::move(options)),
      first_store_id_(first.store_id),
      was_unanswered_(first.record.sign_in_unanswered),
      screen_(options_.is_login ? context.edges.terminal.GetScreen() : std::nullopt) {
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
    ShowCode(pending);
  }
}

void SignInSession::ShowCode(const PendingSignIn& pending) {
  const std::string& code = pending.device->user_code;
  const std::string lifetime =
      "valid for " + FormatDuration(pending.expires_at - context_.edges.clock.Now());
  if (!screen_) {
    context_.messages.Say("Code: " + code + " (" + lifetime + ")");
    return;
  }
  SignInDisplay display{pending.url, code, lifetime, std::nullopt};
  if (!options_.no_qr && screen_->is_utf8) {
    display.qr = context_.edges.qr_encoder.Encode(pending.url);
  }
  context_.messages.Say(Draw(display, *screen_));
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

void SignInSession::TellWaiting(const std::string& whom, SteadyTime end) {
  awaited_ = whom;
  countdown_end_ = end;
  if (screen_) {
    static_cast<void>(keyboard());  // what is typed must not disturb the countdown
    ShowCountdown();
  } else {
    context_.messages.Say("Waiting for " + whom + " ...");
  }
}

void SignInSession::ShowCountdown() {
  if (!screen_ || awaited_.empty()) {
    return;
  }
  const std::string left =
      FormatCountdown(std::chrono::ceil<std::chrono::seconds>(countdown_end_ - Now())) + " left";
  const std::string line = "Waiting for " + awaited_ + ", " + left;
  // A line that wraps could not be taken back. Windows change their size.
  screen_ = context_.edges.terminal.GetScreen();
  for (const std::string& text : {line, "Waiting, " + left, left}) {
    if (screen_ && text.size() < static_cast<std::size_t>(screen_->columns)) {
      context_.messages.ShowStatus(text);
      return;
    }
  }
  context_.messages.ShowStatus("");
}

Keyboard* SignInSession::keyboard() {
  if (options_.is_login && !keyboard_) {
    keyboard_ = context_.edges.terminal.OpenKeyboard();
  }
  return keyboard_.get();
}

void SignInSession::Pause(SteadyTime time) {
  constexpr std::chrono::seconds kTick{1};
  while (true) {
    ShowCountdown();
    const bool is_counting = screen_ && !awaited_.empty();
    PauseOnce(is_counting ? std::min(time, Now() + kTick) : time);
    if (!is_counting || late_token_ || Now() >= time) {
      return;
    }
  }
}

void SignInSession::PauseOnce(SteadyTime time) {
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
  if (is_new && std::holds_alternative<ApiKeyOnly>(step)) {
    throw Error(ErrorKind::kLoginRequired,
                "the sign-in was given up: an API key was stored in the profile meanwhile",
                LoginHint(context_.profile));
  }
  if (is_new && std::holds_alternative<HandOut>(step)) {
    if (options_.is_login) {
      const std::optional<UnixTime> expiry =
          EffectiveExpiry(*login.tokens, options_.demand.token_ttl);
      context_.messages.Say(DescribeSignIn(*login.tokens, expiry, context_.edges.clock.Now()));
    }
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
  if (!warning.empty()) {
    context_.messages.Warn(warning);
  }
  const std::optional<UnixTime> expiry = EffectiveExpiry(tokens, options_.demand.token_ttl);
  context_.messages.Say(DescribeSignIn(tokens, expiry, context_.edges.clock.Now()));
  return {tokens.access_token, expiry, VersionOf(tokens), true};
}

}  // namespace grokauth::app
