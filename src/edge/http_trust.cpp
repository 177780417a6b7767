#include "edge/http_trust.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>

#include "edge/descriptor.h"
#include "edge/http_failure.h"

namespace grokauth::edge::http {

namespace {

using Cause = app::TransportFailure::Cause;

bool IsSet(const std::optional<std::string>& variable) {
  return variable && !variable->empty();
}

/// Adds the certificates in the PEM file `path`.
void LoadFile(SSL_CTX* context, const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.Get() < 0) {
    throw Failure(Cause::kTrust, "cannot read the certificate authority file '" + Printable(path) +
                                     "' (" + SystemError(errno) + ")");
  }
  if (SSL_CTX_load_verify_file(context, path.c_str()) != 1) {
    ERR_clear_error();
    throw Failure(Cause::kTrust, "the certificate authority file '" + Printable(path) +
                                     "' holds no certificate that can be read");
  }
}

/// Whether `name` is what `openssl rehash` calls a certificate: eight hexadecimal digits, a dot and
/// a number.
bool IsHashedName(const std::string& name) {
  const auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  return name.size() > 9 && name[8] == '.' && std::all_of(name.begin(), name.begin() + 8, is_hex) &&
         std::all_of(name.begin() + 9, name.end(), is_digit);
}

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

Folder OpenFolder(const std::string& path) {
  return {opendir(path.c_str()), closedir};
}

/// Adds the hashed directories in `paths`, a list with colons between, as OpenSSL takes it. Those
/// that do not exist are skipped, but there must be one.
void LoadFolders(SSL_CTX* context, const std::string& paths) {
  bool is_any_there = false;
  for (std::size_t start = 0; start < paths.size() && !is_any_there;) {
    const std::size_t end = std::min(paths.find(':', start), paths.size());
    is_any_there = OpenFolder(paths.substr(start, end - start)) != nullptr;
    start = end + 1;
  }
  if (!is_any_there || SSL_CTX_load_verify_dir(context, paths.c_str()) != 1) {
    throw Failure(Cause::kTrust,
                  "cannot read the certificate authority directory '" + Printable(paths) + "'");
  }
}

bool HoldsHashedCertificates(const std::string& path) {
  const Folder folder = OpenFolder(path);
  if (folder == nullptr) {
    return false;
  }
  for (const dirent* entry = readdir(folder.get()); entry != nullptr;
       entry = readdir(folder.get())) {
    if (IsHashedName(entry->d_name)) {
      return true;
    }
  }
  return false;
}

/// Adds the system's authorities and says whether there are any. The hashed directory is read when
/// a certificate is looked for and costs nothing, the bundle costs 19 ms.
bool LoadSystem(SSL_CTX* context) {
  if (HoldsHashedCertificates(X509_get_default_cert_dir())) {
    return SSL_CTX_load_verify_dir(context, X509_get_default_cert_dir()) == 1;
  }
  // Debian, Arch; Fedora, RHEL; Alpine, OpenBSD.
  for (const char* bundle : {X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt",
                             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
    if (access(bundle, F_OK) == 0) {
      LoadFile(context, bundle);
      return true;
    }
  }
  return false;
}

}  // namespace

void LoadTrust(SSL_CTX* context, const NetworkEnvironment& environment,
               const std::optional<std::string>& ca_file) {
  const bool is_overridden = IsSet(environment.ssl_cert_file) || IsSet(environment.ssl_cert_dir);
  if (IsSet(environment.ssl_cert_file)) {
    LoadFile(context, *environment.ssl_cert_file);
  }
  if (IsSet(environment.ssl_cert_dir)) {
    LoadFolders(context, *environment.ssl_cert_dir);
  }
  if (!is_overridden && !LoadSystem(context) && !ca_file) {
    throw Failure(Cause::kTrust, "this system has no certificate authorities");
  }
  if (ca_file) {
    LoadFile(context, *ca_file);
  }
}

}  // namespace grokauth::edge::http
