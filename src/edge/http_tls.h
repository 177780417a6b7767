#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/SharedPtr.h>

#include <optional>
#include <string>

#include "edge/http_client.h"

namespace grokauth::edge::http {

class RejectAndRemember;

/// The client's side of one TLS connection: TLS 1.2 or newer, the server's certificate verified for
/// its host name or IP literal, loopback or not.
class Tls {
 public:
  /// Reads the certificate authorities. Throws `Failure{kTrust}` when those that the environment or
  /// `ca_file` names cannot be read.
  Tls(const NetworkEnvironment& environment, const std::optional<std::string>& ca_file,
      std::string host);

  /// Does the handshake over `socket`; what it returns takes the place of `socket`. Throws
  /// `Failure{kCertificate}` or `Failure{kTls}`.
  [[nodiscard]] Poco::Net::StreamSocket Handshake(const Poco::Net::StreamSocket& socket);

 private:
  std::string host_;
  Poco::Net::Context::Ptr context_;
  Poco::SharedPtr<RejectAndRemember> verifier_;
};

}  // namespace grokauth::edge::http
