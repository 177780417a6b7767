#include "oauth/encoding.h"

#include <catch2/catch.hpp>

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
