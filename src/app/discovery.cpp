#include "app/discovery.h"

#include <variant>

#include "app/exchange.h"
#include "oauth/metadata.h"

namespace grokauth::app {

namespace {

bool IsMissing(int status) {
  return status == 404 || status == 410;
}

Error MakeDocumentError(const std::string& url, const oauth::MetadataFault& fault) {
  const std::string message = "the OpenID configuration at " + url + " " + fault.reason;
  if (!fault.is_document) {
    return {ErrorKind::kServer, message,
            "something else answered in the server's place; try again on another network"};
  }
  return {ErrorKind::kConfig, message,
          "the issuer in the profile must be written exactly as the server names it; if it is, the "
          "server's administrator must correct the document"};
}

}  // namespace

oauth::ServerMetadata Discover(Context& context) {
  return Discover(context.profile, [&](const std::string& url) { return Get(context, url); });
}

oauth::ServerMetadata Discover(const Profile& profile, const Fetch& fetch) {
  const std::string& issuer = profile.issuer;
  int status = 0;
  for (const std::string& url : oauth::MetadataUrls(issuer)) {
    const HttpResult result = fetch(url);
    if (const auto* failure = std::get_if<TransportFailure>(&result)) {
      throw MakeError(*failure, "asking " + issuer + " for its OpenID configuration");
    }
    const HttpResponse& response = std::get<HttpResponse>(result);
    if (response.status == 200) {
      auto parsed = oauth::ParseServerMetadata(response.body, issuer, profile.EndpointRules());
      if (auto* metadata = std::get_if<oauth::ServerMetadata>(&parsed)) {
        return std::move(*metadata);
      }
      throw MakeDocumentError(url, std::get<oauth::MetadataFault>(parsed));
    }
    // The first answer that says more than "not here" is the one to tell.
    status = status == 0 || IsMissing(status) ? response.status : status;
  }
  if (IsMissing(status)) {
    throw Error(
        ErrorKind::kConfig,
        issuer + " has no OpenID configuration (it answered " + std::to_string(status) + ")",
        "check the issuer of profile '" + profile.name + "'");
  }
  throw Error(ErrorKind::kServer,
              "asking " + issuer + " for its OpenID configuration failed: it answered " +
                  std::to_string(status),
              "try again later");
}

}  // namespace grokauth::app
