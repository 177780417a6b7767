#include "app/tier.h"

#include <array>

#include "oauth/claims.h"

namespace grokauth::app {

std::optional<std::string> PeekTier(std::string_view access_token) {
  // Grok's own table (jwt_tier_claim in its source).
  constexpr std::array<const char*, 8> kNames = {
      "Free",       "SuperGrok",       "X Basic",        "X Premium",
      "X Premium+", "SuperGrok Heavy", "SuperGrok Lite", "SuperGrok Plus"};
  const std::optional<oauth::JsonObject> claims = oauth::PeekClaims(access_token);
  const std::optional<std::int64_t> level = claims ? claims->Integer("tier") : std::nullopt;
  if (!level) {
    return std::nullopt;
  }
  return *level >= 0 && *level < static_cast<std::int64_t>(kNames.size())
             ? kNames.at(static_cast<std::size_t>(*level))
             : "tier " + std::to_string(*level);
}

}  // namespace grokauth::app
