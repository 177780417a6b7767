#include "app/freshness.h"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

#include "fixture.h"

using namespace grokauth::app;
using grokauth::test::Fixture;
using std::chrono::seconds;

namespace {

struct Case {
  const char* rule;
  const char* expected;  ///< "hand out", "refresh", "api key" or "sign in"
  std::function<void(StoredLogin& login, Demand& demand, UnixTime now)> change;
};

const char* Word(const NextStep& step) {
  return std::holds_alternative<HandOut>(step)      ? "hand out"
         : std::holds_alternative<Refresh>(step)    ? "refresh"
         : std::holds_alternative<ApiKeyOnly>(step) ? "api key"
                                                    : "sign in";
}

/// A delivered login an hour old with five hours left.
StoredLogin OrdinaryLogin(Fixture& fixture) {
  const TokenSet tokens = fixture.MakeTokens();
  StoredLogin login;
  login.store_id = tokens.store_id;
  login.tokens = tokens;
  login.record = Fixture::MakeRecord(tokens);
  return login;
}

std::string Decide(const Case& one, const std::optional<TokenVersion>& first_look) {
  Fixture fixture;
  StoredLogin login = OrdinaryLogin(fixture);
  Demand demand;
  demand.min_validity = seconds(360);
  one.change(login, demand, fixture.clock.Now());
  return Word(DecideNextStep(login, fixture.profile, demand, fixture.clock.Now(), first_look));
}

/// A change that leaves the token so many seconds of a lifetime.
auto Left(int left, int lifetime = 21600) {
  return [=](StoredLogin& login, Demand&, UnixTime now) {
    login.tokens->expires_at = now + seconds(left);
    login.tokens->minted_at = now + seconds(left) - seconds(lifetime);
  };
}

/// An API key instead of the login, and a run that takes it.
auto ApiKey(const std::function<void(StoredLogin&, Demand&, UnixTime)>& change) {
  return [=](StoredLogin& login, Demand& demand, UnixTime now) {
    login.tokens = MakeApiKeySet("xai-0123456789abcdef", grokauth::test::MakeProfile(), now);
    demand.takes_api_key = true;
    change(login, demand, now);
  };
}

/// `min_validity` counts in full.
auto InFull(const std::function<void(StoredLogin&, Demand&, UnixTime)>& change) {
  return [=](StoredLogin& login, Demand& demand, UnixTime now) {
    demand.in_full = true;
    change(login, demand, now);
  };
}

auto Unseen(const std::function<void(StoredLogin&, Demand&, UnixTime)>& change) {
  return [=](StoredLogin& login, Demand& demand, UnixTime now) {
    demand.wanted = Wanted::kUnseen;
    change(login, demand, now);
  };
}

}  // namespace

TEST_CASE("what a run does with what it loaded") {
  const auto
      one =
          GENERATE(
              values<Case>(
                  {
                      {"an ordinary token is handed out", "hand out", [](auto&, auto&, auto) {}},
                      {"nobody signed in", "sign in",
                       [](auto& l, auto&, auto) { l.tokens.reset(); }},
                      {"a login of another issuer is not this profile's", "sign in",
                       [](auto& l, auto&, auto) { l.tokens->issuer = "https://other.example"; }},
                      {"a login of another client is not this profile's", "sign in",
                       [](auto& l, auto&, auto) { l.tokens->client_id = "client-2"; }},
                      {"exactly min_validity left is enough", "hand out", Left(360)},
                      {"a second less is not", "refresh", Left(359)},
                      {"expired exactly now", "refresh",
                       [](auto& l, auto& d, auto now) {
                         d.min_validity = seconds(0);
                         l.tokens->expires_at = now;
                       }},
                      {"a second left is enough when nothing is asked", "hand out",
                       [](auto& l, auto& d, auto now) {
                         d.min_validity = seconds(0);
                         l.tokens->expires_at = now + seconds(1);
                       }},
                      {"expired long ago", "refresh", Left(-1000)},
                      {"half the lifetime is enough for a short token", "hand out", Left(150, 300)},
                      {"less than half the lifetime is not", "refresh", Left(149, 300)},
                      {"a token that is born short is used", "hand out", Left(10, 10)},
                      {"no expiry", "hand out",
                       [](auto& l, auto&, auto) { l.tokens->expires_at.reset(); }},
                      {"no expiry, but GROK_AUTH_TOKEN_TTL is over", "refresh",
                       [](auto& l, auto& d, auto) {
                         l.tokens->expires_at.reset();
                         d.token_ttl = seconds(3600);
                       }},
                      {"no expiry, and GROK_AUTH_TOKEN_TTL is not over", "hand out",
                       [](auto& l, auto& d, auto) {
                         l.tokens->expires_at.reset();
                         d.token_ttl = seconds(7200);
                       }},
                      {"GROK_AUTH_TOKEN_TTL does not shorten a known expiry", "hand out",
                       [](auto&, auto& d, auto) { d.token_ttl = seconds(10); }},
                      {"minted now", "hand out",
                       [](auto& l, auto&, auto now) { l.tokens->minted_at = now; }},
                      {"minted in the future counts as stale", "refresh",
                       [](auto& l, auto&, auto now) { l.tokens->minted_at = now + seconds(1); }},
                      {"a refused token is never handed out", "refresh",
                       [](auto& l, auto&, auto) { MarkRefused(l.record, "access-1"); }},
                      {"another token's refusal does not count", "hand out",
                       [](auto& l, auto&, auto) { MarkRefused(l.record, "access-0"); }},
                      {"a stale generation is neither handed out nor sent", "sign in",
                       [](auto& l, auto&, auto) { l.record.generation = 2; }},
                      {"a record that lags behind does not matter",
                       "hand out", [](auto& l, auto&, auto) { l.record.generation = 0; }},
                      {"without a refresh token a good access token will do",
                       "hand out", [](auto& l, auto&, auto) { l.tokens->refresh_token.reset(); }},
                      {"without a refresh token an old one ends the login", "sign in",
                       [](auto& l, auto& d, auto now) {
                         Left(10)(l, d, now);
                         l.tokens->refresh_token.reset();
                       }},
                      {"a dead refresh token is not sent", "sign in",
                       [](auto& l, auto& d, auto now) {
                         Left(10)(l, d, now);
                         MarkDead(l.record, "refresh-1");
                       }},
                      {"an access token outlives its dead refresh token", "hand out",
                       [](auto& l, auto&, auto) { MarkDead(l.record, "refresh-1"); }},
                  }));
  CAPTURE(one.rule);
  CHECK(Decide(one, std::nullopt) == one.expected);
}

TEST_CASE("what a headless run does with what it loaded") {
  const auto one = GENERATE(values<Case>({
      {"a delivered token is what its caller has", "refresh", Unseen([](auto&, auto&, auto) {})},
      {"59 s old: minted by a sibling for the same expiry", "hand out",
       Unseen([](auto& l, auto&, auto now) { l.tokens->minted_at = now - seconds(59); })},
      {"60 s old is not young", "refresh",
       Unseen([](auto& l, auto&, auto now) { l.tokens->minted_at = now - seconds(60); })},
      {"young, but refused", "refresh", Unseen([](auto& l, auto&, auto now) {
         l.tokens->minted_at = now;
         MarkRefused(l.record, "access-1");
       })},
      {"young, but from the future", "refresh",
       Unseen([](auto& l, auto&, auto now) { l.tokens->minted_at = now + seconds(5); })},
      {"young, but expired", "refresh", Unseen([](auto& l, auto&, auto now) {
         l.tokens->minted_at = now - seconds(30);
         l.tokens->expires_at = now - seconds(1);
       })},
      {"undelivered", "hand out",
       Unseen([](auto& l, auto&, auto) { l.record.delivered_generation = 0; })},
      {"undelivered, but refused", "refresh", Unseen([](auto& l, auto&, auto) {
         l.record.delivered_generation = 0;
         MarkRefused(l.record, "access-1");
       })},
      {"undelivered, but about to expire", "refresh", Unseen([](auto& l, auto& d, auto now) {
         l.record.delivered_generation = 0;
         Left(100)(l, d, now);
       })},
      {"without a record nobody knows whether it was delivered", "refresh",
       Unseen([](auto& l, auto&, auto) { l.record = RefreshRecord{}; })},
      {"no refresh token", "sign in",
       Unseen([](auto& l, auto&, auto) { l.tokens->refresh_token.reset(); })},
      {"a dead refresh token", "sign in",
       Unseen([](auto& l, auto&, auto) { MarkDead(l.record, "refresh-1"); })},
      {"nobody signed in", "sign in", Unseen([](auto& l, auto&, auto) { l.tokens.reset(); })},
  }));
  CAPTURE(one.rule);
  CHECK(Decide(one, std::nullopt) == one.expected);
}

TEST_CASE("what a run does that wants its minimal validity in full") {
  const auto one = GENERATE(values<Case>({
      {"exactly that is enough", "hand out", InFull(Left(360, 400))},
      {"a second less is not, though it is more than half the lifetime", "refresh",
       InFull(Left(359, 400))},
      {"the whole lifetime can be asked for", "refresh", InFull(Left(359, 360))},
      {"more than a new token lasts: half the lifetime is enough", "hand out",
       InFull(Left(150, 300))},
      {"and less than that is not", "refresh", InFull(Left(149, 300))},
  }));
  CAPTURE(one.rule);
  CHECK(Decide(one, std::nullopt) == one.expected);
}

TEST_CASE("what a run does that finds an API key") {
  const auto one = GENERATE(values<Case>({
      {"one that takes it gets it", "hand out", ApiKey([](auto&, auto&, auto) {})},
      {"however long it is to last", "hand out",
       ApiKey([](auto&, auto& d, auto) { d.min_validity = std::chrono::hours(24); })},
      {"whatever GROK_AUTH_TOKEN_TTL says of tokens", "hand out",
       ApiKey([](auto& l, auto& d, auto) {
         l.tokens->minted_at -= std::chrono::hours(1000);
         d.token_ttl = seconds(60);
       })},
      {"whenever it was stored", "hand out",
       ApiKey([](auto& l, auto&, auto now) { l.tokens->minted_at = now + seconds(5); })},
      {"even when a server refused it: it may have been disabled for a while", "hand out",
       ApiKey([](auto& l, auto&, auto) { MarkRefused(l.record, l.tokens->access_token); })},
      {"a provider run does not get it", "api key",
       ApiKey([](auto&, auto& d, auto) { d.takes_api_key = false; })},
      {"nor a headless one", "api key", ApiKey([](auto&, auto& d, auto) {
         d.takes_api_key = false;
         d.wanted = Wanted::kUnseen;
       })},
      {"there is no newer one", "api key",
       ApiKey([](auto&, auto& d, auto) { d.wanted = Wanted::kNewer; })},
      {"nor one that its caller cannot have seen", "api key",
       ApiKey([](auto&, auto& d, auto) { d.wanted = Wanted::kUnseen; })},
      {"that of another profile's issuer is not this profile's", "sign in",
       ApiKey([](auto& l, auto&, auto) { l.tokens->issuer = "https://other.example"; })},
  }));
  CAPTURE(one.rule);
  CHECK(Decide(one, std::nullopt) == one.expected);
  CHECK(Decide(one, TokenVersion{"store-0", 1}) == one.expected);
}

TEST_CASE("a token that came after the first look is one that the caller cannot have") {
  const Case unseen{"", "", Unseen([](auto&, auto&, auto) {})};
  CHECK(Decide(unseen, TokenVersion{"store-1", 1}) == std::string("refresh"));
  CHECK(Decide(unseen, TokenVersion{"store-1", 0}) == std::string("hand out"));
  CHECK(Decide(unseen, TokenVersion{"store-0", 1}) == std::string("hand out"));
}

TEST_CASE("the command refresh takes nothing but a token that came after its first look") {
  const Case newer{"", "", [](auto& l, auto& d, auto now) {
                     d.wanted = Wanted::kNewer;
                     l.tokens->minted_at = now;
                     l.record.delivered_generation = 0;
                   }};
  CHECK(Decide(newer, std::nullopt) == std::string("refresh"));
  CHECK(Decide(newer, TokenVersion{"store-1", 1}) == std::string("refresh"));
  CHECK(Decide(newer, TokenVersion{"store-1", 0}) == std::string("hand out"));
}

TEST_CASE("min_validity is Grok's window and its jitter of 60 s") {
  using Text = std::optional<std::string>;
  const auto [text, expected] = GENERATE(table<Text, int>({
      {std::nullopt, 360},
      {"300", 360},
      {"0", 60},
      {"900", 960},
      {"", 360},
      {"abc", 360},
      {"-5", 360},
      {"5.5", 360},
      {"60 ", 360},
      {" 60", 360},
      {"99999999999", 360},
  }));
  CAPTURE(text.value_or("unset"));
  CHECK(DefaultMinValidity(text) == seconds(expected));
}

TEST_CASE("what may be handed out when no refresh came through") {
  const auto one = GENERATE(values<Case>({
      {"a second left", "yes", Left(1)},
      {"no expiry", "yes", [](auto& l, auto&, auto) { l.tokens->expires_at.reset(); }},
      {"expired now", "no", Left(0)},
      {"GROK_AUTH_TOKEN_TTL is over", "no",
       [](auto& l, auto& d, auto) {
         l.tokens->expires_at.reset();
         d.token_ttl = seconds(3600);
       }},
      {"from the future", "no",
       [](auto& l, auto&, auto now) { l.tokens->minted_at = now + seconds(1); }},
      {"a stale generation", "no", [](auto& l, auto&, auto) { l.record.generation = 2; }},
      {"another client's", "no", [](auto& l, auto&, auto) { l.tokens->client_id = "x"; }},
      {"none", "no", [](auto& l, auto&, auto) { l.tokens.reset(); }},
      {"an API key", "yes", ApiKey([](auto&, auto&, auto) {})},
      {"an API key where none is taken", "no",
       ApiKey([](auto&, auto& d, auto) { d.takes_api_key = false; })},
      {"refused by a headless run", "yes",
       [](auto& l, auto&, auto) { MarkRefused(l.record, "access-1"); }},
  }));
  CAPTURE(one.rule);
  Fixture fixture;
  StoredLogin login = OrdinaryLogin(fixture);
  Demand demand;
  one.change(login, demand, fixture.clock.Now());
  CHECK(IsUnexpired(login, fixture.profile, demand, fixture.clock.Now()) ==
        (one.expected == std::string("yes")));
}
