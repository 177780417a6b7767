#pragma once

#include <string>
#include <variant>

#include "app/edges.h"
#include "app/error.h"
#include "app/profile.h"

namespace grokauth::app {

/// The body of a success.
struct ApiAnswer {
  std::string body;
};

/// The server does not take the token; another one may do.
struct TokenRefused {
  std::string reason;  ///< the server's words, as one clause
};

/// The request came to nothing, whatever the token.
struct ApiFailed {
  Error error;
  /// It may be otherwise soon: no answer, 408, 429, 5xx.
  bool is_transient = false;
};

using ApiVerdict = std::variant<ApiAnswer, TokenRefused, ApiFailed>;

/// The one place that decides what an answer of the API at `api_base` means to the person.
[[nodiscard]] ApiVerdict JudgeApiAnswer(const HttpResult& result, const Profile& profile,
                                        const std::string& api_base);

/// The error for a second token that the server refuses, or for one that cannot be replaced by
/// another (`is_same`).
[[nodiscard]] Error MakeRefusedAgain(const TokenRefused& refused, bool is_same,
                                     const Profile& profile, const std::string& api_base);

/// The error for an API key that the server refuses.
[[nodiscard]] Error MakeKeyRefused(const TokenRefused& refused, const Profile& profile);

}  // namespace grokauth::app
