#include "app/redirect_handler.h"

#include <algorithm>
#include <utility>

#include "app/result_page.h"
#include "oauth/token_request.h"

namespace grokauth::app {

namespace {

constexpr const char* kWaiting = "grok-auth is still waiting; go back to its terminal.";

std::string OriginOf(const std::string& url) {
  const std::size_t authority = url.find("://");
  return url.substr(0, authority == std::string::npos ? authority : url.find('/', authority + 3));
}

}  // namespace

std::vector<std::string> SignInOrigins(const Profile& profile) {
  std::vector<std::string> origins{OriginOf(profile.issuer)};
  if (profile.is_xai) {
    // xAI's consent page delivers the code by a fetch from this origin.
    origins.emplace_back("https://accounts.x.ai");
  }
  return origins;
}

RedirectHandler::RedirectHandler(ExpectedRedirect expected) : expected_(std::move(expected)) {}

bool RedirectHandler::IsAllowedOrigin(const std::string& origin) const {
  return std::find(expected_.origins.begin(), expected_.origins.end(), origin) !=
         expected_.origins.end();
}

LoopbackReply RedirectHandler::Handle(const LoopbackRequest& request) {
  if (request.method.empty()) {
    return MakePage(400, "Not understood", kWaiting);
  }
  // Another name that leads here is a page's way around the same-origin policy (DNS rebinding).
  // Browsers leave the default port out.
  const std::string port = expected_.port == 80 ? "" : ":" + std::to_string(expected_.port);
  if (request.host != "127.0.0.1" + port && request.host != "localhost" + port) {
    return MakePage(421, "Not here", "This address belongs to a sign-in on this computer.");
  }
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path != kRedirectPath) {
    return MakePage(404, "Nothing here", kWaiting);
  }
  const bool from_page = IsAllowedOrigin(request.origin);
  LoopbackReply reply;
  if (request.method == "OPTIONS") {
    reply.status = from_page ? 204 : 403;
    reply.headers = {{"Access-Control-Allow-Methods", "GET, OPTIONS"},
                     {"Access-Control-Allow-Headers", "Content-Type"},
                     {"Access-Control-Allow-Private-Network", "true"}};
  } else if (request.method == "HEAD") {
    reply = MakePage(200, "Waiting", kWaiting);  // a preview must not use the code up
  } else if (request.method == "GET") {
    reply = HandleRedirect(request);
  } else {
    reply = MakePage(405, "Not this way", kWaiting);
    reply.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
  }
  if (from_page) {
    reply.headers.emplace_back("Access-Control-Allow-Origin", request.origin);
    reply.headers.emplace_back("Vary", "Origin");
  } else if (request.method == "OPTIONS") {
    reply.headers.clear();
  }
  return reply;
}

LoopbackReply RedirectHandler::HandleRedirect(const LoopbackRequest& request) {
  const std::size_t query = request.target.find('?');
  oauth::RedirectResult result =
      oauth::ReadRedirect(query == std::string::npos ? "" : request.target.substr(query + 1),
                          expected_.state, expected_.issuer, expected_.iss_required);
  LoopbackReply reply;
  if (std::holds_alternative<oauth::NoAnswer>(result)) {
    return MakePage(400, "No answer in this address",
                    std::string("The sign-in page sends one. ") + kWaiting);
  }
  if (std::holds_alternative<oauth::StateMismatch>(result)) {
    return MakePage(400, "Not from this sign-in",
                    "The address belongs to another or an older sign-in. Use the newest one. " +
                        std::string(kWaiting));
  }
  if (std::holds_alternative<oauth::AuthorizationCode>(result)) {
    reply = MakePage(200, "Signed in",
                     "You can close this window; grok-auth finishes in its terminal.");
  } else if (const auto* refusal = std::get_if<oauth::ErrorResponse>(&result)) {
    reply = MakePage(
        200, "Not signed in",
        "The server says: " + oauth::Describe(*refusal) + ". The terminal tells what to do.");
  } else {
    reply = MakePage(400, "Not signed in",
                     "The answer came from another server than the one that was asked. The "
                     "terminal tells what to do.");
  }
  reply.is_last = true;
  result_ = std::move(result);
  return reply;
}

}  // namespace grokauth::app
