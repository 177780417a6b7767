#pragma once

#include <string>

#include "edge/http_message.h"

namespace grokauth::edge::http {

/// Reads into `body` what belongs to `head`, to its end (RFC 9112 section 6.3). Throws
/// `Failure{kBroken}` when it is truncated, malformed or larger than 1 MiB.
void ReadBody(ByteReader& reader, const Head& head, std::string& body);

}  // namespace grokauth::edge::http
