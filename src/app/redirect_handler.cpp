#include "app/redirect_handler.h"

#include <algorithm>
#include <utility>

#include "app/result_page.h"
#include "oauth/token_request.h"

namespace grokauth::app {

namespace {

constexpr const char* kStillWaiting = "Go back to the terminal; grok-auth is still waiting.";
constexpr const char* kTerminalTells = "Go back to the terminal; it tells what to do.";

/// A page for a request that changed nothing.
LoopbackReply Notice(int status, const std::string& heading, const std::string& text,
                     const std::string& next = kStillWaiting) {
  return MakePage({status, PageMark::kNotice, heading, text, next});
}

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
    return Notice(400, "Not understood", "This was not a request that a browser makes.");
  }
  // Another name that leads here is a page's way around the same-origin policy (DNS rebinding).
  // Browsers leave the default port out.
  const std::string port = expected_.port == 80 ? "" : ":" + std::to_string(expected_.port);
  if (request.host != "127.0.0.1" + port && request.host != "localhost" + port) {
    return Notice(421, "Not here", "The sign-in answers under its own address only.");
  }
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path != kRedirectPath) {
    return Notice(404, "Nothing here", "This address is not where a sign-in ends.");
  }
  const bool from_page = IsAllowedOrigin(request.origin);
  LoopbackReply reply;
  if (request.method == "OPTIONS") {
    reply.status = from_page ? 204 : 403;
    reply.headers = {{"Access-Control-Allow-Methods", "GET, OPTIONS"},
                     {"Access-Control-Allow-Headers", "Content-Type"},
                     {"Access-Control-Allow-Private-Network", "true"}};
  } else if (request.method == "HEAD") {
    // A preview must not use the code up.
    reply = Notice(200, "Waiting", "The sign-in has not ended yet.");
  } else if (request.method == "GET") {
    reply = HandleRedirect(request);
  } else {
    reply = Notice(405, "Not this way", "The sign-in page has to send the browser here by a link.");
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
    return Notice(400, "No answer in this address",
                  "The sign-in page sends the browser here with an answer. This address has none.");
  }
  if (std::holds_alternative<oauth::StateMismatch>(result)) {
    return Notice(400, "Not from this sign-in",
                  "The address belongs to another or an older sign-in.",
                  "Use the newest address in the terminal; grok-auth is still waiting.");
  }
  if (std::holds_alternative<oauth::AuthorizationCode>(result)) {
    // What the code is worth is known only once it has been exchanged.
    reply = MakePage({200, PageMark::kDone, "Approved",
                      "grok-auth has the answer and finishes signing you in.",
                      "You can close this window and go back to the terminal."});
  } else if (const auto* refusal = std::get_if<oauth::ErrorResponse>(&result)) {
    reply = MakePage({200, PageMark::kFailed, "Not signed in",
                      "The server says: " + oauth::Describe(*refusal) + ".", kTerminalTells});
  } else {
    reply = MakePage({400, PageMark::kFailed, "Not signed in",
                      "The answer came from another server than the one that was asked.",
                      kTerminalTells});
  }
  reply.is_last = true;
  result_ = std::move(result);
  return reply;
}

}  // namespace grokauth::app
