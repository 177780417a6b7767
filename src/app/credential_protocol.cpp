#include "app/credential_protocol.h"

#include <Poco/String.h>

#include <algorithm>
#include <utility>

#include "app/error.h"

namespace grokauth::app {

namespace {

constexpr std::string_view kAuthtype = "authtype";

/// Where an attribute is kept; null for one that does not matter here.
std::optional<std::string>* FieldOf(CredentialRequest& request, std::string_view key) {
  if (key == "protocol") {
    return &request.protocol;
  }
  if (key == "host") {
    return &request.host;
  }
  if (key == "path") {
    return &request.path;
  }
  if (key == "username") {
    return &request.username;
  }
  if (key == "password") {
    return &request.password;
  }
  return key == "credential" ? &request.credential : nullptr;
}

void Take(CredentialRequest& request, std::string_view key, std::string_view value) {
  if (key == "capability[]") {
    request.can_authtype = !value.empty() && (request.can_authtype || value == kAuthtype);
  } else if (key == "wwwauth[]") {
    if (value.empty()) {
      request.wwwauth.clear();
    } else {
      request.wwwauth.emplace_back(value);
    }
  } else if (std::optional<std::string>* field = FieldOf(request, key)) {
    *field = std::string(value);
  }
}

void Append(std::string& text, std::string_view key, const std::string& value) {
  if (value.find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) {
    throw Error(ErrorKind::kServer,
                "the " + std::string(key) + " for the credential has a control character",
                "nothing was handed out; sign in again with 'grok-auth login'");
  }
  text += std::string(key) + "=" + value + "\n";
}

/// Whether a WWW-Authenticate field is of the Bearer scheme (RFC 6750 section 3).
bool IsBearerChallenge(const std::string& field) {
  constexpr std::string_view kScheme = "bearer";
  const std::string start = Poco::toLower(field.substr(0, kScheme.size() + 1));
  return start == kScheme || start == std::string(kScheme) + " ";
}

}  // namespace

bool WantsBearer(const CredentialRequest& request) {
  return request.can_authtype &&
         (request.wwwauth.empty() ||
          std::any_of(request.wwwauth.begin(), request.wwwauth.end(), IsBearerChallenge));
}

std::variant<CredentialRequest, CredentialFault> ParseCredentialRequest(std::string_view input) {
  if (input.size() > kMostCredentialBytes) {
    return CredentialFault{"it is longer than 64 KiB"};
  }
  CredentialRequest request;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    if (line.empty()) {
      break;
    }
    if (line.find_first_of(std::string_view("\0\r", 2)) != std::string_view::npos) {
      return CredentialFault{"a line has a NUL or a carriage return"};
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return CredentialFault{"a line is not of the form key=value"};
    }
    Take(request, line.substr(0, equals), line.substr(equals + 1));
  }
  return request;
}

std::string MakeCredentialText(const CredentialAnswer& answer, bool with_authtype) {
  std::string text;
  if (with_authtype) {
    Append(text, "capability[]", std::string(kAuthtype));
    Append(text, kAuthtype, "Bearer");
    Append(text, "credential", answer.access_token);
    Append(text, "ephemeral", "1");
  } else {
    Append(text, "username", answer.username);
    Append(text, "password", answer.access_token);
  }
  if (answer.expires_at) {
    Append(text, "password_expiry_utc",
           std::to_string(answer.expires_at->time_since_epoch().count()));
  }
  return text;
}

}  // namespace grokauth::app
