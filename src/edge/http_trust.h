#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "edge/http_client.h"

namespace grokauth::edge::http {

/// Tells `context` which certificate authorities to trust: those of SSL_CERT_FILE and SSL_CERT_DIR
/// when one of them is set, the system's otherwise; beside them those in `ca_file`. Throws
/// `Failure{kTrust}`, naming the file, when one that is named cannot be used.
void LoadTrust(SSL_CTX* context, const NetworkEnvironment& environment,
               const std::optional<std::string>& ca_file);

}  // namespace grokauth::edge::http
