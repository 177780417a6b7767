#include "app/doctor_login.h"

#include <algorithm>
#include <string>

#include "app/freshness.h"
#include "app/keyring_trouble.h"
#include "app/output.h"
#include "app/status.h"

namespace grokauth::app {

namespace {

using Outcome = Check::Outcome;
using oauth::JsonObject;
using std::chrono::seconds;

/// Who is signed in, for how long, and what comes then.
std::string DescribeLogin(const JsonObject& status, bool is_refreshable) {
  const std::optional<JsonObject> account = status.Object("account");
  const std::string who =
      account ? account->String("email").value_or(account->String("sub").value_or("")) : "";
  const std::optional<std::int64_t> left = status.Integer("expires_in_seconds");
  const bool has_expired = left && *left == 0;
  const std::string validity = !left         ? "valid until the server refuses it"
                               : has_expired ? "token expired"
                                             : "valid for " + FormatDuration(seconds(*left));
  const std::string then = !is_refreshable ? "not renewable"
                           : has_expired   ? "renewed at the next run"
                                           : "renewed without you";
  return (who.empty() ? "signed in" : who) + ", " + validity + ", " + then;
}

Check CheckLogin(const JsonObject& status, const Profile& profile) {
  const std::string word = status.String("status").value_or("");
  const std::optional<std::string> message = status.String("message");
  const std::string fix = status.String("hint").value_or(LoginHint(profile));
  const bool is_told_below = status.Has("refreshable");  // with what is known of the login
  if (message && !is_told_below) {
    return {Outcome::kTrouble, "login", *message, fix};
  }
  if (word == "signed_out") {
    return {Outcome::kNote, "login", "nobody is signed in", fix};
  }
  if (status.String("credential") == CredentialWord(Credential::kApiKey)) {
    return {Outcome::kGood, "login", "an API key takes its place", ""};
  }
  const bool is_refreshable = status.Boolean("refreshable").value_or(false);
  const std::string found = DescribeLogin(status, is_refreshable);
  if (word == "expired") {
    return {Outcome::kTrouble, "login", found, fix};
  }
  if (is_refreshable) {
    return {Outcome::kGood, "login", found, ""};
  }
  return {Outcome::kNote, "login", found,
          "the server gave no refresh token, or takes it no longer: see that 'offline_access' is "
          "among the scopes, and " +
              fix};
}

Check CheckLastRefresh(const JsonObject& status, const RefreshRecord& record) {
  const JsonObject last = status.Object("last_refresh").value_or(JsonObject());
  const std::string outcome = last.String("outcome").value_or("");
  const std::string at = last.String("at").value_or("");
  if (outcome == kRefreshedWord) {
    return {Outcome::kGood, "refresh", "the last one succeeded at " + at, ""};
  }
  if (outcome == "unfinished") {
    return {Outcome::kNote, "refresh",
            "the last one began at " + at + ", and is under way or was cut off",
            "the next run tries again"};
  }
  // While the token lasts, a later run may still succeed.
  const bool has_token = status.Integer("expires_in_seconds").value_or(1) > 0;
  const std::string hint = record.last ? record.last->hint : "";
  return {has_token ? Outcome::kNote : Outcome::kTrouble, "refresh",
          "the last one failed at " + at + ": " + last.String("error").value_or(outcome),
          hint.empty() ? "run 'grok-auth refresh'" : hint};
}

/// What Grok's window can be set to so that a token of this lifetime outlives it; 0: to nothing.
std::int64_t UsableWindow(seconds lifetime) {
  constexpr std::int64_t kJitter = 60;  // that Grok's own refresh adds
  return std::max<std::int64_t>(std::min(lifetime.count() / 3, lifetime.count() - kJitter - 1), 0);
}

}  // namespace

std::vector<Check> ExamineLogin(Context& context, const StoredLogin& login) {
  if (login.trouble) {
    // That is the keyring's trouble, and told as such.
    return {{Outcome::kNote, "login", "cannot be read: " + DescribeKeyring(*login.trouble), ""}};
  }
  const JsonObject status = MakeStatusAnswer(context);
  std::vector<Check> checks{CheckLogin(status, context.profile)};
  if (status.Has("last_refresh")) {
    checks.push_back(CheckLastRefresh(status, login.record));
  }
  if (login.tokens && login.tokens->credential == Credential::kLogin &&
      BelongsTo(*login.tokens, context.profile)) {
    checks.push_back(CheckLifetime(*login.tokens, context.environment));
  }
  return checks;
}

Check CheckLifetime(const TokenSet& tokens, const Environment& environment) {
  const std::optional<UnixTime> expiry =
      EffectiveExpiry(tokens, ParseTokenTtl(environment.token_ttl_seconds));
  if (!expiry) {
    return {Outcome::kNote, "lifetime",
            "the server does not say how long its tokens last; Grok assumes 30 days",
            "if you know it, export GROK_AUTH_TOKEN_TTL=SECONDS where Grok starts"};
  }
  const seconds lifetime = *expiry - tokens.minted_at;
  const seconds needed = DefaultMinValidity(environment.early_invalidation_seconds);
  if (lifetime > needed) {
    return {Outcome::kGood, "lifetime", "tokens last " + FormatDuration(lifetime), ""};
  }
  const std::int64_t window = UsableWindow(lifetime);
  return {Outcome::kTrouble, "lifetime",
          "tokens last " + std::to_string(lifetime.count()) +
              " s; Grok discards them so early that each counts as expired at once (more than " +
              std::to_string(needed.count()) + " s are needed)",
          "ask the server's administrator for tokens that last longer" +
              (window > 0 ? ", or export GROK_AUTH_EARLY_INVALIDATION_SECS=" +
                                std::to_string(window) + " where Grok starts"
                          : "")};
}

}  // namespace grokauth::app
