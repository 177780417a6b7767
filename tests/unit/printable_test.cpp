#include <catch2/catch.hpp>

#include <string>

#include "oauth/encoding.h"

using grokauth::oauth::Printable;
using grokauth::oauth::PrintableLine;

TEST_CASE("text from a server loses what a terminal would act on") {
  const auto [name, text, shown] = GENERATE(table<const char*, std::string, std::string>({
      {"C0 controls", std::string("a\0b\x01\x07\x08\x1f", 7) + "c", "abc"},
      {"DEL",
       "a\x7f"
       "b",
       "ab"},
      {"a colour sequence", "a\x1b[31mb", "a[31mb"},
      {"an OSC title",
       "a\x1b]0;title\x07"
       "b",
       "a]0;titleb"},
      {"C1 as UTF-8 (CSI)",
       "a\xc2\x9b"
       "31mb",
       "a31mb"},
      {"C1 as a raw byte",
       "a\x9b"
       "31mb",
       "a31mb"},
      {"a right-to-left override",
       "a\xe2\x80\xae"
       "b",
       "ab"},
      {"isolates",
       "\xe2\x81\xa6"
       "a\xe2\x81\xa9",
       "a"},
      {"marks",
       "\xe2\x80\x8e"
       "a\xe2\x80\x8f\xd8\x9c",
       "a"},
      {"a line separator",
       "a\xe2\x80\xa8"
       "b",
       "ab"},
  }));
  CAPTURE(name);
  CHECK(Printable(text) == shown);
}

TEST_CASE("bytes that are not UTF-8 are left out, what is around them stays") {
  const auto [name, text] = GENERATE(table<const char*, std::string>({
      {"a lone continuation byte", "a\x80z"},
      {"an impossible byte", "a\xffz"},
      {"a truncated sequence", "a\xe2\x82z"},
      {"an overlong slash", "a\xc0\xafz"},
      {"an overlong slash of three bytes", "a\xe0\x80\xafz"},
      {"an overlong NUL of four bytes", "a\xf0\x80\x80\x80z"},
      {"a surrogate", "a\xed\xa0\x80z"},
      {"beyond U+10FFFF", "a\xf4\x90\x80\x80z"},
      {"a sequence that the end cuts", "az\xf0\x9f\x98"},
  }));
  CAPTURE(name);
  CHECK(Printable(text) == "az");
}

TEST_CASE("letters of every script stay") {
  const std::string text = "J\xc3\xb6rg \xe2\x82\xac \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80";
  CHECK(Printable(text) == text);
}

TEST_CASE("white space becomes one blank, and none at the ends") {
  CHECK(Printable("  one\r\n\t two\n") == "one two");
  CHECK(Printable(" \n ").empty());
  CHECK(Printable("").empty());
}

TEST_CASE("text is cut after the limit, never inside a character") {
  CHECK(Printable("abcdef", 3) == "abc");
  CHECK(Printable("ab\xe2\x82\xac", 4) == "ab");
  CHECK(Printable("ab cd", 3) == "ab");
  CHECK(Printable(std::string(1000, 'x')).size() == 300);
}

TEST_CASE("a line of another program keeps its layout and loses its escape sequences whole") {
  const auto [name, line, shown] = GENERATE(table<const char*, std::string, std::string>({
      {"blanks", "  ssh  -N ", "  ssh  -N "},
      {"a tab", "\ta\tb", " a b"},
      {"colours", "\x1b[1;31mred\x1b[0m.", "red."},
      {"a cursor that goes up", "a\x1b[2A\x1b[2Kb", "ab"},
      {"a private mode", "a\x1b[?1049hb", "ab"},
      {"an OSC title ended by BEL", "a\x1b]0;title\x07z", "az"},
      {"an OSC link ended by ST", "a\x1b]8;;https://evil.example/\x1b\\z", "az"},
      {"a device control string", "a\x1bP1$r\x1b\\z", "az"},
      {"a character set", "a\x1b(0z", "az"},
      {"a reset",
       "a\x1b"
       "cz",
       "az"},
      {"an escape before an escape", "a\x1b\x1b[31mz", "az"},
      {"a control string that another sequence ends", "a\x1b]0;t\x1b[31mz", "az"},
      {"a control sequence that a letter of another script ends", "a\x1b[31\xc3\xa4z",
       "a\xc3\xa4z"},
      {"an unfinished escape", "a\x1b", "a"},
      {"an unfinished control sequence", "a\x1b[31", "a"},
      {"an unfinished control string", "a\x1b]0;title", "a"},
      {"C1 as UTF-8", "a\xc2\x9bz", "az"},
      {"controls", "a\x07\x08\x7f\rz", "az"},
      {"a right-to-left override", "a\xe2\x80\xaez", "az"},
      {"bytes that are not UTF-8", "a\xff\xe2\x82z", "az"},
      {"letters of every script", "J\xc3\xb6rg \xf0\x9f\x98\x80", "J\xc3\xb6rg \xf0\x9f\x98\x80"},
      {"nothing", "", ""},
  }));
  CAPTURE(name);
  CHECK(PrintableLine(line) == shown);
  for (std::size_t length = 0; length <= line.size(); ++length) {
    CAPTURE(length);
    CHECK(shown.starts_with(PrintableLine(line.substr(0, length))));
  }
  CHECK(PrintableLine(std::string(5000, 'x')).size() == 5000);
}
