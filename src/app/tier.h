#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace grokauth::app {

/// The plan of an account. It can be out of date, and decides nothing: the server does.
struct Tier {
  std::int64_t level = 0;
  std::string name;  ///< as Grok shows it; of a level that Grok does not know, the number
};

/// The plan as the access token's numeric claim `tier` tells it; nothing when it has none.
[[nodiscard]] std::optional<Tier> PeekTier(std::string_view access_token);

/// "SuperGrok"; "tier 8" for a level without a name.
[[nodiscard]] std::string ShortName(const Tier& tier);

/// What xAI usually offers with the plan, as one clause; nothing for a level without a name.
[[nodiscard]] std::optional<std::string> UsualOffer(const Tier& tier);

}  // namespace grokauth::app
