#pragma once

#include <Poco/Net/StreamSocket.h>

#include "edge/http_proxy.h"
#include "edge/http_target.h"

namespace grokauth::edge::http {

/// Asks `proxy`, at the other end of `socket`, for a tunnel to `target`. Throws `Failure{kProxy}`.
void OpenTunnel(Poco::Net::StreamSocket& socket, const Proxy& proxy, const Target& target);

}  // namespace grokauth::edge::http
