#include "edge/http_body.h"

#include <Poco/String.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "edge/http_failure.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;

constexpr std::size_t kMaxBody = std::size_t{1024} * 1024;

/// No answer of a token endpoint is larger; a body of unknown length starts with this much room, so
/// that it does not leave copies behind when it grows.
constexpr std::size_t kUsualBody = std::size_t{16} * 1024;

/// A chunk's size with its extensions, or a trailer field.
constexpr std::size_t kMaxLine = 8192;

[[noreturn]] void ThrowTooLarge() {
  throw Failure(Cause::kBroken, "answer larger than 1 MiB");
}

[[noreturn]] void ThrowMalformed() {
  throw Failure(Cause::kBroken, "the answer is not a valid HTTP answer");
}

/// The number that `text` is as a whole, in `base`.
std::optional<std::uint64_t> ParseSize(std::string_view text, int base) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, base);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return size;
}

/// Appends exactly `size` bytes.
void ReadExactly(ByteReader& reader, std::uint64_t size, std::string& body) {
  if (size > kMaxBody - body.size()) {
    ThrowTooLarge();
  }
  const std::size_t end = body.size() + size;
  reader.Append(body, size);
  if (body.size() != end) {
    throw Failure(Cause::kBroken, "the answer is truncated");
  }
}

/// The next line, without its end.
std::string ReadLine(ByteReader& reader) {
  std::string line;
  for (char c = reader.Get(); c != '\n'; c = reader.Get()) {
    if (line.size() == kMaxLine) {
      ThrowMalformed();
    }
    line += c;
  }
  if (!line.empty() && line.back() == '\r') {
    line.pop_back();
  }
  return line;
}

/// RFC 9112 section 7.1. Poco's chunked stream takes a bad or missing chunk header for the end of
/// the body and says nothing.
void ReadChunks(ByteReader& reader, std::string& body) {
  body.reserve(kUsualBody);
  while (true) {
    const std::string line = ReadLine(reader);
    const auto size = ParseSize(Poco::trimRight(line.substr(0, line.find(';'))), 16);
    if (!size) {
      ThrowMalformed();
    }
    if (*size == 0) {
      break;
    }
    ReadExactly(reader, *size, body);
    if (!ReadLine(reader).empty()) {
      ThrowMalformed();
    }
  }
  for (std::size_t trailer = 0; !ReadLine(reader).empty();) {
    if (++trailer > 100) {
      ThrowMalformed();
    }
  }
}

}  // namespace

void ReadBody(ByteReader& reader, const Head& head, std::string& body) {
  if (head.status == 204 || head.status == 304) {
    return;
  }
  if (head.fields.has("Transfer-Encoding")) {
    if (Poco::icompare(head.fields.get("Transfer-Encoding"), "chunked") != 0) {
      ThrowMalformed();
    }
    ReadChunks(reader, body);
  } else if (head.fields.has("Content-Length")) {
    const auto size = ParseSize(head.fields.get("Content-Length"), 10);
    if (!size) {
      ThrowMalformed();
    }
    body.reserve(std::min<std::uint64_t>(*size, kMaxBody));
    ReadExactly(reader, *size, body);
  } else {
    body.reserve(kUsualBody);
    reader.Append(body, kMaxBody);
    if (reader.Fill()) {
      ThrowTooLarge();
    }
  }
}

}  // namespace grokauth::edge::http
