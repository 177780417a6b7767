#include "app/refresh_record.h"

#include <catch2/catch.hpp>

#include <string>

using namespace grokauth::app;
using std::chrono::seconds;

namespace {

RefreshRecord Full() {
  RefreshRecord record;
  record.store_id = "store-1";
  record.generation = 5;
  record.delivered_generation = 4;
  record.attempts = 9;
  record.last_start = UnixTime(seconds(1'800'000'100));
  record.last = RefreshOutcome{8, UnixTime(seconds(1'800'000'000)), "network", "m \"q\"", "h"};
  record.sign_in_unanswered = true;
  MarkRefused(record, "access-1");
  MarkRejected(record, "access-r");
  MarkDead(record, "refresh-1");
  return record;
}

}  // namespace

TEST_CASE("a refresh record comes back as it was stored") {
  const RefreshRecord back = ParseRefreshRecord(SerializeRefreshRecord(Full()), "store-1");
  CHECK(back.store_id == "store-1");
  CHECK(back.generation == 5);
  CHECK(back.delivered_generation == 4);
  CHECK(back.attempts == 9);
  CHECK(back.last_start == UnixTime(seconds(1'800'000'100)));
  REQUIRE(back.last);
  CHECK(back.last->attempt == 8);
  CHECK(back.last->at == UnixTime(seconds(1'800'000'000)));
  CHECK(back.last->word == "network");
  CHECK(back.last->message == "m \"q\"");
  CHECK(back.last->hint == "h");
  CHECK(back.sign_in_unanswered);
  CHECK(IsRefused(back, "access-1"));
  CHECK(IsRejected(back, "access-r"));
  CHECK(IsDead(back, "refresh-1"));
}

TEST_CASE("a record holds digests, never a token") {
  const std::string text = SerializeRefreshRecord(Full());
  CHECK(text.find("access-1") == std::string::npos);
  CHECK(text.find("access-r") == std::string::npos);
  CHECK(text.find("refresh-1") == std::string::npos);
  CHECK(text.find(TokenDigest("access-1")) != std::string::npos);
}

TEST_CASE("a record of another login counts as absent, its digests excepted") {
  const RefreshRecord back = ParseRefreshRecord(SerializeRefreshRecord(Full()), "store-2");
  CHECK(back.store_id == "store-2");
  CHECK(back.generation == 0);
  CHECK(back.delivered_generation == 0);
  CHECK(back.attempts == 0);
  CHECK_FALSE(back.last);
  CHECK(LastEndedAttempt(back) == 0);
  CHECK(IsRefused(back, "access-1"));
  CHECK(IsRejected(back, "access-r"));
  CHECK(IsDead(back, "refresh-1"));
}

TEST_CASE("a record that cannot be read counts as empty") {
  const std::string whole = SerializeRefreshRecord(Full());
  const std::string text = GENERATE_COPY(as<std::string>{}, "", "garbage", "[]", "null",
                                         whole.substr(0, whole.size() / 2), whole + "x");
  CAPTURE(text);
  const RefreshRecord record = ParseRefreshRecord(text, "store-1");
  CHECK(record.store_id == "store-1");
  CHECK(record.generation == 0);
  CHECK(record.attempts == 0);
  CHECK_FALSE(record.last);
  CHECK(record.refused.empty());
  CHECK(record.rejected.empty());
  CHECK(record.dead.empty());
}

TEST_CASE("members of a wrong type count as empty") {
  const RefreshRecord record = ParseRefreshRecord(
      R"({"store_id":"store-1","generation":"5","attempts":null,"refused":"x","rejected":{},"dead":[1],
          "last_refresh":[]})",
      "store-1");
  CHECK(record.generation == 0);
  CHECK(record.attempts == 0);
  CHECK(record.refused.empty());
  CHECK(record.rejected.empty());
  CHECK(record.dead.empty());
  CHECK_FALSE(record.last);
}

TEST_CASE("refused access tokens and dead refresh tokens are told apart") {
  const RefreshRecord record = Full();
  CHECK_FALSE(IsRefused(record, "refresh-1"));
  CHECK_FALSE(IsDead(record, "access-1"));
  CHECK_FALSE(IsRefused(record, "access-2"));
  CHECK_FALSE(IsRefused(record, ""));
}

TEST_CASE("a rejected token is refused as well, a refused one is not rejected") {
  const RefreshRecord record = Full();
  CHECK(IsRefused(record, "access-r"));
  CHECK(IsRejected(record, "access-r"));
  CHECK_FALSE(IsRejected(record, "access-1"));
  CHECK_FALSE(IsRejected(record, "refresh-1"));
  CHECK_FALSE(IsRejected(record, ""));
}

TEST_CASE("a token is remembered once, and the oldest of many is forgotten") {
  RefreshRecord record;
  MarkRefused(record, "first");
  MarkRefused(record, "first");
  CHECK(record.refused.size() == 1);
  for (int i = 0; i < 31; ++i) {
    MarkRefused(record, "token-" + std::to_string(i));
  }
  CHECK(IsRefused(record, "first"));
  MarkRefused(record, "last");
  CHECK_FALSE(IsRefused(record, "first"));
  CHECK(IsRefused(record, "token-0"));
  CHECK(IsRefused(record, "last"));
  CHECK(record.refused.size() == 32);
}

TEST_CASE("the number of the last attempt that ended is 0 when none did") {
  CHECK(LastEndedAttempt(RefreshRecord{}) == 0);
  CHECK(LastEndedAttempt(Full()) == 8);
}

TEST_CASE("a mark changes with each attempt that ends and with the login, and with nothing else") {
  RefreshRecord record = Full();
  const std::string before = MarkOf(SerializeRefreshRecord(record));
  CHECK(before == MarkOf(record));
  SECTION("an attempt ended") {
    record.last->attempt = 9;
    CHECK(MarkOf(SerializeRefreshRecord(record)) != before);
  }
  SECTION("another login") {
    record.store_id = "store-2";
    CHECK(MarkOf(SerializeRefreshRecord(record)) != before);
  }
  SECTION("an attempt started, a token refused or delivered") {
    record.attempts = 10;
    record.delivered_generation = 5;
    MarkRefused(record, "access-2");
    CHECK(MarkOf(SerializeRefreshRecord(record)) == before);
  }
  SECTION("unreadable text is an empty record") {
    CHECK(MarkOf("damaged") == MarkOf(RefreshRecord()));
  }
}
