#include <catch2/catch.hpp>

#include <string>
#include <variant>

#include "oauth/authorization_request.h"
#include "oauth/token_request.h"

using namespace grokauth::oauth;

namespace {

constexpr const char* kState = "af0ifjsldkj-0123456789-0123456789-012345678";
constexpr const char* kIssuer = "https://id.example";
constexpr const char* kCode = "SplxlOBeZQQYbYS6WxSbIA";  // RFC 6749 section 4.1.2

RedirectResult Read(const std::string& text, bool iss_required = false) {
  return ReadPastedRedirect(text, kState, kIssuer, iss_required);
}

/// The query of a good answer.
std::string Query() {
  return std::string("code=") + kCode + "&state=" + kState;
}

std::string Url() {
  return "http://127.0.0.1:56121/callback?" + Query();
}

template <typename Result>
bool Is(const RedirectResult& result) {
  return std::holds_alternative<Result>(result);
}

/// The code; empty when the answer is another.
std::string CodeOf(const RedirectResult& result) {
  const auto* code = std::get_if<AuthorizationCode>(&result);
  return code != nullptr ? code->code : "";
}

}  // namespace

TEST_CASE("a pasted address, its query and the bare code all give the code") {
  const std::string text = GENERATE_COPY(
      Url(), "127.0.0.1:56121/callback?" + Query(), "/callback?" + Query(), "?" + Query(), Query(),
      std::string("state=") + kState + "&code=" + kCode,
      "https://other.example:8443/somewhere/else?" + Query(),
      "http://127.0.0.1:56121/callback?x=1&" + Query() + "&session_state=y", std::string(kCode));
  INFO(text);
  CHECK(CodeOf(Read(text)) == kCode);
}

TEST_CASE("blanks and line ends around what was pasted do not count") {
  const std::string text = GENERATE_COPY(Url(), "?" + Query(), Query(), std::string(kCode));
  INFO(text);
  CHECK(CodeOf(Read(text + "\n")) == kCode);
  CHECK(CodeOf(Read(text + "\r\n")) == kCode);
  CHECK(CodeOf(Read("  \t" + text + " \t ")) == kCode);
}

TEST_CASE("a fragment is no part of the answer") {
  CHECK(CodeOf(Read(Url() + "#_=_")) == kCode);
  CHECK(CodeOf(Read(Query() + "#")) == kCode);
  CHECK(Is<NoAnswer>(Read("http://127.0.0.1:56121/callback#" + Query())));
}

TEST_CASE("a pasted address is decoded as the listener would") {
  CHECK(CodeOf(Read(std::string("?code=4%2F0Ab~c%2Bd&state=") + kState)) == "4/0Ab~c+d");
  CHECK(CodeOf(Read("?" + Query() + "&code=evil&state=evil")) == kCode);  // the first counts
}

TEST_CASE("a pasted address or query needs the state of this sign-in") {
  const std::string begin = GENERATE("http://127.0.0.1:56121/callback?", "?", "");
  const std::string code = begin + "code=" + kCode;
  CHECK(Is<StateMismatch>(Read(code)));
  CHECK(Is<StateMismatch>(Read(code + "&state=")));
  CHECK(Is<StateMismatch>(Read(code + "&state=other")));
  CHECK(Is<StateMismatch>(Read(code + "&state=" + kState + "x")));
  CHECK(Is<StateMismatch>(Read(code + "&state=" + std::string(kState).substr(1))));
  CHECK(Is<StateMismatch>(Read(begin + "error=access_denied&state=other")));
  CHECK(Is<StateMismatch>(Read(begin + "error=access_denied")));
}

TEST_CASE("an error of the server can be pasted, too") {
  const std::string begin = GENERATE("http://127.0.0.1:56121/callback?", "?", "");
  const RedirectResult result =
      Read(begin + "error=access_denied&error_description=not+you&state=" + kState);
  REQUIRE(Is<ErrorResponse>(result));
  CHECK(std::get<ErrorResponse>(result).error == "access_denied");
  CHECK(std::get<ErrorResponse>(result).error_description == "not you");
}

TEST_CASE("the answer of another server is refused") {
  CHECK(CodeOf(Read(Url() + "&iss=https%3A%2F%2Fid.example")) == kCode);
  CHECK(Is<IssuerMismatch>(Read(Url() + "&iss=https%3A%2F%2Fevil.example")));
  CHECK(Is<IssuerMismatch>(Read(Url() + "&iss=")));
}

TEST_CASE("a server that promises its name must give it, but a bare code has none") {
  CHECK(Is<IssuerMismatch>(Read(Url(), /*iss_required=*/true)));
  CHECK(CodeOf(Read(Url() + "&iss=https%3A%2F%2Fid.example", /*iss_required=*/true)) == kCode);
  CHECK(CodeOf(Read(kCode, /*iss_required=*/true)) == kCode);
}

TEST_CASE("a code of 16 characters is one, a shorter word is not") {
  CHECK(CodeOf(Read("0123456789abcdef")) == "0123456789abcdef");
  CHECK(Is<NoAnswer>(Read("0123456789abcde")));
}

TEST_CASE("what is neither an address with an answer nor a code is nothing") {
  const std::string text = GENERATE_COPY(
      as<std::string>{}, "", " ", "\n", "yes", "q", "?", "http://127.0.0.1:56121/callback",
      "https://id.example/authorize", std::string("http://127.0.0.1:56121/callback/") + kCode,
      "https://id.example/authorize?response_type=code&client_id=grok-auth&state=x",
      "SplxlOBe ZQQYbYS6WxSbIA", "SplxlOBeZQQY\tbYS6WxSbIA", "the code that the page shows",
      "SplxlOBeZQQYbYS6WxSb\x1b[2J", "SplxlOBeZQQYbYS6WxSb\xc3\xa4",
      std::string("SplxlOBeZQQY\0YS6WxSb", 20));
  INFO(text);
  CHECK(Is<NoAnswer>(Read(text)));
}

TEST_CASE("a code with characters that no code has is nothing, whatever its state") {
  const std::string code = GENERATE("", "a%0Ab", "a%00b", "%1B%5B2J", "%C3%A4");
  CHECK(Is<NoAnswer>(Read("?code=" + code + "&state=" + kState)));
}

TEST_CASE("a very long address is read") {
  const std::string code(60'000, 'x');
  CHECK(CodeOf(Read("http://127.0.0.1:1/callback?code=" + code + "&state=" + kState)) == code);
}
