#include <catch2/catch.hpp>

#include <string>

#include "app/device_flow.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Cause = TransportFailure::Cause;

namespace {

constexpr const char* kName = "work.pending-0";

/// An entry that is stored, and one poll of it.
struct Polling : Fixture {
  Polling() { StorePending(kName, entry.pending); }
  PollResult Poll() { return PollDeviceSignIn(context, entry, Patience{seconds(5), seconds(60)}); }
  [[nodiscard]] bool IsStored() const { return state.files.contains(kName); }
  PendingSignIn Stored() { return ParsePending(state.files.at(kName)).value(); }

  PendingEntry entry{kName, MakePending()};
};

}  // namespace

TEST_CASE("nothing is asked while another process polls") {
  Polling polling;
  polling.state.HoldElsewhere(kPollLock);
  CHECK(std::holds_alternative<PolledElsewhere>(polling.Poll()));
}

TEST_CASE("an entry that is gone or unreadable is not polled") {
  Polling polling;
  SECTION("gone") {
    polling.state.files.erase(kName);
  }
  SECTION("garbage") {
    polling.state.files[kName] = "garbage";
  }
  CHECK(std::holds_alternative<EntryGone>(polling.Poll()));
  CHECK(polling.state.changes.empty());
}

TEST_CASE("the time of a poll is stored before it, and the poll lock is held through it") {
  Polling polling;
  polling.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    CHECK(polling.Stored().device->last_poll == polling.clock.Now());
    CHECK(polling.state.IsLocked(kPollLock));
    CHECK_FALSE(polling.state.IsLocked(kWriteLock));
    return HttpResponse{400, "", std::nullopt, ErrorAnswer("authorization_pending")};
  });
  CHECK(std::holds_alternative<StillPending>(polling.Poll()));
  CHECK_FALSE(polling.state.IsLocked(kPollLock));
}

TEST_CASE("a login is stored before the poll lock is let go") {
  Polling polling;
  polling.http.Answer(kTokenUrl, 200, TokenAnswer("access-1", "refresh-1"));
  polling.state.before_change = [&](const std::string&) {
    CHECK(polling.state.IsLocked(kPollLock));
  };
  const PollResult result = polling.Poll();
  CHECK(std::get<SignedIn>(result).warning.empty());
  CHECK_FALSE(polling.IsStored());
  CHECK(polling.Tokens().access_token == "access-1");
  CHECK(polling.Tokens().token_endpoint == kTokenUrl);
  CHECK(polling.Tokens().revocation_endpoint == kRevocationUrl);
}

TEST_CASE("what the answers to a poll mean, and which leave the entry") {
  const auto [status, body, index, kept] = GENERATE(table<int, std::string, std::size_t, bool>({
      {400, ErrorAnswer("authorization_pending"), 1, true},
      {400, ErrorAnswer("slow_down"), 1, true},
      {429, ErrorAnswer("slow_down"), 1, true},
      {400, ErrorAnswer("expired_token"), 5, false},
      {400, ErrorAnswer("invalid_grant"), 6, false},
      {400, ErrorAnswer("access_denied"), 7, false},
      {401, ErrorAnswer("invalid_client"), 7, false},
      {500, ErrorAnswer("access_denied"), 2, true},
      {503, ErrorAnswer("invalid_grant"), 2, true},
      {429, ErrorAnswer("expired_token"), 2, true},
      {200, "<html>", 2, true},
      {502, "", 2, true},
      {404, "<html>", 2, true},
      {200, "{}", 2, true},
  }));
  CAPTURE(status, body);
  Polling polling;
  polling.http.Answer(kTokenUrl, status, body);
  CHECK(polling.Poll().index() == index);
  CHECK(polling.IsStored() == kept);
}

TEST_CASE("slow_down makes the interval 5 s longer, for every process that polls") {
  Polling polling;
  const int interval = GENERATE(1, 5, 55, 58, 120);
  CAPTURE(interval);
  polling.entry.pending.device->interval = seconds(interval);
  polling.StorePending(kName, polling.entry.pending);
  polling.http.Answer(kTokenUrl, 400, ErrorAnswer("slow_down"));
  static_cast<void>(polling.Poll());
  CHECK(polling.Stored().device->interval >= seconds(interval + 5));
  CHECK(polling.entry.pending.device->interval == polling.Stored().device->interval);
}

TEST_CASE("an exchange without an answer leaves the entry") {
  Polling polling;
  polling.http.Fail(kTokenUrl, GENERATE(Cause::kResolve, Cause::kTimeout, Cause::kBroken));
  const PollResult result = polling.Poll();
  CHECK(std::get<NotAnswered>(result).reason == "the line is dead");
  CHECK(std::get<NotAnswered>(result).kind == ErrorKind::kNetwork);
  CHECK(polling.IsStored());
}

TEST_CASE("a login that cannot be stored is not lost, and its code not polled again") {
  Polling polling;
  polling.state.unwritable = {"work.json"};
  polling.http.Answer(kTokenUrl, 200, TokenAnswer("access-1", "refresh-1"));
  const PollResult result = polling.Poll();
  CHECK(std::get<SignedIn>(result).tokens.access_token == "access-1");
  CHECK(std::get<SignedIn>(result).warning.find("could not be stored") != std::string::npos);
  CHECK_FALSE(polling.IsStored());
}

TEST_CASE("xAI's refusal at the end of a sign-in offers an API key") {
  Polling polling;
  polling.profile.is_xai = true;
  polling.profile.issuer = "https://auth.x.ai";
  polling.entry.pending.device->token_endpoint = "https://auth.x.ai/token";
  polling.StorePending(kName, polling.entry.pending);
  polling.http.Answer("https://auth.x.ai/token", 400, ErrorAnswer("access_denied"));
  const PollResult result = polling.Poll();
  const Error& error = std::get<SignInRefused>(result).error;
  CHECK(error.kind() == ErrorKind::kAccessDenied);
  CHECK(error.hint().find("XAI_API_KEY") != std::string::npos);
}
