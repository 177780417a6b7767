#include "app/refresh_worker.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

ErrorKind FailureKind(const WorkerReport& report) {
  REQUIRE(std::holds_alternative<ReportedFailure>(report));
  return std::get<ReportedFailure>(report).error.kind();
}

}  // namespace

TEST_CASE("a worker sends the refresh token to the stored endpoint, once, and waits long") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  tokens.token_endpoint = "https://elsewhere.example/token";
  fixture.StoreLogin(tokens);
  fixture.http.Answer(tokens.token_endpoint, 200, TokenAnswer("access-2", "refresh-2"));
  static_cast<void>(fixture.RunWorker());
  REQUIRE(fixture.http.sent.size() == 1);
  const HttpRequest& request = fixture.http.sent.front().request;
  CHECK(request.method == HttpRequest::Method::kPost);
  CHECK(request.connect_timeout == seconds(5));
  CHECK(request.total_timeout >= seconds(60));
}

TEST_CASE("a worker sends the parameters of RFC 6749 section 6, the scope left out") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  std::map<std::string, std::string> form;
  fixture.http.Handle(kTokenUrl, [&](const HttpRequest& request) {
    form = DecodeForm(request.form);
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
  static_cast<void>(fixture.RunWorker());
  CHECK(form == std::map<std::string, std::string>{{"grant_type", "refresh_token"},
                                                   {"refresh_token", "refresh-1"},
                                                   {"client_id", "client-1"}});
}

TEST_CASE("nothing is sent when no space can be reserved") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.state.is_full = true;
  CHECK(FailureKind(fixture.RunWorker()) == ErrorKind::kStore);
  CHECK(fixture.state.changes.empty());
}

TEST_CASE("nothing is sent when the attempt cannot be recorded") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.state.unwritable = {"work.last"};
  CHECK(FailureKind(fixture.RunWorker()) == ErrorKind::kStore);
  CHECK(fixture.state.changes.empty());
}

TEST_CASE("the attempt is on record before the request is sent") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    CHECK(fixture.Record().attempts == 1);
    CHECK(LastEndedAttempt(fixture.Record()) == 0);
    CHECK_FALSE(fixture.state.IsLocked(kWriteLock));
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
  static_cast<void>(fixture.RunWorker());
  CHECK(LastEndedAttempt(fixture.Record()) == 1);
}

TEST_CASE("new tokens are saved before the record, as the next generation, undelivered") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  const WorkerReport report = fixture.RunWorker();
  CHECK(fixture.state.changes ==
        std::vector<std::string>{"write work.last", "write work.json", "write work.last"});
  CHECK(fixture.Tokens().refresh_token == "refresh-2");
  CHECK(fixture.Tokens().generation == 2);
  CHECK(fixture.Record().generation == 2);
  CHECK(fixture.Record().delivered_generation == 1);
  CHECK(fixture.Record().last->word == kRefreshedWord);
  const auto& token = std::get<ReportedToken>(report);
  CHECK(token.handout.access_token == "access-2");
  CHECK(token.handout.version == TokenVersion{"store-1", 2});
  CHECK(token.handout.expires_at == fixture.clock.Now() + seconds(21600));
  CHECK(token.warning.empty());
}

TEST_CASE("a report never holds a refresh token") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  const std::string text = SerializeReport(fixture.RunWorker());
  CHECK(text.find("access-2") != std::string::npos);
  CHECK(text.find("refresh-") == std::string::npos);
}

TEST_CASE("a refresh without a new refresh token keeps the old one") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 200, R"({"access_token":"access-2","token_type":"Bearer"})");
  static_cast<void>(fixture.RunWorker());
  CHECK(fixture.Tokens().access_token == "access-2");
  CHECK(fixture.Tokens().refresh_token == "refresh-1");
}

TEST_CASE("invalid_grant is remembered as a dead refresh token, and deletes nothing") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
  CHECK(FailureKind(fixture.RunWorker()) == ErrorKind::kLoginRequired);
  CHECK(IsDead(fixture.Record(), "refresh-1"));
  CHECK(fixture.Record().last->word == kLoginEndedWord);
  CHECK(fixture.Tokens().refresh_token == "refresh-1");
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));  // it is not sent again
}

TEST_CASE("invalid_grant for a token that somebody has replaced meanwhile ends nothing") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    TokenSet newer = fixture.MakeTokens(seconds(0));
    newer.refresh_token = "refresh-2";
    newer.generation = 2;
    fixture.SaveElsewhere(newer);
    return HttpResponse{400, "", std::nullopt, ErrorAnswer("invalid_grant")};
  });
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));
  CHECK(fixture.Record().dead.empty());
  CHECK(fixture.Tokens().refresh_token == "refresh-2");
}

TEST_CASE("a failure is on record, with its words, and the login stays") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 503, "<html>", "30");
  const WorkerReport report = fixture.RunWorker();
  CHECK(FailureKind(report) == ErrorKind::kServer);
  CHECK(std::get<ReportedFailure>(report).is_transport);
  REQUIRE(fixture.Record().last);
  CHECK(fixture.Record().last->attempt == 1);
  CHECK(fixture.Record().last->word == "server");
  CHECK(fixture.Record().last->at == fixture.clock.Now());
  CHECK(fixture.Record().last->hint.find("30") != std::string::npos);
  CHECK(fixture.Tokens().refresh_token == "refresh-1");
  CHECK(fixture.Record().dead.empty());
}

TEST_CASE("a failure that cannot be recorded is reported all the same") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  const auto [body, status, kind] = GENERATE(table<std::string, int, ErrorKind>({
      {"<html>", 503, ErrorKind::kServer},
      {ErrorAnswer("invalid_client"), 401, ErrorKind::kConfig},
      {ErrorAnswer("invalid_grant"), 400, ErrorKind::kLoginRequired},
  }));
  fixture.http.Handle(kTokenUrl, [&, status = status, body = body](const HttpRequest&) {
    fixture.state.unwritable = {"work.last"};
    return HttpResponse{status, "", std::nullopt, body};
  });
  CHECK(FailureKind(fixture.RunWorker()) == kind);
}

TEST_CASE("a worker finds nothing to do for a login that is gone, dead, stale or another's") {
  Fixture fixture;
  TokenSet tokens = fixture.MakeTokens();
  RefreshRecord record = Fixture::MakeRecord(tokens);
  SECTION("signed out") {}
  SECTION("without a refresh token") {
    tokens.refresh_token.reset();
    fixture.StoreLogin(tokens, record);
  }
  SECTION("with a dead refresh token") {
    MarkDead(record, "refresh-1");
    fixture.StoreLogin(tokens, record);
  }
  SECTION("older than what was saved once") {
    record.generation = 2;
    fixture.StoreLogin(tokens, record);
  }
  SECTION("of another client") {
    tokens.client_id = "client-2";
    fixture.StoreLogin(tokens, record);
  }
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));
  CHECK(fixture.state.changes.empty());
}

TEST_CASE("a worker leaves a stored login that it cannot use to the run that started it") {
  const std::string stored = GENERATE("damaged", R"({"version": 2})");
  Fixture fixture;
  fixture.state.files["work.json"] = stored;
  CHECK(std::holds_alternative<ReportedChange>(fixture.RunWorker()));
  CHECK(fixture.state.changes.empty());
}

TEST_CASE("a new refresh token is kept though the rest of the answer is of no use") {
  const std::string body = GENERATE(
      as<std::string>{}, R"({"access_token":"a","token_type":"DPoP","refresh_token":"refresh-2"})",
      R"({"refresh_token":"refresh-2"})", R"({"access_token":"a\nb","refresh_token":"refresh-2"})");
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 200, body);
  CHECK(FailureKind(fixture.RunWorker()) == ErrorKind::kServer);
  CHECK(fixture.Tokens().refresh_token == "refresh-2");
  CHECK(fixture.Tokens().access_token == "access-1");
  CHECK(fixture.Tokens().generation == 2);
  CHECK(fixture.Record().last->word == "server");
  CHECK(fixture.Tokens().expires_at == fixture.Tokens().minted_at);  // no news to anybody
}

TEST_CASE("what is no refresh token does not take the place of one") {
  const std::string body = GENERATE(as<std::string>{}, R"({"refresh_token":""})",
                                    R"({"refresh_token":7})", R"({"refresh_token":null})", "{}");
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 200, body);
  CHECK(FailureKind(fixture.RunWorker()) == ErrorKind::kServer);
  CHECK(fixture.Tokens().refresh_token == "refresh-1");
  CHECK(fixture.Tokens().generation == 1);
}

TEST_CASE("a server that quotes the refresh token in its refusal does not get it shown") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.http.Answer(kTokenUrl, 400,
                      R"({"error":"invalid_request","error_description":"refresh-1 is unknown"})");
  const WorkerReport report = fixture.RunWorker();
  CHECK(std::string(std::get<ReportedFailure>(report).error.what()).find("refresh-1") ==
        std::string::npos);
  CHECK(fixture.state.files["work.last"].find("refresh-1") == std::string::npos);
}
