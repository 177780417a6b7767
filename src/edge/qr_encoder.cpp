#include "edge/qr_encoder.h"

#include <dlfcn.h>
#include <qrencode.h>

#include <memory>

namespace grokauth::edge {

namespace {

constexpr const char* kLibraryName = "libqrencode.so.4";

struct CloseLibrary {
  void operator()(void* library) const { dlclose(library); }
};

}  // namespace

std::optional<app::QrCode> LibraryQrEncoder::Encode(const std::string& text) {
  const std::unique_ptr<void, CloseLibrary> library(dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL));
  if (!library) {
    return std::nullopt;
  }
  const auto encode = reinterpret_cast<decltype(&QRcode_encodeString8bit)>(
      dlsym(library.get(), "QRcode_encodeString8bit"));
  const auto release =
      reinterpret_cast<decltype(&QRcode_free)>(dlsym(library.get(), "QRcode_free"));
  if (encode == nullptr || release == nullptr) {
    return std::nullopt;
  }
  QRcode* encoded = encode(text.c_str(), /*version=*/0, QR_ECLEVEL_L);  // 0: the smallest
  if (encoded == nullptr) {
    return std::nullopt;
  }
  app::QrCode code{encoded->width, {}};
  const int modules = encoded->width * encoded->width;
  for (int i = 0; i < modules; ++i) {
    code.dark.push_back((encoded->data[i] & 1) != 0);  // qrencode.h: the lowest bit is the color
  }
  release(encoded);
  return code;
}

}  // namespace grokauth::edge
