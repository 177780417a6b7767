#include "edge/http_tls.h"

#include <Poco/Exception.h>
#include <Poco/Net/InvalidCertificateHandler.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/VerificationErrorArgs.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "edge/http_failure.h"
#include "edge/http_target.h"
#include "edge/http_trust.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;
using Poco::Net::Context;

Context::Params MakeParams() {
  Context::Params params;
  params.verificationMode = Context::VERIFY_STRICT;
  params.cipherList = "HIGH:!aNULL:!eNULL:!MD5:!RC4";
  // Poco offers X448 first, which hardly any server takes: each handshake would cost a round trip
  // more.
  params.ecdhCurve = "X25519:P-256:P-384:P-521";
  return params;
}

/// Lets OpenSSL check the name of the server as part of the handshake. Poco's own check comes after
/// it, and not at all when the handshake was not finished in one go.
void ExpectName(SSL_CTX* context, const std::string& host) {
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const int done = ParseIp(host)
                       ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str())
                       : X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
  if (done != 1) {
    throw Failure(Cause::kTls, "the TLS library does not take the host name '" + host + "'");
  }
}

/// The last part of OpenSSL's "error:0A00010B:SSL routines::wrong version number".
std::string LastPart(const std::string& message) {
  return Printable(message.substr(message.rfind(':') + 1));
}

}  // namespace

/// Accepts no certificate that OpenSSL does not, asks nobody, and remembers what was wrong.
class RejectAndRemember final : public Poco::Net::InvalidCertificateHandler {
 public:
  RejectAndRemember() : InvalidCertificateHandler(false) {}

  void onInvalidCertificate(const void* /*sender*/,
                            Poco::Net::VerificationErrorArgs& error) override {
    error_ = error.errorNumber();
    error.setIgnoreError(false);
  }

  /// OpenSSL's verification error (X509_V_ERR_...), or X509_V_OK.
  [[nodiscard]] int error() const { return error_; }

 private:
  int error_ = X509_V_OK;
};

Tls::Tls(const NetworkEnvironment& environment, const std::optional<std::string>& ca_file,
         std::string host)
    : host_(std::move(host)),
      context_(new Context(Context::TLS_CLIENT_USE, MakeParams())),
      verifier_(new RejectAndRemember) {
  context_->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  context_->setInvalidCertificateHandler(verifier_);
  // Poco would check an IP literal against the address of the connection, which may be a proxy's.
  context_->enableExtendedCertificateVerification(!ParseIp(host_));
  ExpectName(context_->sslContext(), host_);
  LoadTrust(context_->sslContext(), environment, ca_file);
}

Poco::Net::StreamSocket Tls::Handshake(const Poco::Net::StreamSocket& socket) {
  const std::string other_host = "the certificate of " + host_ + " is for another host name";
  // RFC 6066 section 3: no IP literal is sent as the server's name.
  const std::string server_name = ParseIp(host_) ? "" : host_;
  ERR_clear_error();
  try {
    return Poco::Net::SecureStreamSocket::attach(socket, server_name, context_);
  } catch (const Poco::Net::CertificateValidationException&) {
    throw Failure(Cause::kCertificate, other_host);
  } catch (const Poco::Exception& error) {
    const int verdict = verifier_->error();
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
      throw Failure(Cause::kCertificate, other_host);
    }
    if (verdict != X509_V_OK) {
      throw Failure(Cause::kCertificate, "the certificate of " + host_ + " is not trusted (" +
                                             X509_verify_cert_error_string(verdict) + ")");
    }
    std::string detail = "the connection was closed";
    if (dynamic_cast<const Poco::Net::SSLException*>(&error) != nullptr &&
        !error.message().empty()) {
      detail = LastPart(error.message());
    } else if (dynamic_cast<const Poco::Net::ConnectionResetException*>(&error) != nullptr) {
      detail = "the connection was reset";
    }
    throw Failure(Cause::kTls, "the TLS handshake with " + host_ + " failed (" + detail + ")");
  }
}

}  // namespace grokauth::edge::http
