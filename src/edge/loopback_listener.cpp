#include "edge/loopback_listener.h"

#include <Poco/String.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <optional>
#include <string_view>
#include <utility>

#include "app/error.h"
#include "edge/descriptor.h"
#include "edge/holders.h"

namespace grokauth::edge {

namespace {

using app::LoopbackReply;
using app::LoopbackRequest;
using app::SteadyTime;

// A redirect is a short GET; codes of some servers reach 4 kB.
constexpr std::size_t kLargestRequest = std::size_t{8} * 1024;
constexpr std::chrono::seconds kConnectionLimit{10};
// After the reply: for the browser to read it before the connection is closed.
constexpr std::chrono::seconds kClosingLimit{2};
// Beyond these the oldest gives way to the new one. Nothing is lost with it: what it had sent whole
// was answered in the round before.
constexpr std::size_t kMostConnections = 256;
constexpr int kBacklog = 128;

struct Connection {
  Descriptor socket;
  SteadyTime deadline;
  std::string input;
  std::string output;  ///< what of the reply is not sent yet
  bool replied = false;
  bool ended = false;  ///< the other side sends nothing more
};

const char* ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Bad Request";
  }
}

std::string Serialize(const LoopbackReply& reply, bool with_body) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " " + ReasonPhrase(reply.status) +
                     "\r\nConnection: close\r\n";
  for (const auto& [name, value] : reply.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (reply.status != 204) {
    text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
  }
  return text + "\r\n" + (with_body ? reply.body : "");
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The request whose head is `head` (without the empty line); nothing when it is malformed.
std::optional<LoopbackRequest> ParseHead(std::string_view head) {
  const auto is_visible = [](char c) { return c == '\t' || (c >= ' ' && c != '\x7f'); };
  LoopbackRequest request;
  bool has_host = false;
  for (std::size_t line_number = 0; !head.empty(); ++line_number) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    if (!std::all_of(line.begin(), line.end(), is_visible)) {
      return std::nullopt;
    }
    if (line_number == 0) {
      const std::size_t first = line.find(' ');
      const std::size_t last = line.rfind(' ');
      if (first == std::string_view::npos || first == last ||
          !line.substr(last + 1).starts_with("HTTP/1.")) {
        return std::nullopt;
      }
      request.method = line.substr(0, first);
      request.target = line.substr(first + 1, last - first - 1);
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string name = Poco::toLower(std::string(line.substr(0, colon)));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (name == "host") {
      if (std::exchange(has_host, true)) {
        return std::nullopt;  // RFC 9112 section 3.2: more than one Host is an error
      }
      request.host = value;
    } else if (name == "origin") {
      request.origin = value;
    }
  }
  return request;
}

class SocketListener final : public app::LoopbackListener {
 public:
  SocketListener(Interrupts& interrupts, Descriptor socket, std::uint16_t port)
      : interrupts_(interrupts), socket_(std::move(socket)), port_(port) {}

  [[nodiscard]] std::uint16_t Port() const override { return port_; }

  bool Serve(const std::function<LoopbackReply(const LoopbackRequest&)>& handle,
             SteadyTime deadline) override {
    while (true) {
      Wait(deadline);
      interrupts_.ThrowIfInterrupted();
      Accept();
      for (Connection& connection : connections_) {
        if (Progress(connection, handle)) {
          Flush();
          return true;
        }
      }
      const SteadyTime now = std::chrono::steady_clock::now();
      connections_.remove_if([&](const Connection& connection) {
        return !connection.socket.IsOpen() || connection.deadline <= now;
      });
      if (now >= deadline) {
        return false;
      }
    }
  }

 private:
  /// Waits until something can be done, at most until `deadline` or the first connection's.
  void Wait(SteadyTime deadline) {
    std::vector<pollfd> entries{{socket_.Get(), POLLIN, 0}};
    for (const int descriptor : interrupts_.Descriptors()) {
      entries.push_back({descriptor, POLLIN, 0});
    }
    for (const Connection& connection : connections_) {
      const short events = connection.output.empty() ? POLLIN : POLLOUT;
      entries.push_back({connection.socket.Get(), events, 0});
      deadline = std::min(deadline, connection.deadline);
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    poll(entries.data(), entries.size(),
         static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
  }

  void Accept() {
    for (int accepted_now = 0; accepted_now < kBacklog; ++accepted_now) {
      Descriptor accepted(accept4(socket_.Get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!accepted.IsOpen()) {
        if (errno == EMFILE && !connections_.empty()) {
          connections_.pop_front();
          continue;
        }
        return;
      }
      if (connections_.size() >= kMostConnections) {
        connections_.pop_front();
      }
      connections_.push_back({std::move(accepted),
                              std::chrono::steady_clock::now() + kConnectionLimit, "", "", false,
                              false});
    }
  }

  /// Reads, answers and writes as far as that goes without waiting. True after the last reply.
  bool Progress(Connection& connection,
                const std::function<LoopbackReply(const LoopbackRequest&)>& handle) {
    bool is_last = false;
    if (!Receive(connection)) {
      connection.socket = Descriptor();
      return false;
    }
    if (!connection.replied) {
      const std::size_t end = connection.input.find("\r\n\r\n");
      if (end != std::string::npos || connection.input.size() > kLargestRequest) {
        is_last = Reply(connection, end, handle);
      }
    }
    Send(connection);
    // Who said "that was all" before the answer still gets it.
    if (connection.ended && connection.output.empty()) {
      connection.socket = Descriptor();
    }
    return is_last;
  }

  static bool Reply(Connection& connection, std::size_t head_end,
                    const std::function<LoopbackReply(const LoopbackRequest&)>& handle) {
    connection.replied = true;
    connection.deadline = std::chrono::steady_clock::now() + kClosingLimit;
    const bool is_too_large = head_end == std::string::npos || head_end > kLargestRequest;
    const std::optional<LoopbackRequest> request =
        is_too_large ? std::nullopt
                     : ParseHead(std::string_view(connection.input).substr(0, head_end));
    LoopbackReply reply = handle(request.value_or(LoopbackRequest{}));
    if (is_too_large) {
      reply.status = 431;
    }
    connection.output = Serialize(reply, !request || request->method != "HEAD");
    return reply.is_last;
  }

  /// Reads what is there, but no more than a few buffers: who never stops sending must not keep the
  /// others waiting. False when the connection broke.
  static bool Receive(Connection& connection) {
    constexpr int kMostBuffers = 4;
    std::array<char, 4096> buffer{};
    for (int i = 0; i < kMostBuffers && !connection.ended; ++i) {
      const ssize_t count = recv(connection.socket.Get(), buffer.data(), buffer.size(), 0);
      if (count < 0) {
        return errno == EAGAIN || errno == EINTR;
      }
      connection.ended = count == 0;
      if (!connection.replied && connection.input.size() <= kLargestRequest) {
        connection.input.append(buffer.data(), static_cast<std::size_t>(count));
      }
    }
    return true;
  }

  static void Send(Connection& connection) {
    while (!connection.output.empty()) {
      const ssize_t count = send(connection.socket.Get(), connection.output.data(),
                                 connection.output.size(), MSG_NOSIGNAL);
      if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) {
          connection.output.clear();
          connection.deadline = {};
        }
        return;
      }
      connection.output.erase(0, static_cast<std::size_t>(count));
      if (connection.output.empty()) {
        // Half-closed, so that the reply arrives before a reset for what was not read.
        shutdown(connection.socket.Get(), SHUT_WR);
      }
    }
  }

  /// Gives what is left of the replies a moment to go out.
  void Flush() {
    const SteadyTime end = std::chrono::steady_clock::now() + kClosingLimit;
    const auto is_sending = [](const Connection& connection) {
      return connection.socket.IsOpen() && !connection.output.empty();
    };
    while (std::any_of(connections_.begin(), connections_.end(), is_sending) &&
           std::chrono::steady_clock::now() < end) {
      Wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
      for (Connection& connection : connections_) {
        Send(connection);
      }
    }
  }

  Interrupts& interrupts_;
  Descriptor socket_;
  std::uint16_t port_;
  std::list<Connection> connections_;
};

}  // namespace

SocketLoopback::SocketLoopback(Interrupts& interrupts) : interrupts_(interrupts) {}

std::unique_ptr<app::LoopbackListener> SocketLoopback::Listen(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // For a port whose last connections are in TIME_WAIT. Not SO_REUSEPORT, which Poco's ServerSocket
  // sets: with it two programs could share the port, and the redirects.
  const int on = 1;
  setsockopt(socket.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(socket.Get(), generic, size) != 0 || listen(socket.Get(), kBacklog) != 0 ||
      getsockname(socket.Get(), generic, &size) != 0) {
    if (errno == EADDRINUSE) {
      return nullptr;
    }
    throw app::Error(
        app::ErrorKind::kNetwork,
        "cannot listen on port " + std::to_string(port) + " of 127.0.0.1: " + std::strerror(errno),
        "set redirect_port in the profile to a port that may be used here");
  }
  return std::make_unique<SocketListener>(interrupts_, std::move(socket), ntohs(address.sin_port));
}

std::string SocketLoopback::HolderOf(std::uint16_t port) {
  return FindPortHolder(port);
}

}  // namespace grokauth::edge
