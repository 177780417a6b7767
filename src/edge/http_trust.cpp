#include "edge/http_trust.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

/// The hashed directory of the system's authorities, or null. OpenSSL's own is that of the system
/// where this program was built.
const char* FindSystemFolder() {
  for (const char* folder : {X509_get_default_cert_dir(), "/etc/ssl/certs"}) {
    if (HoldsHashedCertificates(folder)) {
      return folder;
    }
  }
  return nullptr;
}

/// The file with all of the system's authorities, or null.
const char* FindSystemBundle() {
  constexpr std::array<const char*, 5> kBundles = {
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Arch, Gentoo
      "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora from 43 on
      "/etc/ssl/ca-bundle.pem",                             // openSUSE
      "/etc/ssl/cert.pem",                                  // Alpine, OpenBSD
  };
  if (access(X509_get_default_cert_file(), F_OK) == 0) {
    return X509_get_default_cert_file();
  }
  const auto* found = std::find_if(kBundles.begin(), kBundles.end(),
                                   [](const char* path) { return access(path, F_OK) == 0; });
  return found != kBundles.end() ? *found : nullptr;
}

/// The certificate that the server sent along and that signed `certificate`, or null.
X509* FindSentIssuer(X509_STORE_CTX* verification, X509* certificate) {
  const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(verification);
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    X509* other = sk_X509_value(sent, i);
    if (X509_check_issued(other, certificate) == X509_V_OK && X509_cmp(other, certificate) != 0) {
      return other;
    }
  }
  return nullptr;
}

/// Whether what the server sent leads from `certificate` to an authority that is known by now.
bool LeadsToKnownAuthority(X509_STORE_CTX* verification, X509* certificate) {
  // As many steps as certificates: they may lead round in a circle.
  int steps = sk_X509_num(X509_STORE_CTX_get0_untrusted(verification));
  while (steps-- > 0 && (certificate = FindSentIssuer(verification, certificate)) != nullptr) {
    X509* authority = nullptr;
    if (X509_STORE_CTX_get1_issuer(&authority, verification, certificate) == 1) {
      X509_free(authority);
      return true;
    }
  }
  return false;
}

/// Finds the issuer of `certificate` as OpenSSL does. When neither it is in the hashed directory
/// nor the one at the end of what the server sent, adds the bundle, once, and looks again.
int FindIssuer(X509** issuer, X509_STORE_CTX* verification, X509* certificate) {
  const int found = X509_STORE_CTX_get1_issuer(issuer, verification, certificate);
  X509_STORE* store = X509_STORE_CTX_get0_store(verification);
  const bool has_bundle = X509_STORE_get_get_issuer(store) != FindIssuer;
  if (found != 0 || has_bundle || LeadsToKnownAuthority(verification, certificate)) {
    return found;
  }
  X509_STORE_set_get_issuer(store, X509_STORE_CTX_get1_issuer);
  const char* bundle = FindSystemBundle();
  ERR_set_mark();
  if (bundle != nullptr) {
    X509_STORE_load_file(store, bundle);
  }
  ERR_pop_to_mark();
  return X509_STORE_CTX_get1_issuer(issuer, verification, certificate);
}

/// Adds the system's authorities and says whether there are any. The hashed directory is read when
/// a certificate is looked for and costs nothing, the bundle costs 19 ms.
bool LoadSystem(SSL_CTX* context) {
  if (const char* folder = FindSystemFolder(); folder != nullptr) {
    X509_STORE_set_get_issuer(SSL_CTX_get_cert_store(context), FindIssuer);
    return SSL_CTX_load_verify_dir(context, folder) == 1;
  }
  const char* bundle = FindSystemBundle();
  if (bundle != nullptr) {
    LoadFile(context, bundle);
  }
  return bundle != nullptr;
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
