#pragma once

#include "app/edges.h"

namespace grokauth::edge {

/// QR codes by libqrencode, which is loaded when it is first needed: a server can do without, and a
/// cached run does not pay for it.
class LibraryQrEncoder final : public app::QrEncoder {
 public:
  [[nodiscard]] std::optional<app::QrCode> Encode(const std::string& text) override;
};

}  // namespace grokauth::edge
