#pragma once

#include <cstdint>
#include <string>

#include "edge/descriptor.h"
#include "edge/http_failure.h"
#include "edge/interrupts.h"

namespace grokauth::edge::http {

/// The other end of a TCP connection.
struct Peer {
  std::string host;
  std::uint16_t port = 0;
  bool loopback_only = false;  ///< use no address but loopback ones
  std::string description;     ///< for reasons: "auth.example.com:443", "the proxy proxy:3128"
};

/// Looks `peer` up and opens a TCP connection to the first of its addresses that answers; blocking,
/// close-on-exec, without delay. An address that does not answer holds the others up by a quarter
/// of a second only. Throws `Failure{kResolve}` or `Failure{kConnect}`, at `limit` at the latest,
/// and `app::Interrupted`.
[[nodiscard]] Descriptor Connect(const Peer& peer, const Limit& limit, Interrupts& interrupts);

}  // namespace grokauth::edge::http
