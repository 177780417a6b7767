#include "app/sign_in_display.h"

#include <algorithm>

#include "app/big_text.h"

namespace grokauth::app {

namespace {

// ISO/IEC 18004 asks for four modules around the code; readers are content with two.
constexpr int kQuietZone = 2;
constexpr int kMargin = 2;
// Lines beside the QR code: the code as text, the countdown, two empty ones.
constexpr int kOtherLines = 4;

constexpr const char* kBold = "\x1b[1m";
// Bright white on black, whatever the terminal's own colors are: an inverted code is not read by
// every reader.
constexpr const char* kWhiteOnBlack = "\x1b[97;40m";
constexpr const char* kPlain = "\x1b[0m";

int LinesOf(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

int QrLines(int size) {
  return (size + 2 * kQuietZone + 1) / 2;
}

int AddressLines(const SignInDisplay& display, const Screen& screen) {
  constexpr int kBeforeUrl = 11;  // "Sign in at "
  return (kBeforeUrl + static_cast<int>(display.url.size()) - 1) / std::max(screen.columns, 1) + 1;
}

/// Light modules are drawn, dark ones left out: on a dark background that is the code as it should
/// be.
std::string DrawQrCode(const QrCode& code, bool has_color) {
  const auto is_light = [&](int row, int column) {
    const bool inside = row >= 0 && row < code.size && column >= 0 && column < code.size;
    return row < code.size + kQuietZone && !(inside && code.IsDark(row, column));
  };
  std::string lines;
  for (int row = -kQuietZone; row < code.size + kQuietZone; row += 2) {
    lines += std::string(kMargin, ' ') + (has_color ? kWhiteOnBlack : "");
    for (int column = -kQuietZone; column < code.size + kQuietZone; ++column) {
      const bool upper = is_light(row, column);
      const bool lower = is_light(row + 1, column);
      lines += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ");
    }
    lines += std::string(has_color ? kPlain : "") + "\n";
  }
  return lines;
}

}  // namespace

bool FitsQrCode(int size, const SignInDisplay& display, const Screen& screen) {
  return screen.is_utf8 && size + 2 * kQuietZone + kMargin <= screen.columns &&
         AddressLines(display, screen) + QrLines(size) + kOtherLines <= screen.rows;
}

std::string Draw(const SignInDisplay& display, const Screen& screen) {
  std::string text;
  const bool shows_qr = display.qr && FitsQrCode(display.qr->size, display, screen);
  if (shows_qr) {
    text += "\n" + DrawQrCode(*display.qr, screen.has_color);
  }
  const std::string big = DrawBigText(display.user_code, screen);
  const int taken = AddressLines(display, screen) + LinesOf(text) + kOtherLines;
  const bool has_room = !shows_qr || taken + LinesOf(big) <= screen.rows;
  if (!big.empty() && has_room) {
    text += "\n" + big;
  }
  return text + "\nCode: " + kBold + display.user_code + kPlain + " (" + display.lifetime + ")";
}

}  // namespace grokauth::app
