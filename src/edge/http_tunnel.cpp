#include "edge/http_tunnel.h"

#include <openssl/evp.h>

#include <string>
#include <vector>

#include "edge/http_failure.h"
#include "edge/http_message.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;

/// More than any proxy has to say before a tunnel opens.
constexpr std::size_t kMaxProxyHead = std::size_t{16} * 1024;

std::string Base64(const std::string& text) {
  std::vector<unsigned char> encoded((text.size() + 2) / 3 * 4 + 1);
  const int size =
      EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  return {encoded.begin(), encoded.begin() + size};
}

/// Throws what the proxy's answer means when it did not open a tunnel.
void CheckAnswer(int status, const Proxy& proxy) {
  if (status == 407) {
    throw Failure(Cause::kProxy,
                  proxy.Description() + (proxy.credentials ? " refused the credentials (407)"
                                                           : " asks for credentials (407)"));
  }
  if (status < 200 || status > 299) {
    throw Failure(Cause::kProxy,
                  proxy.Description() + " refused the connection (" + std::to_string(status) + ")");
  }
}

}  // namespace

void OpenTunnel(Poco::Net::StreamSocket& socket, const Proxy& proxy, const Target& target) {
  const std::string authority = HostAndPort(target.host, target.port);
  SecretText request;
  request.text = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (proxy.credentials) {
    request.text += "Proxy-Authorization: Basic " + Base64(*proxy.credentials) + "\r\n";
  }
  request.text += "User-Agent: " + UserAgent() + "\r\n\r\n";
  ByteReader reader(socket);
  int status = 0;
  try {
    SendAll(socket, request.text);
    status = ReadHead(reader, kMaxProxyHead).status;
  } catch (const Failure& failure) {
    throw Failure(Cause::kProxy, proxy.Description() + " gave no usable answer: " + failure.what());
  }
  CheckAnswer(status, proxy);
  if (reader.HasMore()) {
    // TLS starts with the client: nobody behind the tunnel has anything to say yet.
    throw Failure(Cause::kProxy, proxy.Description() + " sent more than an answer");
  }
}

}  // namespace grokauth::edge::http
