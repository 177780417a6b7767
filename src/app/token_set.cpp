#include "app/token_set.h"

#include <algorithm>

#include "oauth/claims.h"
#include "oauth/json.h"
#include "oauth/token_request.h"

namespace grokauth::app {

namespace {

// A program that knows version 1 only must not take an API key for a token.
constexpr std::int64_t kLoginVersion = 1;
constexpr std::int64_t kApiKeyVersion = 2;

std::int64_t SecondsSinceEpoch(UnixTime time) {
  return time.time_since_epoch().count();
}

std::optional<oauth::Account> ParseAccount(const oauth::JsonObject& object) {
  const std::optional<std::string> sub = object.String("sub");
  return sub ? std::optional(oauth::Account{*sub, object.String("email"), object.String("name")})
             : std::nullopt;
}

}  // namespace

const char* PlaceWord(Place place) {
  return place == Place::kLibsecret ? "libsecret" : "file";
}

std::optional<Place> ParsePlace(std::string_view word) {
  if (word == "libsecret") {
    return Place::kLibsecret;
  }
  return word == "file" ? std::optional(Place::kFile) : std::nullopt;
}

const char* CredentialWord(Credential credential) {
  return credential == Credential::kApiKey ? "api_key" : "login";
}

TokenVersion VersionOf(const TokenSet& tokens) {
  return {tokens.store_id, tokens.generation};
}

bool BelongsTo(const TokenSet& tokens, const Profile& profile) {
  return tokens.issuer == profile.issuer && tokens.client_id == profile.client_id;
}

TokenSet MakeTokenSet(const oauth::TokenResponse& response, const Profile& profile,
                      const TokenSet* previous, UnixTime now) {
  TokenSet tokens = previous != nullptr ? *previous : TokenSet{};
  tokens.generation += 1;
  tokens.issuer = profile.issuer;
  tokens.client_id = profile.client_id;
  tokens.access_token = response.access_token;
  tokens.token_type = response.token_type;
  tokens.minted_at = now;
  tokens.expires_at = response.expires_in ? std::optional(now + *response.expires_in)
                                          : oauth::PeekExpiry(response.access_token);
  if (response.refresh_token) {
    tokens.refresh_token = response.refresh_token;
  }
  if (response.scope) {
    tokens.scope = response.scope;
  } else if (previous == nullptr) {
    // RFC 6749 section 5.1: left out when it is the one that was asked for.
    tokens.scope = oauth::JoinScopes(profile.scopes);
  }
  if (response.id_token) {
    if (auto account = oauth::ReadAccount(*response.id_token, profile.issuer, profile.client_id)) {
      tokens.account = std::move(account);
    }
  }
  return tokens;
}

TokenSet MakeApiKeySet(std::string api_key, const Profile& profile, UnixTime now) {
  TokenSet tokens;
  tokens.credential = Credential::kApiKey;
  tokens.generation = 1;
  tokens.issuer = profile.issuer;
  tokens.client_id = profile.client_id;
  tokens.access_token = std::move(api_key);
  tokens.token_type = "Bearer";
  tokens.minted_at = now;
  return tokens;
}

std::optional<UnixTime> EffectiveExpiry(const TokenSet& tokens,
                                        std::optional<std::chrono::seconds> token_ttl) {
  if (tokens.expires_at || !token_ttl) {
    return tokens.expires_at;
  }
  return tokens.minted_at + *token_ttl;
}

std::string SerializeTokenSet(const TokenSet& tokens) {
  oauth::JsonObject object;
  if (tokens.credential == Credential::kApiKey) {
    object.Set("version", kApiKeyVersion).Set("credential", CredentialWord(tokens.credential));
  } else {
    object.Set("version", kLoginVersion).Set("token_endpoint", tokens.token_endpoint);
  }
  object.Set("store_id", tokens.store_id)
      .Set("generation", tokens.generation)
      .Set("store", PlaceWord(tokens.place))
      .Set("issuer", tokens.issuer)
      .Set("client_id", tokens.client_id)
      .Set("access_token", tokens.access_token)
      .Set("token_type", tokens.token_type)
      .Set("minted_at", SecondsSinceEpoch(tokens.minted_at))
      .SetIf("refresh_token", tokens.refresh_token)
      .SetIf("scope", tokens.scope)
      .SetIf("revocation_endpoint", tokens.revocation_endpoint);
  if (tokens.expires_at) {
    object.Set("expires_at", SecondsSinceEpoch(*tokens.expires_at));
  }
  if (tokens.account) {
    oauth::JsonObject account;
    account.Set("sub", tokens.account->sub)
        .SetIf("email", tokens.account->email)
        .SetIf("name", tokens.account->name);
    object.Set("account", account);
  }
  return object.Text() + "\n";
}

std::variant<TokenSet, TokenSetFault> ParseTokenSet(std::string_view text) {
  const std::optional<oauth::JsonObject> object = oauth::JsonObject::Parse(text);
  if (!object) {
    return TokenSetFault{"is damaged (not a JSON object)"};
  }
  const std::int64_t version = object->Integer("version").value_or(0);
  const bool is_api_key = object->String("credential") == CredentialWord(Credential::kApiKey);
  if (version > (is_api_key ? kApiKeyVersion : kLoginVersion)) {
    return TokenSetFault{"was written by a newer version of grok-auth", /*is_newer=*/true};
  }
  TokenSet tokens;
  tokens.credential = is_api_key ? Credential::kApiKey : Credential::kLogin;
  tokens.store_id = object->String("store_id").value_or("");
  tokens.generation = object->Integer("generation").value_or(0);
  tokens.place = ParsePlace(object->String("store").value_or("")).value_or(Place::kFile);
  tokens.issuer = object->String("issuer").value_or("");
  tokens.client_id = object->String("client_id").value_or("");
  tokens.access_token = object->String("access_token").value_or("");
  tokens.token_type = object->String("token_type").value_or("Bearer");
  tokens.minted_at = UnixTime(std::chrono::seconds(object->Integer("minted_at").value_or(0)));
  if (const std::optional<std::int64_t> expires_at = object->Integer("expires_at")) {
    tokens.expires_at = UnixTime(std::chrono::seconds(*expires_at));
  }
  tokens.refresh_token = object->String("refresh_token");
  tokens.scope = object->String("scope");
  if (const std::optional<oauth::JsonObject> account = object->Object("account")) {
    tokens.account = ParseAccount(*account);
  }
  tokens.token_endpoint = object->String("token_endpoint").value_or("");
  tokens.revocation_endpoint = object->String("revocation_endpoint");
  const bool has_endpoint = is_api_key || !tokens.token_endpoint.empty();
  for (const std::string* required :
       {&tokens.store_id, &tokens.issuer, &tokens.client_id, &tokens.access_token}) {
    if (required->empty() || !has_endpoint) {
      return TokenSetFault{"is damaged (a member is missing)"};
    }
  }
  if (!oauth::IsTokenText(tokens.access_token) || tokens.generation < 1) {
    return TokenSetFault{"is damaged (a member makes no sense)"};
  }
  return tokens;
}

}  // namespace grokauth::app
