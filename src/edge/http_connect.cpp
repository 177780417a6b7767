#include "edge/http_connect.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <vector>

#include "edge/http_resolve.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;
using Clock = std::chrono::steady_clock;

/// RFC 8305 section 5, "Connection Attempt Delay".
constexpr std::chrono::milliseconds kAttemptDelay{250};

/// Connects to several addresses, each started a little after the one before, the earlier ones
/// still being waited for: a network that swallows IPv6 costs a moment, not the whole time.
class Race {
 public:
  explicit Race(std::vector<Address> addresses) : addresses_(std::move(addresses)) {}

  /// Starts what is due, waits until something happens, at most until `deadline`, and returns the
  /// connection that stands, if any. Also returns when one of `interrupts` becomes readable.
  [[nodiscard]] Descriptor Step(Clock::time_point deadline, const std::vector<int>& interrupts);

  /// Whether every address has failed.
  [[nodiscard]] bool IsLost() const { return next_ == addresses_.size() && pending_.empty(); }

  /// The system's error number of the last failure.
  [[nodiscard]] int LastError() const { return last_error_; }

 private:
  void StartDue();
  void Fail(int error);
  [[nodiscard]] Descriptor Collect(const std::vector<pollfd>& entries);

  std::vector<Address> addresses_;
  std::size_t next_ = 0;
  Clock::time_point next_start_ = Clock::now();
  std::vector<Descriptor> pending_;
  int last_error_ = 0;
};

void Race::Fail(int error) {
  last_error_ = error;
  next_start_ = Clock::now();
}

void Race::StartDue() {
  while (next_ < addresses_.size() && (pending_.empty() || Clock::now() >= next_start_)) {
    const Address& address = addresses_[next_++];
    Descriptor attempt(
        socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (attempt.Get() < 0 ||
        (connect(attempt.Get(), address.Get(), address.length) != 0 && errno != EINPROGRESS)) {
      Fail(errno);
      continue;
    }
    pending_.push_back(std::move(attempt));
    next_start_ = Clock::now() + kAttemptDelay;
  }
}

Descriptor Race::Step(Clock::time_point deadline, const std::vector<int>& interrupts) {
  StartDue();
  std::vector<pollfd> entries;
  for (const Descriptor& attempt : pending_) {
    entries.push_back({attempt.Get(), POLLOUT, 0});
  }
  for (const int interrupt : interrupts) {
    entries.push_back({interrupt, POLLIN, 0});
  }
  const auto until = next_ < addresses_.size() ? std::min(deadline, next_start_) : deadline;
  if (pending_.empty() || poll(entries.data(), entries.size(), PollTimeout(until)) <= 0) {
    return {};
  }
  return Collect(entries);
}

Descriptor Race::Collect(const std::vector<pollfd>& entries) {
  for (std::size_t i = pending_.size(); i-- > 0;) {
    if (entries[i].revents == 0) {
      continue;
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(pending_[i].Get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) {
      return std::move(pending_[i]);
    }
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    Fail(error);
  }
  return {};
}

std::string Reason(const Peer& peer, int error) {
  if (error == ECONNREFUSED) {
    return "connection to " + peer.description + " was refused";
  }
  return "no connection to " + peer.description + " (" + SystemError(error) + ")";
}

void MakeBlocking(int descriptor) {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Descriptor Connect(const Peer& peer, const Limit& limit, Interrupts& interrupts) {
  const std::vector<int> descriptors = interrupts.Descriptors();
  Race race(Resolve(peer, limit, interrupts));
  while (Clock::now() < limit.deadline) {
    Descriptor connection = race.Step(limit.deadline, descriptors);
    if (connection.Get() >= 0) {
      MakeBlocking(connection.Get());
      return connection;
    }
    interrupts.ThrowIfInterrupted();
    if (race.IsLost()) {
      throw Failure(Cause::kConnect, Reason(peer, race.LastError()));
    }
  }
  throw Failure(Cause::kConnect, "no connection to " + peer.description + " in " + limit.text);
}

}  // namespace grokauth::edge::http
