#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "app/edges.h"
#include "edge/interrupts.h"

namespace grokauth::edge {

/// What the environment says about reaching servers; empty text counts as unset.
struct NetworkEnvironment {
  std::optional<std::string> ssl_cert_file;  ///< SSL_CERT_FILE
  std::optional<std::string> ssl_cert_dir;   ///< SSL_CERT_DIR
  std::optional<std::string> https_proxy;    ///< HTTPS_PROXY or https_proxy
  std::optional<std::string> all_proxy;      ///< ALL_PROXY or all_proxy
  std::optional<std::string> no_proxy;       ///< NO_PROXY or no_proxy
};

/// HTTPS by Poco and OpenSSL, with one connection per request, no redirects, no retries, and
/// deadlines that hold for the exchange as a whole.
class PocoHttpClient final : public app::HttpClient {
 public:
  PocoHttpClient(Interrupts& interrupts, NetworkEnvironment environment);
  ~PocoHttpClient() override;
  PocoHttpClient(const PocoHttpClient&) = delete;
  PocoHttpClient& operator=(const PocoHttpClient&) = delete;

  [[nodiscard]] app::HttpResult Send(const app::HttpRequest& request) override;
  [[nodiscard]] std::variant<std::string, app::TransportFailure> DescribeRoute(
      const std::string& url, bool allow_http_loopback) override;

 private:
  struct Connection;

  [[nodiscard]] app::HttpResponse Exchange(const app::HttpRequest& request, bool& maybe_received);

  Interrupts& interrupts_;
  NetworkEnvironment environment_;
  /// The last one. It is closed later, by the next request or at the end: that takes its time, and
  /// an answer that has arrived must be saved first.
  std::unique_ptr<Connection> connection_;
};

}  // namespace grokauth::edge
