#include "app/model_cache.h"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "models_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

TEST_CASE("a kept list is that of one login at one API") {
  ModelsFixture run;
  run.KeepList(seconds(10));
  REQUIRE(ReadCachedModels(run.context));
  SECTION("another sign-in") {
    TokenSet tokens = run.MakeTokens();
    tokens.store_id = "store-2";
    run.StoreLogin(tokens);
  }
  SECTION("nobody") {
    run.state.files.clear();
  }
  SECTION("another issuer") {
    run.profile.issuer = "https://other.example";
  }
  SECTION("another client") {
    run.profile.client_id = "client-2";
  }
  SECTION("another API") {
    run.profile.api_base = "https://grok.example/v2";
  }
  SECTION("no API") {
    run.profile.api_base.reset();
  }
  SECTION("another of xAI's APIs") {
    run.profile.is_xai = true;
    run.environment.xai_base_url = "https://eu.api.x.ai/v1";
  }
  SECTION("another profile") {
    run.profile.name = "work2";
  }
  CHECK_FALSE(ReadCachedModels(run.context));
}

TEST_CASE("a kept list that cannot be read counts as none") {
  ModelsFixture run;
  run.KeepList(seconds(10));
  std::string& text = run.cache.files.at("work.models");
  const auto replace = [&text](const std::string& part, const std::string& by) {
    const std::size_t at = text.find(part);
    REQUIRE(at != std::string::npos);
    text.replace(at, part.size(), by);
  };
  SECTION("not JSON") {
    text = "\x7f\x45LF";
  }
  SECTION("cut off") {
    text.resize(text.size() / 2);
  }
  SECTION("no models") {
    replace("grok-kept", "gr ok");
  }
  SECTION("no time") {
    replace("fetched_at", "fetched_on");
  }
  SECTION("a time to come") {
    run.KeepList(seconds(-1));
  }
  SECTION("another version's") {
    replace("\"version\":1", "\"version\":2");
  }
  SECTION("unreadable") {
    run.cache.unreadable.insert("work.models");
  }
  CHECK_FALSE(ReadCachedModels(run.context));
}

TEST_CASE("a list is fresh for an hour") {
  const ModelList list{{"grok-4"}, UnixTime(seconds(1'000'000))};
  CHECK(IsFresh(list, list.fetched_at));
  CHECK(IsFresh(list, list.fetched_at + seconds(3599)));
  CHECK_FALSE(IsFresh(list, list.fetched_at + seconds(3600)));
}

TEST_CASE("a cache that cannot be written is told under --verbose only") {
  ModelsFixture run;
  run.cache.unwritable.insert("work.models");
  SECTION("silent") {
    run.KeepList(seconds(0));
    ForgetModels(run.context);
    CHECK(run.terminal.messages.empty());
  }
  SECTION("verbose") {
    Messages verbose(run.terminal, /*verbose=*/true);
    Context context = run.NewRun(verbose);
    KeepModels(context, "store-1", {{"grok-4"}, run.clock.Now()});
    ForgetModels(context);
    CHECK(run.terminal.messages.size() == 2);
  }
}
