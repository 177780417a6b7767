#pragma once

#include <optional>
#include <string>

#include "app/edges.h"

namespace grokauth::app {

/// What a person at a terminal sees below the address: a QR code of it where there is room, and the
/// code to compare or to type, as large as the terminal allows. Several lines, the last without its
/// newline.
struct SignInDisplay {
  std::string url;
  std::string user_code;
  std::string lifetime;      ///< of the code, as in "valid for 10 min"
  std::optional<QrCode> qr;  ///< of the URL
};

[[nodiscard]] std::string Draw(const SignInDisplay& display, const Screen& screen);

/// Whether a QR code of this size (modules in a row) and what belongs to it fit, without scrolling.
[[nodiscard]] bool FitsQrCode(int size, const SignInDisplay& display, const Screen& screen);

}  // namespace grokauth::app
