#include "app/freshness.h"

#include <algorithm>
#include <charconv>

namespace grokauth::app {

namespace {

// Grok's GROK_AUTH_EARLY_INVALIDATION_SECS when unset or unparsable, and the random part that its
// proactive refresh adds.
constexpr std::chrono::seconds kGrokEarlyInvalidation{300};
constexpr std::chrono::seconds kGrokJitter{60};
// A token so young was minted by a sibling for the same expiry: refreshing again helps nobody.
constexpr std::chrono::seconds kYoung{60};

std::chrono::seconds RequiredValidity(const TokenSet& tokens, const Demand& demand,
                                      UnixTime expiry) {
  const std::chrono::seconds lifetime = expiry - tokens.minted_at;
  // Of a server whose tokens are shorter, each run would refresh in vain.
  return demand.in_full && demand.min_validity <= lifetime
             ? demand.min_validity
             : std::min(demand.min_validity, lifetime / 2);
}

bool IsFromTheFuture(const TokenSet& tokens, UnixTime now) {
  return tokens.minted_at > now;
}

/// A set older than what the record has seen saved: a restored backup, or a place that missed a
/// save. Its refresh token was used already.
bool IsStale(const StoredLogin& login) {
  return login.tokens->generation < login.record.generation;
}

bool IsValidLongEnough(const StoredLogin& login, const Demand& demand, UnixTime now) {
  const TokenSet& tokens = *login.tokens;
  const std::optional<UnixTime> expiry = EffectiveExpiry(tokens, demand.token_ttl);
  return !IsFromTheFuture(tokens, now) && !IsRefused(login.record, tokens.access_token) &&
         tokens.access_token != demand.returned_token &&
         (!expiry || (*expiry > now && *expiry - now >= RequiredValidity(tokens, demand, *expiry)));
}

bool IsWanted(const StoredLogin& login, Wanted wanted, UnixTime now,
              const std::optional<TokenVersion>& first_look) {
  const bool changed_since = first_look && *first_look != VersionOf(*login.tokens);
  switch (wanted) {
    case Wanted::kAny:
      return true;
    case Wanted::kUnseen:
      return changed_since || IsUndelivered(login) || now - login.tokens->minted_at < kYoung;
    case Wanted::kNewer:
      return changed_since;
  }
  return false;
}

}  // namespace

std::chrono::seconds DefaultMinValidity(
    const std::optional<std::string>& early_invalidation_seconds) {
  std::chrono::seconds early = kGrokEarlyInvalidation;
  if (early_invalidation_seconds) {
    const std::string& text = *early_invalidation_seconds;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) {
      early = std::chrono::seconds(value);
    }
  }
  return early + kGrokJitter;
}

std::optional<std::chrono::seconds> ParseTokenTtl(
    const std::optional<std::string>& token_ttl_seconds) {
  if (!token_ttl_seconds) {
    return std::nullopt;
  }
  const std::string& text = *token_ttl_seconds;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value > 0 ? std::optional(std::chrono::seconds(value)) : std::nullopt;
}

bool CanRefresh(const StoredLogin& login, const Profile& profile) {
  return login.tokens && BelongsTo(*login.tokens, profile) && !IsStale(login) &&
         login.tokens->refresh_token && !IsDead(login.record, *login.tokens->refresh_token);
}

bool IsUndelivered(const StoredLogin& login) {
  return login.tokens && login.record.generation > 0 &&
         login.tokens->generation > login.record.delivered_generation;
}

bool IsUnexpired(const StoredLogin& login, const Profile& profile, const Demand& demand,
                 UnixTime now) {
  if (!login.tokens || !BelongsTo(*login.tokens, profile)) {
    return false;
  }
  if (login.tokens->credential == Credential::kApiKey) {
    return demand.takes_api_key;
  }
  if (IsStale(login) || IsFromTheFuture(*login.tokens, now) ||
      IsRejected(login.record, login.tokens->access_token) ||
      login.tokens->access_token == demand.returned_token) {
    return false;
  }
  const std::optional<UnixTime> expiry = EffectiveExpiry(*login.tokens, demand.token_ttl);
  return !expiry || *expiry > now;
}

NextStep DecideNextStep(const StoredLogin& login, const Profile& profile, const Demand& demand,
                        UnixTime now, const std::optional<TokenVersion>& first_look) {
  if (login.trouble) {
    return KeyringBlocked{*login.trouble};
  }
  if (login.fault) {
    return SignInNeeded{"the stored login " + login.fault->reason};
  }
  if (!login.tokens || !BelongsTo(*login.tokens, profile)) {
    return SignInNeeded{"nobody is signed in"};
  }
  if (login.tokens->credential == Credential::kApiKey) {
    const bool will_do = demand.takes_api_key && demand.wanted == Wanted::kAny;
    return will_do ? NextStep(HandOut{}) : NextStep(ApiKeyOnly{});
  }
  if (IsStale(login)) {
    return SignInNeeded{"the stored login is an older copy of one that was renewed since"};
  }
  if (IsValidLongEnough(login, demand, now) && IsWanted(login, demand.wanted, now, first_look)) {
    return HandOut{};
  }
  if (login.is_mirrored) {
    return Refresh{};  // as far as the mirror knows; whoever refreshes asks the keyring
  }
  const std::optional<std::string>& refresh_token = login.tokens->refresh_token;
  if (!refresh_token) {
    return SignInNeeded{"the login has ended: the server gave no refresh token"};
  }
  if (IsDead(login.record, *refresh_token)) {
    return SignInNeeded{"the login has ended: the server no longer accepts its refresh token"};
  }
  return Refresh{};
}

}  // namespace grokauth::app
