#pragma once

#include <Poco/Net/MessageHeader.h>
#include <Poco/Net/StreamSocket.h>
#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <string>

#include "app/edges.h"
#include "edge/http_target.h"

namespace grokauth::edge::http {

/// Text that is wiped when it goes. Reserve room before it grows: what it leaves behind when it
/// moves in memory is not wiped.
struct SecretText {
  SecretText() = default;
  ~SecretText() { OPENSSL_cleanse(text.data(), text.size()); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;

  std::string text;
};

/// Reads from a socket byte by byte, through a buffer that is wiped at the end. Every member throws
/// `Failure{kBroken}` when the connection breaks.
class ByteReader {
 public:
  explicit ByteReader(Poco::Net::StreamSocket& socket) : socket_(socket) {}
  ~ByteReader() { OPENSSL_cleanse(buffer_.data(), buffer_.size()); }
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  /// Whether there is a byte to get; false when the other side ended the stream.
  [[nodiscard]] bool Fill();
  /// Whether bytes have arrived that nobody has got yet.
  [[nodiscard]] bool HasMore() const { return next_ < end_; }
  /// Whether the other side has ended the stream.
  [[nodiscard]] bool HasEnded() const { return has_ended_; }
  /// The next byte. Throws `Failure{kBroken}` at the end of the stream, too.
  [[nodiscard]] char Get();
  /// Appends up to `count` bytes to `text`, as many as the stream still has.
  void Append(std::string& text, std::size_t count);

 private:
  Poco::Net::StreamSocket& socket_;
  std::array<char, 8192> buffer_{};
  std::size_t next_ = 0;
  std::size_t end_ = 0;
  bool has_ended_ = false;
};

/// What this program calls itself.
[[nodiscard]] std::string UserAgent();

/// Sends all of `text`. Throws `Failure{kBroken}`.
void SendAll(Poco::Net::StreamSocket& socket, const std::string& text);

/// Sends `request`, as HTTP/1.1, to `target`. Throws `Failure{kBroken}`.
void SendRequest(Poco::Net::StreamSocket& socket, const app::HttpRequest& request,
                 const Target& target);

/// An answer without its body.
struct Head {
  int status = 0;  ///< 100 to 599
  Poco::Net::MessageHeader fields;
};

/// Reads the status line and header fields of one answer, with Poco's caps on the fields and
/// `max_size` on the whole. Throws `Failure{kBroken}`.
[[nodiscard]] Head ReadHead(ByteReader& reader, std::size_t max_size);

/// Reads the final answer, whole. Throws `Failure{kBroken}`.
[[nodiscard]] app::HttpResponse ReadAnswer(ByteReader& reader);

}  // namespace grokauth::edge::http
