// libFuzzer target for the parser of git's credential protocol: what is read has no character that
// would make two attributes of one, and comes out again as it went in.

#include "app/credential_protocol.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "app/error.h"
#include "app/git_host.h"

using namespace grokauth::app;

namespace {

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void RequireOneLine(const std::optional<std::string>& value) {
  Require(!value || value->find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos);
}

void CheckRequest(const CredentialRequest& request) {
  for (const auto* value : {&request.protocol, &request.host, &request.path, &request.username,
                            &request.password, &request.credential}) {
    RequireOneLine(*value);
  }
  const GitHost host{"git.example", "team"};
  if (Matches(host, request, /*allow_http_loopback=*/true)) {
    Require(request.protocol == "https" && request.path &&
            ("/" + *request.path + "/").find("/../") == std::string::npos);
  }
  const std::string text = MakeCredentialText(
      {request.username.value_or(""), request.password.value_or(""), std::nullopt},
      /*with_authtype=*/false);
  const auto again = std::get<CredentialRequest>(ParseCredentialRequest(text));
  Require(again.username == request.username.value_or("") &&
          again.password == request.password.value_or(""));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parsed = ParseCredentialRequest(input);
  if (const auto* request = std::get_if<CredentialRequest>(&parsed)) {
    CheckRequest(*request);
  }
  static_cast<void>(ParseGitHost(input));
  return 0;
}
