#include <catch2/catch.hpp>

#include <csignal>
#include <deque>
#include <string>
#include <vector>

#include "oauth/json.h"
#include "terminal_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using namespace std::chrono_literals;
using grokauth::oauth::JsonObject;

// The countdown

TEST_CASE("a login on a terminal counts down every second, and nothing of that is left") {
  OnTerminal run;
  run.ExpectNewCode();
  run.ExpectPending(1);
  run.ExpectApproval();
  run.Login();
  std::vector<std::string> expected;
  for (const char* left :
       {"10:00", "9:59", "9:58", "9:57", "9:56", "9:55", "9:54", "9:53", "9:52", "9:51"}) {
    expected.push_back(std::string("Waiting for you to approve it there, ") + left + " left");
  }
  CHECK(run.Countdown() == expected);
  const std::string left = run.Left();
  CHECK(left.find("Waiting") == std::string::npos);
  CHECK_THAT(left, Catch::EndsWith(" (valid for 10 min)\nSigned in as user-1@id, valid for 6 h, "
                                   "renewed without you.\n"));
}

TEST_CASE("a countdown does not change when the server is asked") {
  OnTerminal run;
  run.ExpectNewCode();
  run.ExpectErrors({"authorization_pending", "slow_down"});
  run.ExpectApproval();
  run.Login();
  CHECK(run.PollTimes() == std::vector<std::int64_t>{5, 10, 20});
}

TEST_CASE("a countdown that is wider than the screen is said in fewer words") {
  OnTerminal run;
  run.terminal.screen->columns = GENERATE(40, 47);
  run.ExpectNewCode();
  run.ExpectApproval();
  run.Login();
  CHECK(run.Countdown().front() == "Waiting, 10:00 left");
}

TEST_CASE("a countdown goes to the end of the login when that comes before the code's") {
  OnTerminal run;
  LoginOptions options;
  options.timeout = seconds(12);
  run.ExpectNewCode();
  run.ExpectPending(2);
  CHECK(ErrorOf([&] { run.Login(options); }).kind() == ErrorKind::kTimeout);
  CHECK_THAT(run.Countdown().front(), Catch::EndsWith(", 0:12 left"));
  CHECK_THAT(run.Countdown().back(), Catch::EndsWith(", 0:01 left"));
  CHECK(run.Countdown().size() == 12);
}

TEST_CASE("a warning takes the countdown's place, and it goes on below") {
  OnTerminal run;
  run.ExpectNewCode();
  run.http.Fail(kTokenUrl, TransportFailure::Cause::kTimeout);
  run.ExpectApproval();
  run.Login();
  const std::string left = run.Left();
  CHECK_THAT(left, Catch::Contains("\ngrok-auth: warning: asking the server failed"));
  CHECK(left.find("Waiting") == std::string::npos);
  CHECK(run.Countdown().size() >= 15);
}

TEST_CASE("a code that has expired is replaced on the terminal: large, with its QR code") {
  OnTerminal run;
  run.terminal.screen->rows = 100;
  run.ExpectNewCode("device-1", "AAAA-BBBB");
  run.ExpectErrors({"expired_token"});
  run.ExpectNewCode("device-2", "CCCC-DDDD");
  run.ExpectApproval();
  run.Login();
  CHECK(run.qr_encoder.encoded ==
        std::vector<std::string>{kNewUrl, "https://id.example/device?user_code=CCCC-DDDD"});
  CHECK_THAT(run.Left(), Catch::Contains("\nThe code has expired; here is a new one.\n"
                                         "Sign in at https://id.example/device?user_code=CCCC-DDDD"
                                         "\n\n"));
  CHECK(run.clock.Elapsed() == 10s);
}

TEST_CASE("an interrupted login takes its countdown away when the messages are released") {
  OnTerminal run;
  run.ExpectNewCode();
  run.ExpectPending(1);
  run.clock.InterruptAfter(7s, SIGINT);
  CHECK_THROWS_AS(run.Login(), Interrupted);
  run.messages.Release();  // as the command does
  CHECK(run.clock.Elapsed() == 7s);
  CHECK_THAT(run.Left(), Catch::EndsWith(" (valid for 10 min)\n"));
}

// What is shown where

TEST_CASE("a login without a terminal has plain lines") {
  OnTerminal run;
  run.terminal.screen.reset();
  run.ExpectNewCode();
  run.ExpectPending(1);
  run.ExpectApproval();
  run.Login();
  CHECK(run.terminal.Messages() == std::string("Sign in at ") + kNewUrl +
                                       "\nCode: AAAA-BBBB (valid for 10 min)\n"
                                       "Waiting for you to approve it there ...\n"
                                       "Signed in as user-1@id, valid for 6 h, renewed without "
                                       "you.\n");
  CHECK(run.qr_encoder.encoded.empty());
}

TEST_CASE("a provider run has plain lines on a terminal, too") {
  OnTerminal run;
  run.ExpectNewCode();
  run.ExpectPending(1);
  run.ExpectApproval();
  run.Provide();
  CHECK(run.terminal.Messages() == std::string("Sign in at ") + kNewUrl +
                                       "\nCode: AAAA-BBBB (valid for 10 min)\n"
                                       "Waiting for you to approve it there ...\n"
                                       "Signed in as user-1@id, valid for 6 h, renewed without "
                                       "you.\n");
  CHECK(run.qr_encoder.encoded.empty());
}

TEST_CASE("the address is the first line of a login on a terminal, in a write of its own") {
  OnTerminal run;
  run.ExpectNewCode();
  run.ExpectApproval();
  run.Login();
  CHECK(run.FirstAddress() == kNewUrl);
  CHECK(run.qr_encoder.encoded == std::vector<std::string>{kNewUrl});
  CHECK_THAT(run.terminal.messages.at(1), Catch::Contains("▀"));
}

TEST_CASE("option --no-qr draws none, and keeps the large code") {
  OnTerminal run;
  LoginOptions options;
  options.no_qr = true;
  run.ExpectNewCode();
  run.ExpectApproval();
  run.Login(options);
  CHECK(run.qr_encoder.encoded.empty());
  CHECK(run.Left().find("\x1b[97;40m") == std::string::npos);
  CHECK_THAT(run.Left(), Catch::Contains("█   █"));  // of the A
}

TEST_CASE("no QR code is made for a terminal that cannot show it") {
  OnTerminal run;
  run.terminal.screen->is_utf8 = false;
  run.ExpectNewCode();
  run.ExpectApproval();
  run.Login();
  CHECK(run.qr_encoder.encoded.empty());
  CHECK_THAT(run.Left(), Catch::Contains("#   #"));
}

// The last line

TEST_CASE("the last line names account, plan and how long the token lasts") {
  SigningIn run;
  run.ExpectNewCode();
  const std::string access_token = MakeJwt(R"({"tier":4})");
  SECTION("with a refresh token") {
    run.http.Answer(kTokenUrl, 200, TokenAnswer(access_token, "refresh-new"));
    run.Provide();
    CHECK_THAT(run.terminal.Messages(),
               Catch::EndsWith("\nSigned in as user-1@id (X Premium+), valid for 6 h, renewed "
                               "without you.\n"));
  }
  SECTION("without one") {
    JsonObject answer;
    answer.Set("access_token", access_token).Set("token_type", "Bearer");
    answer.Set("expires_in", std::int64_t{5400});
    run.http.Answer(kTokenUrl, 200, answer.Text());
    run.Provide();
    CHECK_THAT(run.terminal.Messages(),
               Catch::EndsWith("\nSigned in (X Premium+), valid for 1 h 30 min, then a new sign-in "
                               "is needed.\n"));
  }
}

TEST_CASE("the device flow reads no keyboard") {
  OnTerminal run;
  run.terminal.typed = std::deque<std::string>{"SplxlOBeZQQYbYS6WxSbIA"};
  run.ExpectNewCode();
  run.ExpectApproval();
  run.Login();
  CHECK(run.terminal.typed->size() == 1);
}
