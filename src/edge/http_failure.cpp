#include "edge/http_failure.h"

#include <algorithm>
#include <cctype>
#include <system_error>

namespace grokauth::edge::http {

Limit MakeLimit(app::SteadyTime start, std::chrono::milliseconds time) {
  const auto milliseconds = time.count();
  if (milliseconds < 1000) {
    return {start + time, std::to_string(milliseconds) + " ms"};
  }
  std::string text = std::to_string(milliseconds / 1000);
  if (const auto tenths = milliseconds % 1000 / 100; tenths != 0) {
    text.append(1, '.').append(std::to_string(tenths));
  }
  return {start + time, text + " s"};
}

int PollTimeout(app::SteadyTime time) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(time - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp(left, milliseconds(0), milliseconds(60000)).count());
}

std::string Printable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte < 0x20 || byte == 0x7f) {
      result += '?';
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      result += '?';  // U+0080 to U+009F: control characters of 8-bit terminals, in UTF-8
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string SystemError(int code) {
  std::string text = std::generic_category().message(code);
  if (!text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace grokauth::edge::http
