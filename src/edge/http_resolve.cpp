#include "edge/http_resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

#include "edge/descriptor.h"
#include "edge/http_target.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;

/// One look-up, which two threads may share: the one that does it writes `found` and `code`, then
/// sets `has_ended` and makes `ended` readable. The last of its owners deletes it.
struct Lookup {
  explicit Lookup(const Peer& peer)
      : host(peer.host),
        service(std::to_string(peer.port)),
        ended(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!ended.IsOpen()) {
      throw std::system_error(errno, std::generic_category());
    }
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    if (ParseIp(host)) {
      hints.ai_flags |= AI_NUMERICHOST;
    } else if (!IsLoopback(host)) {
      hints.ai_flags |= AI_ADDRCONFIG;
    }
  }
  ~Lookup() {
    if (found != nullptr) {
      freeaddrinfo(found);
    }
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  void Run() {
    code = getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
    has_ended = true;
    const std::uint64_t one = 1;
    // Cannot fail: the counter would have to be full.
    [[maybe_unused]] const ssize_t written = write(ended.Get(), &one, sizeof one);
  }

  std::string host;
  std::string service;
  addrinfo hints{};
  Descriptor ended;
  addrinfo* found = nullptr;
  int code = 0;
  std::atomic<bool> has_ended = false;
  std::atomic<int> owners = 1;
};

/// A look-up that is under way cannot be stopped and still writes to it.
struct LeaveLookup {
  void operator()(Lookup* lookup) const {
    if (--lookup->owners == 0) {
      delete lookup;
    }
  }
};

using LookupPtr = std::unique_ptr<Lookup, LeaveLookup>;

/// Looks up in a thread of its own and waits for the end: `getaddrinfo` blocks for as long as the
/// resolver likes. Not by getaddrinfo_a, whose threads end by pthread_exit, and with them the
/// program where there is no libgcc_s.so.1.
void Await(Lookup& lookup, const Peer& peer, const Limit& limit, Interrupts& interrupts) {
  std::vector<pollfd> entries{{lookup.ended.Get(), POLLIN, 0}};
  for (const int interrupt : interrupts.Descriptors()) {
    entries.push_back({interrupt, POLLIN, 0});
  }
  ++lookup.owners;
  std::thread([shared = LookupPtr(&lookup)] { shared->Run(); }).detach();
  while (!lookup.has_ended) {
    interrupts.ThrowIfInterrupted();
    const int timeout = PollTimeout(limit.deadline);
    if (timeout == 0) {
      throw Failure(Cause::kResolve,
                    "could not find the host '" + peer.host + "' in " + limit.text);
    }
    poll(entries.data(), entries.size(), timeout);
  }
}

std::string Reason(const std::string& host, int code) {
  std::string reason = "could not find the host '" + host + "'";
  if (code != EAI_NONAME && code != EAI_NODATA) {
    std::string text = gai_strerror(code);
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    reason += " (" + text + ")";
  }
  return reason;
}

bool IsLoopbackAddress(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in ip{};
    std::memcpy(&ip, address, sizeof ip);
    return (ntohl(ip.sin_addr.s_addr) >> 24) == 127;
  }
  sockaddr_in6 ip{};
  std::memcpy(&ip, address, sizeof ip);
  return IN6_IS_ADDR_LOOPBACK(&ip.sin6_addr);
}

}  // namespace

std::vector<Address> Resolve(const Peer& peer, const Limit& limit, Interrupts& interrupts) {
  const LookupPtr lookup(new Lookup(peer));
  if (ParseIp(peer.host)) {
    lookup->Run();
  } else {
    Await(*lookup, peer, limit, interrupts);
  }
  if (lookup->code != 0) {
    throw Failure(Cause::kResolve, Reason(peer.host, lookup->code));
  }
  std::vector<Address> addresses;
  for (const addrinfo* info = lookup->found; info != nullptr; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) {
      continue;
    }
    if (peer.loopback_only && !IsLoopbackAddress(info->ai_addr)) {
      continue;
    }
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
    address.length = info->ai_addrlen;
  }
  if (addresses.empty()) {
    throw Failure(Cause::kResolve, Reason(peer.host, EAI_NONAME));
  }
  return addresses;
}

}  // namespace grokauth::edge::http
