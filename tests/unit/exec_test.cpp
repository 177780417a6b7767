#include "app/exec.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "fixture.h"

using namespace grokauth;
using namespace grokauth::test;

namespace {

/// The command. The fake program is never started, so it comes back.
struct Executing : Fixture {
  int Run(std::optional<seconds> min_validity = std::nullopt) {
    return app::Exec(context, {min_validity, {"grok", "-p", "hello"}});
  }
  /// What the program got.
  std::string Given() {
    REQUIRE(successor.started.size() == 1);
    CHECK(successor.started[0].variable == "XAI_API_KEY");
    CHECK(successor.started[0].arguments == std::vector<std::string>{"grok", "-p", "hello"});
    return successor.started[0].value;
  }
  void ExpectRefresh() {
    http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
    worker.PlanRefresh();
  }
  /// A login with this much left of its lifetime.
  void StoreWith(seconds left, seconds lifetime) {
    StoreLogin(MakeTokens(lifetime - left, lifetime));
  }
  [[nodiscard]] bool Warned() const {
    return terminal.Messages().find("warning: the token lasts ") != std::string::npos;
  }
};

}  // namespace

TEST_CASE("exec gives a stored token to the program, and asks nobody") {
  Executing exec;
  exec.StoreWith(seconds(60), seconds(21600));
  CHECK(exec.Run() == 126);
  CHECK(exec.Given() == "access-1");
  CHECK_FALSE(exec.Warned());
}

TEST_CASE("a token with less than a minute left is renewed first") {
  Executing exec;
  exec.StoreWith(seconds(59), seconds(21600));
  exec.ExpectRefresh();
  static_cast<void>(exec.Run());
  CHECK(exec.Given() == "access-2");
}

TEST_CASE("what exec was asked for counts in full") {
  Executing exec;
  exec.StoreWith(seconds(19000), seconds(21600));
  SECTION("there is so much left") {
    static_cast<void>(exec.Run(seconds(19000)));
    CHECK(exec.Given() == "access-1");
  }
  SECTION("there is not, though more than half the lifetime") {
    exec.ExpectRefresh();
    static_cast<void>(exec.Run(seconds(19001)));
    CHECK(exec.Given() == "access-2");
  }
  SECTION("a new token just lasts so long, but for what it was on its way") {
    exec.ExpectRefresh();
    exec.clock.After(milliseconds(0), [] {});
    static_cast<void>(exec.Run(seconds(21600)));
    CHECK(exec.Given() == "access-2");
  }
  CHECK_FALSE(exec.Warned());
}

TEST_CASE("where no new token lasts so long, exec warns, and does not refresh in vain") {
  Executing exec;
  exec.StoreWith(seconds(11000), seconds(21600));
  static_cast<void>(exec.Run(seconds(21601)));
  CHECK(exec.Given() == "access-1");
  CHECK(exec.terminal.Messages().starts_with(
      "grok-auth: warning: the token lasts 3 h 3 min, and 6 h were asked for"));
}

TEST_CASE("a token whose lifetime nobody knows is not warned of") {
  Executing exec;
  exec.StoreLogin(exec.MakeTokens(seconds(3600), std::nullopt));
  SECTION("nobody at all") {
    static_cast<void>(exec.Run(seconds(80000)));
    CHECK(exec.Given() == "access-1");
  }
  SECTION("but GROK_AUTH_TOKEN_TTL, which has passed") {
    exec.environment.token_ttl_seconds = "3600";
    exec.ExpectRefresh();
    static_cast<void>(exec.Run());
    CHECK(exec.Given() == "access-2");
  }
}

TEST_CASE("GROK_AUTH_EXPIRED means nothing to exec") {
  Executing exec;
  exec.environment.grok_auth_expired = true;
  exec.StoreLogin(exec.MakeTokens());
  static_cast<void>(exec.Run());
  CHECK(exec.Given() == "access-1");
}

TEST_CASE("exec signs nobody in") {
  Executing exec;
  SECTION("nobody is signed in") {}
  SECTION("the login has ended") {
    app::TokenSet tokens = exec.MakeTokens(seconds(30000));
    tokens.refresh_token.reset();
    exec.StoreLogin(tokens);
  }
  const app::Error error = ErrorOf([&] { static_cast<void>(exec.Run()); });
  CHECK(error.kind() == app::ErrorKind::kLoginRequired);
  CHECK(error.hint().find("grok-auth login") != std::string::npos);
  CHECK(exec.successor.started.empty());
}

TEST_CASE("a token that exec gave away counts as delivered") {
  Executing exec;
  const app::TokenSet tokens = exec.MakeTokens();
  app::RefreshRecord record = Fixture::MakeRecord(tokens);
  record.delivered_generation = 0;
  exec.StoreLogin(tokens, record);
  static_cast<void>(exec.Run());
  CHECK(exec.Record().delivered_generation == 1);
}
