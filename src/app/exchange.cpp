#include "app/exchange.h"

#include <Poco/String.h>

#include <variant>

#include "app/api_base.h"

namespace grokauth::app {

namespace {

HttpResult Send(Context& context, HttpRequest request) {
  const std::string fault = oauth::EndpointFault(request.url, context.profile.EndpointRules());
  if (!fault.empty()) {
    return TransportFailure{TransportFailure::Cause::kUrl,
                            "the address '" + oauth::Printable(request.url) + "' " + fault, false};
  }
  request.ca_file = context.profile.ca_file;
  request.allow_http_loopback = context.profile.allow_http_loopback;
  const SteadyTime begin = context.edges.clock.SteadyNow();
  HttpResult result = context.edges.http.Send(request);
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      context.edges.clock.SteadyNow() - begin);
  const bool is_post = request.method == HttpRequest::Method::kPost;
  const HttpResponse* response = std::get_if<HttpResponse>(&result);
  context.messages.Detail(std::string(is_post ? "POST " : "GET ") + oauth::Printable(request.url) +
                          ": " +
                          (response != nullptr ? std::to_string(response->status)
                                               : std::get<TransportFailure>(result).reason) +
                          " (" + std::to_string(elapsed.count()) + " ms)");
  oauth::Wipe(request.form);
  if (request.bearer_token) {
    oauth::Wipe(*request.bearer_token);
  }
  return result;
}

HttpResult SendForm(Context& context, const std::string& url, const oauth::Parameters& parameters,
                    const Patience& patience) {
  HttpRequest request;
  request.method = HttpRequest::Method::kPost;
  request.url = url;
  request.form = oauth::FormEncode(parameters);
  request.connect_timeout = patience.connect;
  request.total_timeout = patience.total;
  return Send(context, std::move(request));
}

/// A refusal is shown to people and kept on record. Some servers quote in it what they were sent.
void HideSecret(HttpResult& result, const std::string& secret) {
  constexpr int kFirstRefusal = 300;
  constexpr std::size_t kShortestSecret = 8;  // what is shorter is a word, and no secret
  auto* response = std::get_if<HttpResponse>(&result);
  if (response != nullptr && response->status >= kFirstRefusal &&
      secret.size() >= kShortestSecret) {
    Poco::replaceInPlace(response->body, secret, std::string("..."));
  }
}

bool IsSecret(const std::string& parameter) {
  return parameter == "refresh_token" || parameter == "token" || parameter == "code" ||
         parameter == "code_verifier" || parameter == "device_code";
}

}  // namespace

HttpResult Get(Context& context, const std::string& url, const Patience& patience) {
  HttpRequest request;
  request.url = url;
  request.connect_timeout = patience.connect;
  request.total_timeout = patience.total;
  return Send(context, std::move(request));
}

HttpResult Post(Context& context, const std::string& url, const oauth::Parameters& parameters,
                const Patience& patience) {
  HttpResult result = SendForm(context, url, parameters, patience);
  for (const auto& [name, value] : parameters) {
    if (IsSecret(name)) {
      HideSecret(result, value);
    }
  }
  return result;
}

HttpResult GetFromApi(Context& context, const std::string& path, const std::string& bearer_token) {
  HttpRequest request;
  request.url = RequireApiBase(context.profile, context.environment) + path;
  request.bearer_token = bearer_token;
  HttpResult result = Send(context, std::move(request));
  HideSecret(result, bearer_token);
  return result;
}

ErrorKind KindOf(const TransportFailure& failure) {
  using Cause = TransportFailure::Cause;
  switch (failure.cause) {
    case Cause::kTrust:
      return ErrorKind::kConfig;
    case Cause::kUrl:  // the issuer was checked with the profile: this one came from the server
      return ErrorKind::kServer;
    default:
      return ErrorKind::kNetwork;
  }
}

std::string HintFor(const TransportFailure& failure) {
  using Cause = TransportFailure::Cause;
  switch (failure.cause) {
    case Cause::kUrl:
      return "nothing was sent there; ask the administrator of the issuer";
    case Cause::kTrust:
      return "name a readable PEM file in ca_file or SSL_CERT_FILE";
    case Cause::kResolve:
      return "check the network and the issuer's name; behind a proxy set HTTPS_PROXY";
    case Cause::kConnect:
      return "check the network; behind a proxy set HTTPS_PROXY";
    case Cause::kProxy:
      return "check HTTPS_PROXY and NO_PROXY";
    case Cause::kCertificate:
      return "if the network has a certificate authority of its own, name its PEM file in ca_file "
             "or SSL_CERT_FILE; otherwise do not go on";
    case Cause::kTls:
    case Cause::kTimeout:
    case Cause::kBroken:
      break;
  }
  return "try again; nothing that is stored was changed";
}

Error MakeError(const TransportFailure& failure, const std::string& what) {
  return {KindOf(failure), what + " failed: " + failure.reason, HintFor(failure)};
}

}  // namespace grokauth::app
