#pragma once

#include <chrono>
#include <string>

#include "app/context.h"
#include "app/error.h"

namespace grokauth::app {

/// How long a request may take.
struct Patience {
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds total{15000};
};

/// GET `url` with the trust settings of the profile; told under --verbose, without secrets. The one
/// way out of the program: an address that the profile's rules forbid is not asked.
[[nodiscard]] HttpResult Get(Context& context, const std::string& url,
                             const Patience& patience = {});

/// GET `path` (with a slash in front) of the profile's API with the token, in the same way. The
/// token is never told and goes to no other host: there is no other way to send one. Throws
/// `Error{kConfig}` when the profile has no API.
[[nodiscard]] HttpResult GetFromApi(Context& context, const std::string& path,
                                    const std::string& bearer_token);

/// POST the form `parameters` to `url` in the same way. The parameters are never told.
[[nodiscard]] HttpResult Post(Context& context, const std::string& url,
                              const oauth::Parameters& parameters, const Patience& patience);

/// The error that `failure` is to the user; `what` names what was tried, as in "the refresh".
[[nodiscard]] Error MakeError(const TransportFailure& failure, const std::string& what);

/// The kind of error that `failure` is to the user.
[[nodiscard]] ErrorKind KindOf(const TransportFailure& failure);

/// What to do about `failure`.
[[nodiscard]] std::string HintFor(const TransportFailure& failure);

}  // namespace grokauth::app
