#pragma once

#include <optional>
#include <string>
#include <variant>

#include "app/edges.h"
#include "app/error.h"
#include "app/profile.h"
#include "oauth/token_request.h"
#include "oauth/types.h"

namespace grokauth::app {

/// The server ended the login: only `invalid_grant` says so (RFC 6749 section 5.2).
struct LoginEnded {
  std::string reason;
};

/// The refresh came to nothing; the login stays as it is.
struct RefreshFailed {
  Error error;
  /// Nobody said no: no answer, 408, 429, 5xx, or an answer that is not OAuth's.
  bool is_transport = false;
  /// The answer looks as if there were no token endpoint at this address any more.
  bool endpoint_may_have_moved = false;
  /// A refresh token that came with an answer that is of no use otherwise: the stored one may be
  /// used up.
  std::optional<std::string> refresh_token = std::nullopt;
};

using RefreshVerdict = std::variant<oauth::TokenResponse, LoginEnded, RefreshFailed>;

/// What a message about a refresh begins with.
inline constexpr const char* kTheRefresh = "the refresh";

/// The one place that decides what an answer of the token endpoint to a refresh does to the login.
[[nodiscard]] RefreshVerdict JudgeRefresh(const HttpResult& result, const Profile& profile);

/// The error for an OAuth refusal of any request of this client. `what` names the request, as in
/// "the refresh". `status` is the HTTP status.
[[nodiscard]] Error MakeRefusal(const oauth::ErrorResponse& refusal, int status,
                                const Profile& profile, const std::string& what);

/// The error for `access_denied` as the answer to a sign-in: a person was asked.
[[nodiscard]] Error MakeDeclined(const oauth::ErrorResponse& refusal, const Profile& profile);

}  // namespace grokauth::app
