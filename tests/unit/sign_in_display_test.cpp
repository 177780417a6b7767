#include "app/sign_in_display.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace grokauth::app;

namespace {

constexpr const char* kUrl = "https://id.example/device?user_code=WDJB-MJHT";
constexpr const char* kColor = "\x1b[97;40m";
constexpr const char* kPlain = "\x1b[0m";
constexpr int kQuietZone = 2;
constexpr std::size_t kBothZones = 4;

/// Not symmetric in any way, so that a code that is turned or mirrored is found out.
QrCode MakeCode(int size) {
  QrCode code{size, {}};
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      code.dark.push_back((row * 7 + column * column * 3 + row * column) % 5 < 2);
    }
  }
  return code;
}

SignInDisplay MakeDisplay(int size = 29) {
  return {kUrl, "WDJB-MJHT", "valid for 10 min", MakeCode(size)};
}

Screen MakeScreen(int columns, int rows) {
  return {columns, rows, /*is_utf8=*/true, /*has_color=*/true};
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

/// A line as the cells that it fills; control sequences fill none.
std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == '\x1b') {
      i = line.find('m', i) + 1;
      continue;
    }
    const std::size_t length = (static_cast<unsigned char>(line[i]) & 0x80U) != 0 ? 3 : 1;
    cells.push_back(line.substr(i, length));
    i += length;
  }
  return cells;
}

/// The rows of light (true) and dark modules of a drawn QR code, its quiet zone included; the
/// columns left of it are left out. Empty: there is none.
std::vector<std::vector<bool>> ReadModules(const std::string& drawing, int size) {
  const auto width = static_cast<std::size_t>(size) + kBothZones;
  std::vector<std::vector<bool>> rows;
  for (const std::string& line : Lines(drawing)) {
    const std::vector<std::string> cells = Cells(line);
    const bool is_code = cells.size() == width + 2 && cells[2] != " " && cells.back() != " ";
    if (!is_code) {
      continue;
    }
    CHECK((cells[0] == " " && cells[1] == " "));
    std::vector<bool> upper;
    std::vector<bool> lower;
    for (std::size_t i = 2; i < cells.size(); ++i) {
      REQUIRE((cells[i] == " " || cells[i] == "█" || cells[i] == "▀" || cells[i] == "▄"));
      upper.push_back(cells[i] == "█" || cells[i] == "▀");
      lower.push_back(cells[i] == "█" || cells[i] == "▄");
    }
    rows.push_back(upper);
    rows.push_back(lower);
  }
  return rows;
}

bool HasQrCode(const std::string& drawing, int size = 29) {
  return !ReadModules(drawing, size).empty();
}

bool HasLargeCode(const std::string& drawing, bool is_utf8) {
  SignInDisplay display = MakeDisplay();
  display.qr.reset();
  const Screen screen{80, 100, is_utf8, true};
  const std::string alone = Draw(display, screen);
  const std::string large = alone.substr(0, alone.find("\nCode: "));
  REQUIRE(large.size() > 100);
  return drawing.find(large) != std::string::npos;
}

/// The rows that address, drawing and countdown fill.
int RowsOf(const std::string& drawing, const Screen& screen) {
  const std::string address = std::string("Sign in at ") + kUrl;
  const int address_rows = (static_cast<int>(address.size()) + screen.columns - 1) / screen.columns;
  return address_rows + static_cast<int>(Lines(drawing).size()) + 1;
}

}  // namespace

TEST_CASE("a drawn QR code is the code, light where it is light, with a quiet zone around it") {
  const int size = GENERATE(3, 21, 25, 29, 57);
  const bool has_color = GENERATE(true, false);
  const SignInDisplay display = MakeDisplay(size);
  Screen screen = MakeScreen(100, 100);
  screen.has_color = has_color;
  const std::vector<std::vector<bool>> rows = ReadModules(Draw(display, screen), size);
  const int full = size + 2 * kQuietZone;
  REQUIRE(static_cast<int>(rows.size()) == (full + 1) / 2 * 2);
  for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
    const std::vector<bool>& cells = rows[static_cast<std::size_t>(row)];
    REQUIRE(static_cast<int>(cells.size()) == full);
    for (int column = 0; column < full; ++column) {
      const int y = row - kQuietZone;
      const int x = column - kQuietZone;
      const bool inside = y >= 0 && y < size && x >= 0 && x < size;
      const bool is_light = row < full && !(inside && display.qr->IsDark(y, x));
      CHECK(cells[static_cast<std::size_t>(column)] == is_light);
    }
  }
}

TEST_CASE("a QR code has colors of its own, so that no terminal inverts it") {
  const std::string drawing = Draw(MakeDisplay(), MakeScreen(80, 40));
  int colored = 0;
  for (const std::string& line : Lines(drawing)) {
    const std::size_t begin = line.find(kColor);
    if (begin != std::string::npos) {
      ++colored;
      CHECK(begin == 2);  // the margin keeps the terminal's own color
      CHECK_THAT(line, Catch::EndsWith(kPlain));
    }
  }
  CHECK(colored == 17);
}

TEST_CASE("without color there is none, but the code is still bold") {
  Screen screen = MakeScreen(80, 40);
  screen.has_color = false;
  const std::string drawing = Draw(MakeDisplay(), screen);
  CHECK(HasQrCode(drawing));
  CHECK(drawing.find("\x1b[97") == std::string::npos);
  CHECK(drawing.find(";40m") == std::string::npos);
  CHECK_THAT(drawing, Catch::Contains("\x1b[1mWDJB-MJHT\x1b[0m"));
}

TEST_CASE("the last line has the code in bold and how long it is valid, and does not end") {
  SignInDisplay display = MakeDisplay();
  SECTION("with a QR code") {}
  SECTION("without one") {
    display.qr.reset();
  }
  SECTION("of characters that have no large letters") {
    display.user_code = "wdjb.mjht";
  }
  CHECK_THAT(Draw(display, MakeScreen(80, 40)),
             Catch::EndsWith("\nCode: \x1b[1m" + display.user_code + "\x1b[0m (valid for 10 min)"));
}

TEST_CASE("a QR code needs its width: two columns of margin, and its quiet zone") {
  const SignInDisplay display = MakeDisplay();
  CHECK(FitsQrCode(29, display, MakeScreen(35, 40)));
  CHECK_FALSE(FitsQrCode(29, display, MakeScreen(34, 40)));
  CHECK(HasQrCode(Draw(display, MakeScreen(35, 40))));
  CHECK_FALSE(HasQrCode(Draw(display, MakeScreen(34, 40))));
}

TEST_CASE("a QR code needs its height") {
  const SignInDisplay display = MakeDisplay();
  CHECK(FitsQrCode(29, display, MakeScreen(80, 22)));
  CHECK_FALSE(FitsQrCode(29, display, MakeScreen(80, 21)));
  CHECK(HasQrCode(Draw(display, MakeScreen(80, 22))));
  CHECK_FALSE(HasQrCode(Draw(display, MakeScreen(80, 21))));
}

TEST_CASE("an address that wraps takes rows from the QR code") {
  const SignInDisplay display = MakeDisplay();  // 11 + 45 columns
  CHECK(FitsQrCode(29, display, MakeScreen(56, 22)));
  CHECK_FALSE(FitsQrCode(29, display, MakeScreen(55, 22)));
  CHECK(FitsQrCode(29, display, MakeScreen(55, 23)));
  SignInDisplay longer = display;
  longer.url += std::string(300, 'x');  // 356 columns: five rows
  CHECK_FALSE(FitsQrCode(29, longer, MakeScreen(80, 25)));
  CHECK(FitsQrCode(29, longer, MakeScreen(80, 26)));
}

TEST_CASE("a QR code needs UTF-8, and the large letters do without") {
  Screen screen = MakeScreen(80, 40);
  screen.is_utf8 = false;
  CHECK_FALSE(FitsQrCode(29, MakeDisplay(), screen));
  const std::string drawing = Draw(MakeDisplay(), screen);
  CHECK_FALSE(HasQrCode(drawing));
  CHECK(HasLargeCode(drawing, /*is_utf8=*/false));
  CHECK(std::none_of(drawing.begin(), drawing.end(),
                     [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }));
}

TEST_CASE("a screen of no size gets the code in its line") {
  const std::string drawing = Draw(MakeDisplay(), MakeScreen(0, 0));
  CHECK(drawing == "\nCode: \x1b[1mWDJB-MJHT\x1b[0m (valid for 10 min)");
}

TEST_CASE("large letters go where they would push the QR code off the screen") {
  const SignInDisplay display = MakeDisplay();
  CHECK(HasLargeCode(Draw(display, MakeScreen(80, 27)), /*is_utf8=*/true));
  const std::string drawing = Draw(display, MakeScreen(80, 26));
  CHECK(HasQrCode(drawing));
  CHECK_FALSE(HasLargeCode(drawing, /*is_utf8=*/true));
}

TEST_CASE("without a QR code the large letters are there whatever the height") {
  const bool has_code = GENERATE(true, false);
  SignInDisplay display = MakeDisplay();
  if (!has_code) {
    display.qr.reset();
  }
  CHECK(HasLargeCode(Draw(display, MakeScreen(80, 12)), /*is_utf8=*/true));
}

TEST_CASE("what belongs to a QR code fits onto the screen together with it") {
  const int size = GENERATE(21, 25, 29, 33, 37, 57);
  const SignInDisplay display = MakeDisplay(size);
  int shown = 0;
  for (const int columns : {36, 40, 55, 60, 80, 132}) {
    for (int rows = 1; rows < 60; ++rows) {
      const Screen screen = MakeScreen(columns, rows);
      const std::string drawing = Draw(display, screen);
      if (!HasQrCode(drawing, size)) {
        continue;
      }
      ++shown;
      INFO(columns << " x " << rows);
      CHECK(RowsOf(drawing, screen) <= rows);
      for (const std::string& line : Lines(drawing)) {
        CHECK(static_cast<int>(Cells(line).size()) <= columns);
      }
    }
  }
  CHECK(shown > 0);
}
