#include "app/messages.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "fakes.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Writes = std::vector<std::string>;

namespace {

struct Talk {
  RecordingTerminal terminal;
  Messages messages{terminal, /*verbose=*/true};
};

}  // namespace

TEST_CASE("messages that are held back come after the announcement") {
  Talk talk;
  talk.messages.Hold();
  talk.messages.Warn("early");
  CHECK(talk.terminal.messages.empty());
  talk.messages.Announce("first");
  talk.messages.Say("late");
  CHECK(talk.terminal.messages == Writes{"first\n", "grok-auth: warning: early\n", "late\n"});
}

TEST_CASE("a release writes what was held back, once") {
  Talk talk;
  talk.messages.Hold();
  talk.messages.Say("one");
  talk.messages.Say("two");
  talk.messages.Release();
  talk.messages.Release();
  CHECK(talk.terminal.messages == Writes{"one\ntwo\n"});
}

TEST_CASE("a status line is written without an end, and once for each change") {
  Talk talk;
  talk.messages.ShowStatus("10 left");
  talk.messages.ShowStatus("10 left");
  talk.messages.ShowStatus("9 left");
  CHECK(talk.terminal.messages == Writes{"\r\x1b[K10 left", "\r\x1b[K9 left"});
}

TEST_CASE("the next message takes the status line's place, and the one after follows it") {
  Talk talk;
  talk.messages.ShowStatus("10 left");
  SECTION("said") {
    talk.messages.Say("text");
    CHECK(talk.terminal.messages.back() == "\r\x1b[Ktext\n");
  }
  SECTION("a warning") {
    talk.messages.Warn("text");
    CHECK(talk.terminal.messages.back() == "\r\x1b[Kgrok-auth: warning: text\n");
  }
  SECTION("a detail") {
    talk.messages.Detail("text");
    CHECK(talk.terminal.messages.back() == "\r\x1b[Kgrok-auth: text\n");
  }
  SECTION("announced") {
    talk.messages.Announce("text");
    CHECK(talk.terminal.messages.back() == "\r\x1b[Ktext\n");
  }
  talk.messages.Say("more");
  CHECK(talk.terminal.messages.back() == "more\n");
  CHECK(talk.terminal.messages.size() == 3);
}

TEST_CASE("the same status line can be shown again below a message") {
  Talk talk;
  talk.messages.ShowStatus("10 left");
  talk.messages.Say("text");
  talk.messages.ShowStatus("10 left");
  CHECK(talk.terminal.messages == Writes{"\r\x1b[K10 left", "\r\x1b[Ktext\n", "\r\x1b[K10 left"});
}

TEST_CASE("a release takes the status line away, and leaves nothing") {
  Talk talk;
  talk.messages.ShowStatus("10 left");
  talk.messages.Release();
  CHECK(talk.terminal.messages == Writes{"\r\x1b[K10 left", "\r\x1b[K"});
  talk.messages.Release();
  CHECK(talk.terminal.messages.size() == 2);
}

TEST_CASE("a release without a status line writes no control sequence") {
  Talk talk;
  talk.messages.Release();
  CHECK(talk.terminal.messages.empty());
  talk.messages.Say("text");
  talk.messages.Release();
  CHECK(talk.terminal.messages == Writes{"text\n"});
}

TEST_CASE("an error takes the status line's place") {
  Talk talk;
  talk.messages.ShowStatus("10 left");
  talk.messages.Fail(Error(ErrorKind::kTimeout, "too late", "be quicker"));
  CHECK(talk.terminal.Messages() ==
        "\r\x1b[K10 left\r\x1b[Kgrok-auth: error: too late\ngrok-auth: hint: be quicker\n");
}

TEST_CASE("an error comes after everything that was held back") {
  Talk talk;
  talk.messages.Hold();
  talk.messages.Say("early");
  talk.messages.Fail(Error(ErrorKind::kTimeout, "too late", ""));
  CHECK(talk.terminal.Messages() == "early\ngrok-auth: error: too late\n");
}

TEST_CASE("details are for verbose runs") {
  RecordingTerminal terminal;
  Messages messages(terminal, /*verbose=*/false);
  messages.ShowStatus("10 left");
  messages.Detail("text");
  CHECK(terminal.messages == Writes{"\r\x1b[K10 left"});
}
