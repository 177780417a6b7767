#include "oauth/encoding.h"

#include <catch2/catch.hpp>

#include <string>

using namespace grokauth::oauth;

TEST_CASE("the code_challenge of RFC 7636 appendix B comes out") {
  const std::string bytes{
      "\x74\x18\xdf\xb4\x97\x99\xe0\x25\x4f\xfa\x60\x7d\xd8\xad\xbb\xba"
      "\x16\xd4\x25\x4d\x69\xd6\xbf\xf0\x5b\x58\x05\x58\x53\x84\x8d\x79",
      32};
  const std::string verifier = MakeCodeVerifier(bytes);
  CHECK(verifier == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  CHECK(MakeCodeChallenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST_CASE("the octets of RFC 7636 appendix A come out, and back") {
  const std::string octets{"\x03\xec\xff\xe0\xc1", 5};
  CHECK(Base64UrlEncode(octets) == "A-z_4ME");
  CHECK(Base64UrlDecode("A-z_4ME") == octets);
}

TEST_CASE("the test vectors of RFC 4648 section 10 come out without padding, and back") {
  const auto [bytes, text] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"f", "Zg"},
      {"fo", "Zm8"},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"},
      {"foobar", "Zm9vYmFy"},
  }));
  CHECK(Base64UrlEncode(bytes) == text);
  CHECK(Base64UrlDecode(text) == bytes);
}

TEST_CASE("text that is not base64url without padding is refused") {
  const std::string text = GENERATE(as<std::string>{}, "A", "AAAAA", "Zg==", "A+z/", "Zm 9v",
                                    "Zm9v\n", "Zm9v.", "Z\xc3\xa4h");
  CAPTURE(text);
  CHECK_FALSE(Base64UrlDecode(text));
}

TEST_CASE("a zero byte does not end base64url text") {
  CHECK(Base64UrlDecode("AGEA") == std::string("\0a\0", 3));
  CHECK_FALSE(Base64UrlDecode(std::string("AG\0A", 4)));
}

TEST_CASE("the value of RFC 6749 appendix B is form-encoded as there") {
  // <U+0020, U+0025, U+0026, U+002B, U+00A3, U+20AC>
  CHECK(FormEncode({{"v", " %&+\xc2\xa3\xe2\x82\xac"}}) == "v=+%25%26%2B%C2%A3%E2%82%AC");
}

TEST_CASE("form parameters keep their order, and nothing in them ends one early") {
  CHECK(FormEncode({{"b", "2"}, {"a", "1"}, {"b", ""}}) == "b=2&a=1&b=");
  CHECK(FormEncode({{"na=me", "x&y=z"}}) == "na%3Dme=x%26y%3Dz");
  CHECK(FormEncode({{"k", "line\r\nbreak/~"}}) == "k=line%0D%0Abreak%2F%7E");
  CHECK(FormEncode({}).empty());
}

TEST_CASE("SHA-256 of the FIPS 180-2 example comes out") {
  const std::string digest = Sha256("abc");
  REQUIRE(digest.size() == 32);
  CHECK(Base64UrlEncode(digest) == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

TEST_CASE("only visible ASCII is a token") {
  CHECK(IsTokenText("eyJhbGciOiJub25lIn0.e30.~!\"#+/=_-"));
  const std::string text =
      GENERATE(as<std::string>{}, "", " ", "a b", "a\tb", "a\n", "a\r\nX: y", "a\x7f", "\xc3\xa4");
  CAPTURE(text);
  CHECK_FALSE(IsTokenText(text));
  CHECK_FALSE(IsTokenText(std::string("a\0b", 3)));
}

TEST_CASE("a wiped secret is empty, and its bytes are gone") {
  std::string secret(64, 's');
  const char* const bytes = secret.data();
  Wipe(secret);
  CHECK(secret.empty());
  CHECK(std::string(bytes, 1) == std::string(1, '\0'));
}
