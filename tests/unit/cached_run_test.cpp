#include <catch2/catch.hpp>

#include <string>

#include "app/token_source.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

constexpr const char* kAnswer =
    "{\"access_token\":\"access-1\",\"expires_in\":18000,\"issuer\":\"https://id.example\"}\n";

std::vector<std::string> Provide(Fixture& fixture, const TokenOptions& options = {}) {
  ProvideToken(fixture.context, options);
  return fixture.terminal.answers;
}

/// The worker that the next run needs renews the login.
void ExpectRefresh(Fixture& fixture) {
  fixture.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  fixture.worker.PlanRefresh();
}

}  // namespace

TEST_CASE("a cached run prints one line of JSON and touches nothing but the files it reads") {
  Fixture fixture;
  UnreachableHttp http;
  Edges edges = fixture.edges;
  Edges silent{http,
               edges.state,
               edges.keyring,
               edges.clock,
               edges.random,
               edges.terminal,
               edges.loopback,
               edges.browser,
               edges.qr_encoder,
               edges.worker,
               edges.machine,
               edges.remote_shell,
               edges.cache,
               edges.config_files,
               edges.programs,
               edges.secret_input,
               edges.successor,
               edges.runtime};
  Context context{fixture.profile,  fixture.environment,     silent,
                  fixture.store,    fixture.files,           fixture.pending,
                  fixture.messages, fixture.context.started, {}};
  fixture.StoreLogin(fixture.MakeTokens());
  ProvideToken(context, {});
  CHECK(fixture.terminal.answers == std::vector<std::string>{kAnswer});
  CHECK(fixture.terminal.messages.empty());
  CHECK(fixture.state.locks_taken.empty());
  CHECK(fixture.state.changes.empty());
  CHECK(fixture.worker.started.empty());
  CHECK(fixture.machine.looks == 0);
  CHECK(fixture.clock.Elapsed() == milliseconds(0));
}

TEST_CASE("a cached run works in a folder that cannot be written") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  RefreshRecord record = Fixture::MakeRecord(tokens);
  SECTION("with a delivered token") {
    fixture.StoreLogin(tokens, record);
  }
  SECTION("with an undelivered one") {
    record.delivered_generation = 0;
    fixture.StoreLogin(tokens, record);
  }
  fixture.state.unwritable = {"work.last"};
  CHECK(Provide(fixture) == std::vector<std::string>{kAnswer});
}

TEST_CASE("a cached run works without a record, and with one that cannot be read") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  SECTION("lost") {
    fixture.state.files.erase("work.last");
  }
  SECTION("garbage") {
    fixture.state.files["work.last"] = "garbage";
  }
  SECTION("unreadable") {
    fixture.state.unreadable = {"work.last"};
  }
  CHECK(Provide(fixture) == std::vector<std::string>{kAnswer});
}

TEST_CASE("a login without its .id is used: it carries its own") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  SECTION("missing") {
    fixture.state.files.erase("work.id");
  }
  SECTION("another") {
    fixture.state.files["work.id"] = R"({"store_id":"store-0"})";
  }
  CHECK(Provide(fixture) == std::vector<std::string>{kAnswer});
}

TEST_CASE("option --bare prints the token alone") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  TokenOptions options;
  options.format = TokenFormat::kBare;
  CHECK(Provide(fixture, options) == std::vector<std::string>{"access-1\n"});
}

TEST_CASE("without any expiry there is no expires_in") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens(seconds(0), std::nullopt));
  CHECK(Provide(fixture) ==
        std::vector<std::string>{
            "{\"access_token\":\"access-1\",\"issuer\":\"https://id.example\"}\n"});
}

TEST_CASE("GROK_AUTH_TOKEN_TTL stands in for an expiry that the server did not give") {
  Fixture fixture;
  const auto [ttl, member] = GENERATE(table<std::string, std::string>({
      {"7200", "\"expires_in\":7200,"},
      {"0", ""},
      {"-5", ""},
      {"1h", ""},
      {"99999999999", ""},
  }));
  CAPTURE(ttl);
  fixture.environment.token_ttl_seconds = ttl;
  fixture.StoreLogin(fixture.MakeTokens(seconds(0), std::nullopt));
  CHECK(Provide(fixture) == std::vector<std::string>{"{\"access_token\":\"access-1\"," + member +
                                                     "\"issuer\":\"https://id.example\"}\n"});
}

TEST_CASE("GROK_AUTH_TOKEN_TTL counts for a refreshed token too") {
  Fixture fixture;
  fixture.environment.token_ttl_seconds = "7200";
  fixture.StoreLogin(fixture.MakeTokens(seconds(21590)));
  fixture.http.Answer(kTokenUrl, 200, R"({"access_token":"access-2"})");
  fixture.worker.PlanRefresh();
  CHECK(Provide(fixture) ==
        std::vector<std::string>{"{\"access_token\":\"access-2\",\"expires_in\":7200,"
                                 "\"issuer\":\"https://id.example\"}\n"});
}

TEST_CASE("a token that was never delivered is recorded as delivered before it is printed") {
  Fixture fixture;
  const TokenSet tokens = fixture.MakeTokens();
  RefreshRecord record = Fixture::MakeRecord(tokens);
  record.delivered_generation = 0;
  fixture.StoreLogin(tokens, record);
  fixture.terminal.before_answer = [&] {
    CHECK(fixture.Record().delivered_generation == 1);
    CHECK_FALSE(fixture.state.IsLocked(kWriteLock));
  };
  CHECK(Provide(fixture) == std::vector<std::string>{kAnswer});
}

TEST_CASE("option --min-validity beats the profile's, which beats Grok's window") {
  Fixture fixture;
  TokenOptions options;
  // 1000 s are left.
  fixture.StoreLogin(fixture.MakeTokens(seconds(20600)));
  SECTION("Grok's default is below") {}
  SECTION("Grok's setting is above") {
    fixture.environment.early_invalidation_seconds = "1000";
    ExpectRefresh(fixture);
  }
  SECTION("the profile's is below it") {
    fixture.environment.early_invalidation_seconds = "1000";
    fixture.profile.min_validity = seconds(100);
  }
  SECTION("the option's is above the profile's") {
    fixture.profile.min_validity = seconds(100);
    options.min_validity = seconds(1001);
    ExpectRefresh(fixture);
  }
  SECTION("the option's is below the profile's") {
    fixture.profile.min_validity = seconds(1001);
    options.min_validity = seconds(1000);
  }
  // A worker that was expected and not started fails the test, and so does one too many.
  CHECK(Provide(fixture, options).size() == 1);
}

TEST_CASE("a stored login of another issuer or client is an error, and stays") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  SECTION("another issuer") {
    tokens.issuer = "https://other.example";
  }
  SECTION("another client") {
    tokens.client_id = "client-2";
  }
  fixture.StoreLogin(tokens);
  const Error error = ErrorOf([&] { Provide(fixture); });
  CHECK(error.kind() == ErrorKind::kConfig);
  CHECK(fixture.terminal.answers.empty());
  CHECK(fixture.state.changes.empty());
  CHECK(ErrorOf([&] { RefreshNow(fixture.context); }).kind() == ErrorKind::kConfig);
}

TEST_CASE("a run that may not ask a person says that a login is required") {
  Fixture fixture;
  TokenOptions options;
  options.no_interactive = true;
  const Error error = ErrorOf([&] { Provide(fixture, options); });
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(error.hint().find("grok-auth login") != std::string::npos);
  CHECK(fixture.terminal.messages.empty());
}
