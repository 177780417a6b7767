#include <catch2/catch.hpp>

#include <functional>
#include <string>

#include "app/refresh_worker.h"
#include "fixture.h"
#include "oauth/json.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

/// The server renews the login while `meanwhile` happens.
void RenewWhile(Fixture& fixture, const std::function<void()>& meanwhile) {
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Handle(kTokenUrl, [meanwhile](const HttpRequest&) {
    meanwhile();
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
}

TokenSet NewSignIn(Fixture& fixture, const std::string& sub) {
  TokenSet tokens = fixture.MakeTokens(seconds(0));
  tokens.store_id = "store-2";
  tokens.access_token = "access-new";
  tokens.refresh_token = "refresh-new";
  tokens.account->sub = sub;
  return tokens;
}

/// The next request revokes the refresh token that was dropped.
void ExpectRevocation(Fixture& fixture) {
  fixture.http.Handle(kRevocationUrl, [](const HttpRequest& request) {
    const auto form = DecodeForm(request.form);
    CHECK(form.at("token") == "refresh-2");
    CHECK(form.at("token_type_hint") == "refresh_token");
    CHECK(form.at("client_id") == "client-1");
    return HttpResponse{200, "", std::nullopt, ""};
  });
}

}  // namespace

TEST_CASE("what a worker got after a logout is dropped and revoked") {
  Fixture fixture;
  RenewWhile(fixture, [&] { static_cast<void>(fixture.store.SignOut()); });
  ExpectRevocation(fixture);
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));
  CHECK_FALSE(fixture.state.files.contains("work.json"));
  CHECK_FALSE(fixture.store.Load().tokens);
}

TEST_CASE("what a worker got after a new sign-in of the same account is only dropped") {
  Fixture fixture;
  RenewWhile(fixture, [&] { fixture.SaveElsewhere(NewSignIn(fixture, "user-1")); });
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));
  CHECK(fixture.Tokens().refresh_token == "refresh-new");
  CHECK(fixture.Record().generation == 1);
}

TEST_CASE("what a worker got after a sign-in of somebody else is dropped and revoked") {
  Fixture fixture;
  RenewWhile(fixture, [&] { fixture.SaveElsewhere(NewSignIn(fixture, "user-2")); });
  ExpectRevocation(fixture);
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));
  CHECK(fixture.Tokens().refresh_token == "refresh-new");
}

TEST_CASE("what a worker got after a logout and a sign-in of the same account is only dropped") {
  Fixture fixture;
  RenewWhile(fixture, [&] {
    static_cast<void>(fixture.store.SignOut());
    fixture.SaveElsewhere(NewSignIn(fixture, "user-1"));
  });
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));
  CHECK(fixture.Tokens().refresh_token == "refresh-new");
}

TEST_CASE("a missing .id makes no worker drop what it got: it is restored") {
  Fixture fixture;
  RenewWhile(fixture, [&] {
    fixture.state.files.erase("work.id");
    fixture.state.files.erase("work.json");
    fixture.state.files.erase("work.last");
  });
  CHECK(std::holds_alternative<ReportedToken>(fixture.RunWorker()));
  CHECK(fixture.Tokens().refresh_token == "refresh-2");
  const auto id = grokauth::oauth::JsonObject::Parse(fixture.state.files["work.id"]);
  REQUIRE(id);
  CHECK(id->String("store_id") == "store-1");
}

TEST_CASE("an .id that differs from the token set beside it is corrected") {
  Fixture fixture;
  RenewWhile(fixture, [&] { fixture.state.files["work.id"] = R"({"store_id":"store-0"})"; });
  CHECK(std::holds_alternative<ReportedToken>(fixture.RunWorker()));
  CHECK(fixture.state.files["work.id"].find("store-1") != std::string::npos);
}

TEST_CASE("a refresh waits for the disk with the login, and with nothing that it can do without") {
  Fixture fixture;
  RenewWhile(fixture, [] {});
  static_cast<void>(fixture.RunWorker());
  CHECK(fixture.Tokens().access_token == "access-2");
  CHECK(fixture.state.files.size() > 2);
  CHECK(fixture.state.unsynced == std::set<std::string>{"work.last"});
}

TEST_CASE("a token that cannot be saved is reported all the same, with a warning") {
  Fixture fixture;
  RenewWhile(fixture, [] {});
  fixture.state.uncommittable = {"work.json"};
  const WorkerReport report = fixture.RunWorker();
  const auto& token = std::get<ReportedToken>(report);
  CHECK(token.handout.access_token == "access-2");
  CHECK(token.warning.find("could not be stored") != std::string::npos);
  CHECK(fixture.Tokens().refresh_token == "refresh-1");
  CHECK(fixture.Record().generation == 1);
}

TEST_CASE("a record that cannot be written after the save loses no token") {
  Fixture fixture;
  RenewWhile(fixture, [&] { fixture.state.unwritable = {"work.last"}; });
  const WorkerReport report = fixture.RunWorker();
  CHECK(std::get<ReportedToken>(report).warning.empty());
  CHECK(fixture.Tokens().refresh_token == "refresh-2");
}

TEST_CASE("what the server gave is saved even when the write lock cannot be had") {
  Fixture fixture;
  RenewWhile(fixture, [&] { fixture.state.HoldElsewhere(kWriteLock); });
  CHECK(std::holds_alternative<ReportedToken>(fixture.RunWorker()));
  CHECK(fixture.Tokens().refresh_token == "refresh-2");
}

TEST_CASE("an endpoint that is gone is asked for again, and the move is reported") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  SECTION("404") {
    fixture.http.Answer(kTokenUrl, 404, "<html>");
  }
  SECTION("its host is gone") {
    fixture.http.Fail(kTokenUrl, Cause::kResolve);
  }
  fixture.http.Answer(kConfigurationUrl, 200, Metadata("https://id.example/v2/token"));
  CHECK(std::holds_alternative<ReportedMove>(fixture.RunWorker()));
  CHECK(fixture.Tokens().token_endpoint == "https://id.example/v2/token");
  CHECK(fixture.Tokens().generation == 1);
  CHECK(fixture.Tokens().refresh_token == "refresh-1");
  CHECK(LastEndedAttempt(fixture.Record()) == 0);  // it goes on with the next worker
}

TEST_CASE("an endpoint that is where it was is no move") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 404, "<html>");
  SECTION("the server says so") {
    fixture.http.Answer(kConfigurationUrl, 200, Metadata());
  }
  SECTION("the server cannot be asked") {
    fixture.http.Fail(kConfigurationUrl, Cause::kConnect);
  }
  const WorkerReport report = fixture.RunWorker();
  CHECK(std::get<ReportedFailure>(report).is_transport);
  CHECK(fixture.Tokens().token_endpoint == kTokenUrl);
}

TEST_CASE("the endpoints of a login that was replaced meanwhile are not touched") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 404, "<html>");
  fixture.http.Handle(kConfigurationUrl, [&](const HttpRequest&) {
    fixture.SaveElsewhere(NewSignIn(fixture, "user-1"));
    return HttpResponse{200, "", std::nullopt, Metadata("https://id.example/v2/token")};
  });
  static_cast<void>(fixture.RunWorker());
  CHECK(fixture.Tokens().token_endpoint == kTokenUrl);
}
