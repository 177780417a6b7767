#include "edge/http_client.h"

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "edge/http_connect.h"
#include "edge/http_failure.h"
#include "edge/http_message.h"
#include "edge/http_proxy.h"
#include "edge/http_target.h"
#include "edge/http_tls.h"
#include "edge/http_tunnel.h"
#include "edge/http_watchdog.h"

namespace grokauth::edge {

namespace {

using Cause = app::TransportFailure::Cause;

/// The two deadlines of an exchange that starts now.
struct Limits {
  http::Limit connect;
  http::Limit total;
};

Limits MakeLimits(const app::HttpRequest& request) {
  const auto now = std::chrono::steady_clock::now();
  return {http::MakeLimit(now, std::min(request.connect_timeout, request.total_timeout)),
          http::MakeLimit(now, request.total_timeout)};
}

/// The first hop to `target`.
http::Peer FirstHop(const http::Target& target, const std::optional<http::Proxy>& proxy) {
  if (proxy) {
    return {proxy->host, proxy->port, false, proxy->Description()};
  }
  return {target.host, target.port, !target.secure, http::HostAndPort(target.host, target.port)};
}

Poco::Net::StreamSocket Adopt(Descriptor connection) {
  return Poco::Net::StreamSocket(new Poco::Net::StreamSocketImpl(connection.Release()));
}

/// Throws when the watchdog has shut the socket down; its verdict says more than the exception.
void CheckStillWatching(const http::Watchdog& watchdog) {
  if (watchdog.verdict() != http::Watchdog::Verdict::kWatching) {
    throw http::Failure(Cause::kBroken, "the connection was given up");
  }
}

http::Failure DeadlineFailure(const Limits& limits, const http::Target& target,
                              const std::optional<http::Proxy>& proxy, bool is_connected) {
  if (is_connected) {
    return {Cause::kTimeout, "no answer from " + target.host + " in " + limits.total.text};
  }
  return {Cause::kConnect, "no connection to " + http::HostAndPort(target.host, target.port) +
                               (proxy ? " through " + proxy->Description() : "") + " in " +
                               limits.connect.text};
}

}  // namespace

/// A connected socket and who watches it. Members go in reverse: closing a TLS connection writes to
/// it, and may block.
struct PocoHttpClient::Connection {
  Connection(Descriptor descriptor, const http::Limit& limit, std::vector<int> interrupts)
      : watchdog(descriptor.Get(), limit.deadline, std::move(interrupts)),
        socket(Adopt(std::move(descriptor))) {}

  http::Watchdog watchdog;
  Poco::Net::StreamSocket socket;
};

PocoHttpClient::PocoHttpClient(Interrupts& interrupts, NetworkEnvironment environment)
    : interrupts_(interrupts), environment_(std::move(environment)) {}

PocoHttpClient::~PocoHttpClient() = default;

app::HttpResult PocoHttpClient::Send(const app::HttpRequest& request) {
  bool maybe_received = false;
  try {
    return Exchange(request, maybe_received);
  } catch (const http::Failure& failure) {
    return app::TransportFailure{failure.cause(), failure.what(), maybe_received};
  } catch (const Poco::Exception&) {
    return app::TransportFailure{Cause::kTls, "the TLS library cannot be used", maybe_received};
  } catch (const std::system_error& error) {
    return app::TransportFailure{Cause::kConnect, http::SystemError(error.code().value()),
                                 maybe_received};
  }
}

std::variant<std::string, app::TransportFailure> PocoHttpClient::DescribeRoute(
    const std::string& url, bool allow_http_loopback) {
  try {
    const std::optional<http::Proxy> proxy =
        http::ChooseProxy(environment_, http::ParseTarget(url, allow_http_loopback));
    return proxy ? "through " + proxy->Description() : "directly";
  } catch (const http::Failure& failure) {
    return app::TransportFailure{failure.cause(), failure.what(), false};
  }
}

app::HttpResponse PocoHttpClient::Exchange(const app::HttpRequest& request, bool& maybe_received) {
  connection_.reset();  // closing it is not this request's time
  const Limits limits = MakeLimits(request);
  const http::Target target = http::ParseTarget(request.url, request.allow_http_loopback);
  const std::optional<http::Proxy> proxy = http::ChooseProxy(environment_, target);
  std::optional<http::Tls> tls;
  if (target.secure) {
    tls.emplace(environment_, request.ca_file, target.host);
  }
  connection_ = std::make_unique<Connection>(
      http::Connect(FirstHop(target, proxy), limits.connect, interrupts_), limits.connect,
      interrupts_.Descriptors());
  http::Watchdog& watchdog = connection_->watchdog;
  Poco::Net::StreamSocket& socket = connection_->socket;
  try {
    if (proxy) {
      http::OpenTunnel(socket, *proxy, target);
    }
    if (tls) {
      socket = tls->Handshake(socket);
    }
    watchdog.SetDeadline(limits.total.deadline);
    CheckStillWatching(watchdog);
    maybe_received = true;
    http::SendRequest(socket, request, target);
    http::ByteReader reader(socket);
    app::HttpResponse response = http::ReadAnswer(reader);
    if (reader.HasEnded()) {
      CheckStillWatching(watchdog);  // was it the server that ended the answer?
    }
    return response;
  } catch (const std::exception&) {
    if (watchdog.verdict() == http::Watchdog::Verdict::kInterrupted) {
      interrupts_.ThrowIfInterrupted();
    }
    if (watchdog.verdict() == http::Watchdog::Verdict::kDeadline) {
      throw DeadlineFailure(limits, target, proxy, maybe_received);
    }
    throw;
  }
}

}  // namespace grokauth::edge
