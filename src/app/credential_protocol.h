#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/edges.h"

namespace grokauth::app {

/// The most that a caller may send. git itself sends a few hundred bytes, and long server answers
/// (`wwwauth[]`) now and then.
inline constexpr std::size_t kMostCredentialBytes = std::size_t{64} * 1024;

/// What somebody asks a credential helper, in git's protocol (git-credential(1), "INPUT/OUTPUT
/// FORMAT"): the attributes that matter here. What is not given is nothing.
struct CredentialRequest {
  std::optional<std::string> protocol;
  std::optional<std::string> host;  ///< with the port, when there is one
  std::optional<std::string> path;  ///< without the slash at its beginning
  std::optional<std::string> username;
  std::optional<std::string> password;    ///< of `store` and `erase`
  std::optional<std::string> credential;  ///< of `store` and `erase`: with an `authtype`
  bool can_authtype = false;              ///< the caller understands `authtype` and `credential`
  std::vector<std::string> wwwauth;       ///< the server's WWW-Authenticate fields, when known
};

/// Whether the answer is to be a Bearer token: the caller understands one, and the server asks for
/// it, or is not known not to. Many servers take tokens as passwords only.
[[nodiscard]] bool WantsBearer(const CredentialRequest& request);

/// Why an input is not of the protocol, as one clause that quotes no value.
struct CredentialFault {
  std::string reason;
};

/// Reads attributes up to an empty line or the end of `input`. Unknown ones are ignored, of one
/// that comes twice the last counts, an empty `key[]=` empties the list of that key, all as git
/// does. NUL and CR in any line are refused (CVE-2024-50338, CVE-2024-52006), and so is a line
/// without a `=` and more than `kMostCredentialBytes`.
[[nodiscard]] std::variant<CredentialRequest, CredentialFault> ParseCredentialRequest(
    std::string_view input);

/// A token as it is handed to the caller.
struct CredentialAnswer {
  std::string username;
  std::string access_token;
  std::optional<UnixTime> expires_at;
};

/// The answer to `get`: `authtype` Bearer (RFC 6750; git 2.46 and later) when `with_authtype`, else
/// username and password. Throws `Error{kServer}` when a value has a NUL, CR or LF: it would be
/// read as something else.
[[nodiscard]] std::string MakeCredentialText(const CredentialAnswer& answer, bool with_authtype);

}  // namespace grokauth::app
