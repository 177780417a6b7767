#pragma once

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <utility>

#include "app/silent_refresh.h"
#include "fixture.h"

namespace grokauth::test {

/// A login whose token is about to expire, and a run that looked at it.
struct Expiring : Fixture {
  Expiring() {
    StoreLogin(MakeTokens(seconds(21590)));
    first = store.Load();
    demand.min_validity = seconds(360);
  }

  app::SilentRefreshResult Run() {
    return app::RefreshSilently(context, demand, first, clock.SteadyNow() + seconds(15));
  }

  /// The other process that holds the refresh lock ends so long from now.
  void EndHolderAfter(milliseconds delay, std::function<void()> deed) {
    state.HoldElsewhere(kRefreshLock);
    clock.After(delay, [this, deed = std::move(deed)] {
      deed();
      state.ReleaseElsewhere(kRefreshLock);
    });
  }

  void SaveNewer() {
    app::TokenSet tokens = MakeTokens(seconds(0));
    tokens.access_token = "access-2";
    tokens.refresh_token = "refresh-2";
    tokens.generation = 2;
    SaveElsewhere(tokens);
  }

  void RecordFailure(const std::string& word) {
    app::RefreshRecord record = Record();
    record.attempts = 1;
    record.last = app::RefreshOutcome{
        1, clock.Now(), word, "the other's words", "the other's hint", word == "network"};
    StoreLogin(Tokens(), record);
  }

  app::StoredLogin first;
  app::Demand demand;
};

inline std::string TokenOf(const app::SilentRefreshResult& result) {
  REQUIRE(std::holds_alternative<app::Handout>(result));
  return std::get<app::Handout>(result).access_token;
}

inline const app::RefreshWithoutToken& FailureOf(const app::SilentRefreshResult& result) {
  REQUIRE(std::holds_alternative<app::RefreshWithoutToken>(result));
  return std::get<app::RefreshWithoutToken>(result);
}

}  // namespace grokauth::test
