#include "edge/http_resolve.h"

#include <netdb.h>
#include <netinet/in.h>

#include <cctype>
#include <chrono>
#include <cstring>
#include <memory>

#include "edge/http_target.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;

/// How long an interrupt can go unnoticed while a name is looked up.
constexpr timespec kSlice{0, 20'000'000};

/// One look-up of glibc's getaddrinfo_a. The request points into the object: it must stay where it
/// is.
struct Lookup {
  explicit Lookup(const Peer& peer) : host(peer.host), service(std::to_string(peer.port)) {
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    if (ParseIp(host)) {
      hints.ai_flags |= AI_NUMERICHOST;
    } else if (!IsLoopback(host)) {
      hints.ai_flags |= AI_ADDRCONFIG;
    }
    request.ar_name = host.c_str();
    request.ar_service = service.c_str();
    request.ar_request = &hints;
  }
  ~Lookup() {
    if (request.ar_result != nullptr) {
      freeaddrinfo(request.ar_result);
    }
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  std::string host;
  std::string service;
  addrinfo hints{};
  gaicb request{};
};

/// Ends a look-up. One that is under way cannot be stopped and still writes to its request, so
/// that is left to it; the program ends soon.
struct AbandonLookup {
  void operator()(Lookup* lookup) const {
    // glibc sets the result of one that has ended before it takes it off its list.
    if (gai_cancel(&lookup->request) != EAI_NOTCANCELED ||
        gai_error(&lookup->request) != EAI_INPROGRESS) {
      delete lookup;
    }
  }
};

using LookupPtr = std::unique_ptr<Lookup, AbandonLookup>;

/// Waits for the look-up's end and returns its error code, 0 for success. `getaddrinfo` itself
/// would block for as long as the resolver likes.
int Await(Lookup& lookup, const Peer& peer, const Limit& limit, Interrupts& interrupts) {
  gaicb* request = &lookup.request;
  if (const int code = getaddrinfo_a(GAI_NOWAIT, &request, 1, nullptr); code != 0) {
    return code;
  }
  while (gai_error(request) == EAI_INPROGRESS) {
    interrupts.ThrowIfInterrupted();
    if (std::chrono::steady_clock::now() >= limit.deadline) {
      throw Failure(Cause::kResolve,
                    "could not find the host '" + peer.host + "' in " + limit.text);
    }
    gai_suspend(&request, 1, &kSlice);
  }
  return gai_error(request);
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
  const int code = ParseIp(peer.host) ? getaddrinfo(lookup->host.c_str(), lookup->service.c_str(),
                                                    &lookup->hints, &lookup->request.ar_result)
                                      : Await(*lookup, peer, limit, interrupts);
  if (code != 0) {
    throw Failure(Cause::kResolve, Reason(peer.host, code));
  }
  std::vector<Address> addresses;
  for (const addrinfo* info = lookup->request.ar_result; info != nullptr; info = info->ai_next) {
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
