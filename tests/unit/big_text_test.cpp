#include "app/big_text.h"

#include <catch2/catch.hpp>

#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace grokauth::app;

namespace {

constexpr const char* kCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

Screen MakeScreen(int columns, bool is_utf8) {
  return {columns, 24, is_utf8, true};
}

/// The dots of a drawing, row by row; blanks at a row's end are not told apart from none.
std::vector<std::string> Dots(const std::string& drawing) {
  std::vector<std::string> rows;
  std::istringstream lines(drawing);
  for (std::string line; std::getline(lines, line);) {
    std::string upper;
    std::string lower;
    bool is_double = false;
    for (std::size_t i = 0; i < line.size();) {
      const bool is_block = (static_cast<unsigned char>(line[i]) & 0x80U) != 0;
      const std::string character = line.substr(i, is_block ? 3 : 1);
      REQUIRE((character == " " || character == "#" || character == "█" || character == "▀" ||
               character == "▄"));
      is_double = is_double || is_block;
      upper += character == " " || character == "▄" ? ' ' : '#';
      lower += character == "█" || character == "▄" ? '#' : ' ';
      i += character.size();
    }
    rows.push_back(upper);
    if (is_double) {
      rows.push_back(lower);
    }
  }
  for (std::string& row : rows) {
    row.erase(row.find_last_not_of(' ') + 1);
  }
  while (!rows.empty() && rows.back().empty()) {
    rows.pop_back();
  }
  return rows;
}

}  // namespace

TEST_CASE("large letters are drawn as they are in ASCII") {
  CHECK(DrawBigText("1-A", MakeScreen(80, false)) ==
        "    #          ###\n"
        "   ##         #   #\n"
        "    #         #   #\n"
        "    #   ##### #####\n"
        "    #         #   #\n"
        "    #         #   #\n"
        "   ###        #   #\n");
}

TEST_CASE("large letters are half as high in UTF-8") {
  CHECK(DrawBigText("1A", MakeScreen(80, true)) ==
        "   ▄█   ▄▀▀▀▄\n"
        "    █   █▄▄▄█\n"
        "    █   █   █\n"
        "   ▀▀▀  ▀   ▀\n");
}

TEST_CASE("every letter, every digit and the hyphen can be drawn, each in its own shape") {
  std::set<std::vector<std::string>> shapes;
  for (const char character : std::string(kCharacters)) {
    INFO(character);
    const std::string ascii = DrawBigText(std::string(1, character), MakeScreen(80, false));
    const std::string utf8 = DrawBigText(std::string(1, character), MakeScreen(80, true));
    CHECK(std::count(ascii.begin(), ascii.end(), '\n') == 7);
    CHECK(std::count(utf8.begin(), utf8.end(), '\n') == 4);
    CHECK(ascii.find('#') != std::string::npos);
    CHECK(shapes.insert(Dots(ascii)).second);
    if (character != '-') {  // its only line of blocks cannot be told from a single row
      CHECK(Dots(utf8) == Dots(ascii));
    }
  }
  CHECK(shapes.size() == 37);
}

TEST_CASE("letters stand on one line, six columns apart") {
  const std::vector<std::string> both = Dots(DrawBigText("LO", MakeScreen(80, false)));
  const std::vector<std::string> left = Dots(DrawBigText("L", MakeScreen(80, false)));
  const std::vector<std::string> right = Dots(DrawBigText("O", MakeScreen(80, false)));
  REQUIRE(both.size() == 7);
  for (std::size_t row = 0; row < both.size(); ++row) {
    CHECK(both[row].substr(0, left[row].size()) == left[row]);
    CHECK(both[row].substr(8) == right[row].substr(2));
  }
}

TEST_CASE("what is too wide for the screen is not drawn") {
  const bool is_utf8 = GENERATE(false, true);
  CHECK_FALSE(DrawBigText("WDJB-MJHT", MakeScreen(56, is_utf8)).empty());
  CHECK(DrawBigText("WDJB-MJHT", MakeScreen(55, is_utf8)).empty());
  CHECK(DrawBigText("WDJB-MJHT", MakeScreen(0, is_utf8)).empty());
}

TEST_CASE("no line is wider than the screen") {
  std::istringstream lines(DrawBigText("MMMM-MMMM", MakeScreen(56, false)));
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.size() <= 56);
  }
}

TEST_CASE("a text with a character that has no shape is not drawn") {
  const std::string text = GENERATE("abcd", "AB CD", "AB_CD", "AB.CD", "\xc3\x84", "AB\x1b[2J");
  CHECK(DrawBigText(text, MakeScreen(80, true)).empty());
  CHECK(DrawBigText(text, MakeScreen(80, false)).empty());
}
