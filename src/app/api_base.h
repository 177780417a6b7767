#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/environment.h"
#include "app/profile.h"

namespace grokauth::app {

/// Why `url` cannot be where an API is, as one clause; empty when it can: it satisfies `rules`, and
/// has neither query nor fragment.
[[nodiscard]] std::string ApiBaseFault(std::string_view url, const oauth::EndpointRules& rules);

/// `url` without the slashes at its end.
[[nodiscard]] std::string WithoutEndSlashes(std::string_view url);

/// Where the API is that the tokens of a profile are for.
struct ApiBase {
  std::optional<std::string> url;  ///< without a slash at the end; nothing: not known
  std::string warning;             ///< why XAI_BASE_URL is passed over; empty: it is not
};

/// The profile's `api_base`; for xAI's accounts XAI_BASE_URL comes first when it is on x.ai. Many
/// programs read that variable, and a gateway named in it for one of them must not get the token.
[[nodiscard]] ApiBase ChooseApiBase(const Profile& profile, const Environment& environment);

/// Its URL. Throws `Error{kConfig}` when there is none.
[[nodiscard]] std::string RequireApiBase(const Profile& profile, const Environment& environment);

/// Whether the API at `url` is xAI's own.
[[nodiscard]] bool IsXaiApi(std::string_view url);

}  // namespace grokauth::app
