#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/edges.h"
#include "app/profile.h"
#include "oauth/authorization_request.h"

namespace grokauth::app {

/// The path of the redirect URI.
inline constexpr const char* kRedirectPath = "/callback";

/// What the listener waits for.
struct ExpectedRedirect {
  std::uint16_t port = 0;
  std::string state;
  std::string issuer;
  bool iss_required = false;
  /// Web origins whose pages may fetch the redirect instead of navigating to it.
  std::vector<std::string> origins;
};

/// The origins that belong to a profile's sign-in pages: its issuer's, and xAI's consent page.
[[nodiscard]] std::vector<std::string> SignInOrigins(const Profile& profile);

/// Answers what browsers and others send to the loopback listener, until the first redirect that
/// belongs to the request. Everything else gets an error page and changes nothing.
class RedirectHandler {
 public:
  explicit RedirectHandler(ExpectedRedirect expected);

  [[nodiscard]] LoopbackReply Handle(const LoopbackRequest& request);

  /// The redirect's content, once it came: a code, the server's refusal, or the answer of another
  /// server (RFC 9207).
  [[nodiscard]] const std::optional<oauth::RedirectResult>& result() const { return result_; }

 private:
  [[nodiscard]] LoopbackReply HandleRedirect(const LoopbackRequest& request);
  [[nodiscard]] bool IsAllowedOrigin(const std::string& origin) const;

  ExpectedRedirect expected_;
  std::optional<oauth::RedirectResult> result_;
};

}  // namespace grokauth::app
