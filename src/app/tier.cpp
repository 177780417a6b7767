#include "app/tier.h"

#include <array>

#include "oauth/claims.h"

namespace grokauth::app {

namespace {

struct Plan {
  const char* name;
  const char* offer;
};

constexpr const char* kIncluded = "usually includes Grok";
constexpr const char* kDoubtful = "may not include Grok outside of the apps";

// The names: Grok's own table (jwt_tier_claim in its source). The offers: what users of the plans
// report.
constexpr std::array<Plan, 8> kPlans = {{{"Free", "usually includes a little use of Grok per day"},
                                         {"SuperGrok", kIncluded},
                                         {"X Basic", kDoubtful},
                                         {"X Premium", kDoubtful},
                                         {"X Premium+", kIncluded},
                                         {"SuperGrok Heavy", kIncluded},
                                         {"SuperGrok Lite", kDoubtful},
                                         {"SuperGrok Plus", kIncluded}}};

/// Null for a level that is not in the table.
const Plan* FindPlan(std::int64_t level) {
  const bool is_known = level >= 0 && level < static_cast<std::int64_t>(kPlans.size());
  return is_known ? &kPlans.at(static_cast<std::size_t>(level)) : nullptr;
}

}  // namespace

std::optional<Tier> PeekTier(std::string_view access_token) {
  const std::optional<oauth::JsonObject> claims = oauth::PeekClaims(access_token);
  const std::optional<std::int64_t> level = claims ? claims->Integer("tier") : std::nullopt;
  if (!level) {
    return std::nullopt;
  }
  const Plan* plan = FindPlan(*level);
  return Tier{*level, plan != nullptr ? plan->name : std::to_string(*level)};
}

std::string ShortName(const Tier& tier) {
  return FindPlan(tier.level) != nullptr ? tier.name : "tier " + tier.name;
}

std::optional<std::string> UsualOffer(const Tier& tier) {
  const Plan* plan = FindPlan(tier.level);
  return plan != nullptr ? std::optional<std::string>(plan->offer) : std::nullopt;
}

}  // namespace grokauth::app
