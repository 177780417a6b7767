#include "app/credential_protocol.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "app/error.h"
#include "fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

CredentialRequest Read(const std::string& input) {
  return std::get<CredentialRequest>(ParseCredentialRequest(input));
}

/// `text` with a NUL for each "\\0" in it.
std::string WithNul(std::string text) {
  for (std::size_t at = text.find("\\0"); at != std::string::npos; at = text.find("\\0")) {
    text.replace(at, 2, 1, '\0');
  }
  return text;
}

std::vector<std::string> BadInputs() {
  std::vector<std::string> inputs = {
      "protocol",
      "=https\n",
      "=\n",
      " \n",
      "\r\n",
      "\r",
      "protocol=https\r\n",
      "protocol=https\nhost=git.example\r\n",
      "protocol=https\nhost=git.example\rhost=evil\n",
      "host=a\nb\n",
      "protocol=https\nhost\n",
      "protocol=https\nquit\n",
      "protocol https\n",
      "protocol:https\n",
      "[]\n",
      "wwwauth[]\n",
      "wwwauth[]=Basic\rhost=evil\n",
      "capability[]=authtype\r\n",
      "unknown=\r\n",
      "\xef\xbb\xbf\n",
      "{\"protocol\":\"https\"}\n",
      "\t\n",
      "password=a\rb",
  };
  for (const char* key : {"protocol", "host", "path", "username", "password", "credential",
                          "authtype", "url", "password_expiry_utc", "oauth_refresh_token",
                          "ephemeral", "continue", "state[]", "capability[]", "wwwauth[]", "x"}) {
    inputs.push_back(std::string(key) + "\n");
    inputs.push_back(std::string(key) + "=a\r\n");
    inputs.push_back(WithNul(std::string(key) + "=a\\0b\n"));
    inputs.push_back(WithNul(std::string(key) + "\\0=a\n"));
  }
  inputs.push_back(std::string(kMostCredentialBytes + 1, 'a'));
  inputs.push_back("wwwauth[]=" + std::string(kMostCredentialBytes, 'a') + "\n");
  inputs.push_back(std::string(kMostCredentialBytes + 1, '\n'));
  return inputs;
}

}  // namespace

TEST_CASE("a request has the attributes that were given") {
  const CredentialRequest request = Read(
      "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=git.example:8443\n"
      "path=team/repo.git\nusername=u=v\nwwwauth[]=Bearer realm=\"x\"\n\n");
  CHECK(request.protocol == "https");
  CHECK(request.host == "git.example:8443");
  CHECK(request.path == "team/repo.git");
  CHECK(request.username == "u=v");
  CHECK_FALSE(request.password);
  CHECK_FALSE(request.credential);
  CHECK(request.can_authtype);
}

TEST_CASE("what is not known is ignored, and of what comes twice the last counts") {
  const CredentialRequest request =
      Read("x=1\nhost=first\n key=v\nurl=https://evil\nhost=second\nquit=1\nhost[]=third\n");
  CHECK(request.host == "second");
  CHECK_FALSE(request.protocol);
}

TEST_CASE("a request ends at an empty line, or where the input does") {
  CHECK_FALSE(Read("protocol=https\n\nhost=evil\n").host);
  CHECK(Read("protocol=https\nhost=git.example").host == "git.example");
  CHECK_FALSE(Read("").protocol);
  CHECK_FALSE(Read("\nprotocol=https\n").protocol);
}

TEST_CASE("an empty element empties the list, an empty value is one") {
  CHECK_FALSE(Read("capability[]=authtype\ncapability[]=\n").can_authtype);
  CHECK(Read("capability[]=\ncapability[]=authtype\n").can_authtype);
  CHECK_FALSE(Read("capability[]=AUTHTYPE\n").can_authtype);
  CHECK_FALSE(Read("capability=authtype\n").can_authtype);
  CHECK(Read("username=\n").username == "");
}

TEST_CASE("a long header is no other attribute") {
  const std::string header(8192, 'a');
  const CredentialRequest request =
      Read("host=git.example\nwwwauth[]=" + header + "host=evil\nprotocol=https\n");
  CHECK(request.host == "git.example");
  CHECK(request.protocol == "https");
}

TEST_CASE("an input that is not of the protocol is refused, and not quoted") {
  const std::vector<std::string> inputs = BadInputs();
  REQUIRE(inputs.size() >= 60);
  for (const std::string& input : inputs) {
    CAPTURE(input.substr(0, 80));
    const auto result = ParseCredentialRequest(input);
    REQUIRE(std::holds_alternative<CredentialFault>(result));
    CHECK(std::get<CredentialFault>(result).reason.size() < 60);
  }
}

TEST_CASE("a Bearer token goes to who understands it, unless the server asks for something else") {
  const auto [lines, bearer] = GENERATE(table<std::string, bool>({
      {"", false},
      {"capability[]=authtype\n", true},
      {"wwwauth[]=Bearer\n", false},
      {"capability[]=authtype\nwwwauth[]=Basic realm=\"GitLab\"\n", false},
      {"capability[]=authtype\nwwwauth[]=Basic realm=\"x\"\nwwwauth[]=bearer realm=\"x\"\n", true},
      {"capability[]=authtype\nwwwauth[]=BEARER\n", true},
      {"capability[]=authtype\nwwwauth[]=Bearers x\n", false},
      {"capability[]=authtype\nwwwauth[]=Basic\nwwwauth[]=\n", true},
  }));
  CAPTURE(lines);
  CHECK(WantsBearer(Read(lines)) == bearer);
}

TEST_CASE("the answer for a caller of either kind") {
  const CredentialAnswer answer{"oauth2", "token-1", UnixTime(seconds(1'800'000'000))};
  CHECK(MakeCredentialText(answer, false) ==
        "username=oauth2\npassword=token-1\npassword_expiry_utc=1800000000\n");
  CHECK(MakeCredentialText(answer, true) ==
        "capability[]=authtype\nauthtype=Bearer\ncredential=token-1\nephemeral=1\n"
        "password_expiry_utc=1800000000\n");
  CHECK(MakeCredentialText({"u", "t", std::nullopt}, false) == "username=u\npassword=t\n");
}

TEST_CASE("a value that would be read as something else is not handed out") {
  for (const std::string& bad :
       {std::string("a\nhost=evil"), std::string("a\r"), std::string("a\0b", 3)}) {
    const auto fails = [](const CredentialAnswer& answer, bool with_authtype) {
      return ErrorOf([&] {
               static_cast<void>(MakeCredentialText(answer, with_authtype));
             }).kind() == ErrorKind::kServer;
    };
    CHECK(fails({"u", bad, std::nullopt}, false));
    CHECK(fails({"u", bad, std::nullopt}, true));
    CHECK(fails({bad, "t", std::nullopt}, false));
  }
}
