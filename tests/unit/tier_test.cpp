#include "app/tier.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Name = std::optional<std::string>;

namespace {

Name TierOf(const std::string& value) {
  const std::optional<Tier> tier = PeekTier(MakeJwt(R"({"sub":"user-1","tier":)" + value + "}"));
  return tier ? Name(ShortName(*tier)) : std::nullopt;
}

}  // namespace

TEST_CASE("the numbers of Grok's plans have the names that Grok shows") {
  CHECK(TierOf("0") == Name("Free"));
  CHECK(TierOf("1") == Name("SuperGrok"));
  CHECK(TierOf("2") == Name("X Basic"));
  CHECK(TierOf("3") == Name("X Premium"));
  CHECK(TierOf("4") == Name("X Premium+"));
  CHECK(TierOf("5") == Name("SuperGrok Heavy"));
  CHECK(TierOf("6") == Name("SuperGrok Lite"));
  CHECK(TierOf("7") == Name("SuperGrok Plus"));
}

TEST_CASE("a plan that is not known yet is told by its number") {
  CHECK(TierOf("8") == Name("tier 8"));
  CHECK(TierOf("9007199254740993") == Name("tier 9007199254740993"));
  CHECK(TierOf("-1") == Name("tier -1"));
}

TEST_CASE("what a plan usually offers is told for the plans that are known") {
  CHECK(UsualOffer(Tier{1, "SuperGrok"}) == "usually includes Grok");
  CHECK(UsualOffer(Tier{2, "X Basic"}) == "may not include Grok outside of the apps");
  CHECK(UsualOffer(Tier{0, "Free"}) == "usually includes a little use of Grok per day");
  CHECK_FALSE(UsualOffer(Tier{8, "8"}));
  CHECK_FALSE(UsualOffer(Tier{-1, "-1"}));
}

TEST_CASE("a token without a plan has none") {
  CHECK(TierOf("null") == std::nullopt);
  CHECK(TierOf("\"SuperGrok\"") == std::nullopt);
  CHECK(TierOf("\"\\u001b[2J\"") == std::nullopt);
  CHECK(TierOf("{}") == std::nullopt);
  CHECK(TierOf("true") == std::nullopt);
  CHECK(TierOf("99999999999999999999999") == std::nullopt);
  CHECK(!PeekTier(MakeJwt(R"({"sub":"user-1"})")));
}

TEST_CASE("a token that is no JWT has no plan") {
  const std::string token = GENERATE("", "opaque", "a.b", "a.b.c", "..", "eyJ0aWVyIjoxfQ");
  CHECK_FALSE(PeekTier(token));
}
