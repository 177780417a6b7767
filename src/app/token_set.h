#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "app/edges.h"
#include "app/profile.h"
#include "oauth/types.h"

namespace grokauth::app {

/// Where a sign-in chose to keep its login.
enum class Place {
  kFile,       ///< the state folder
  kLibsecret,  ///< the keyring
};

/// "file" or "libsecret", as it is stored and shown, and back.
[[nodiscard]] const char* PlaceWord(Place place);
[[nodiscard]] std::optional<Place> ParsePlace(std::string_view word);

/// What a profile holds.
enum class Credential {
  kLogin,   ///< tokens of a sign-in
  kApiKey,  ///< a key that a person brought along: not from the issuer, and nothing can renew it
};

/// "login" or "api_key", as it is stored and shown.
[[nodiscard]] const char* CredentialWord(Credential credential);

/// Everything a login consists of, kept as one value so that a replacement is one write. An API key
/// is one without expiry, refresh token and endpoints.
struct TokenSet {
  Credential credential = Credential::kLogin;
  std::string store_id;         ///< of the sign-in that this set descends from
  std::int64_t generation = 0;  ///< 1 at the sign-in, one more at each refresh
  Place place = Place::kFile;   ///< a set for the keyring that is found in a file waits there
  std::string issuer;
  std::string client_id;
  std::string access_token;  ///< or the API key
  std::string token_type;
  std::optional<UnixTime> expires_at;  ///< of the access token; nothing when the server did not say
  UnixTime minted_at{};                ///< when the access token arrived
  std::optional<std::string> refresh_token;
  std::optional<std::string> scope;  ///< granted, space-separated
  std::optional<oauth::Account> account;
  std::string token_endpoint;
  std::optional<std::string> revocation_endpoint;
};

/// Tells one token set of a profile from another.
struct TokenVersion {
  std::string store_id;
  std::int64_t generation = 0;

  bool operator==(const TokenVersion&) const = default;
};

[[nodiscard]] TokenVersion VersionOf(const TokenSet& tokens);

/// Whether `tokens` belong to the profile's issuer and client. A set that does not is another
/// login.
[[nodiscard]] bool BelongsTo(const TokenSet& tokens, const Profile& profile);

/// The token set of a fresh sign-in (`previous` null), or the successor of `previous` after a
/// refresh: what the answer leaves out (refresh token, scope, account) stays. The expiry comes from
/// `expires_in`, else from the token's own `exp` claim.
[[nodiscard]] TokenSet MakeTokenSet(const oauth::TokenResponse& response, const Profile& profile,
                                    const TokenSet* previous, UnixTime now);

/// What `api_key` is kept as.
[[nodiscard]] TokenSet MakeApiKeySet(std::string api_key, const Profile& profile, UnixTime now);

/// When the access token ends: the stored expiry, else minted_at + `token_ttl` when one is given.
[[nodiscard]] std::optional<UnixTime> EffectiveExpiry(
    const TokenSet& tokens, std::optional<std::chrono::seconds> token_ttl);

/// Why a stored token set cannot be used.
struct TokenSetFault {
  std::string reason;     ///< as one clause, in the words "is damaged (...)"
  bool is_newer = false;  ///< nothing is wrong with it: a newer version of the program wrote it
};

/// One line of JSON, and back.
[[nodiscard]] std::string SerializeTokenSet(const TokenSet& tokens);
[[nodiscard]] std::variant<TokenSet, TokenSetFault> ParseTokenSet(std::string_view text);

}  // namespace grokauth::app
