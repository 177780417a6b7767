#pragma once

#include <sys/socket.h>

#include <vector>

#include "edge/http_connect.h"

namespace grokauth::edge::http {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* Get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// The addresses of `peer`, at least one, in the order to try them. Throws `Failure{kResolve}`, at
/// `limit` at the latest, and `app::Interrupted`.
[[nodiscard]] std::vector<Address> Resolve(const Peer& peer, const Limit& limit,
                                           Interrupts& interrupts);

}  // namespace grokauth::edge::http
