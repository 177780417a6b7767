#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grokauth::oauth {

/// The parameters of a request, in the order in which they are sent.
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// application/x-www-form-urlencoded text of `parameters` (RFC 6749 appendix B).
[[nodiscard]] std::string FormEncode(const Parameters& parameters);

/// Base64url without padding (RFC 7636 appendix A).
[[nodiscard]] std::string Base64UrlEncode(std::string_view bytes);

/// The bytes of base64url text without padding; nothing when it is not that.
[[nodiscard]] std::optional<std::string> Base64UrlDecode(std::string_view text);

/// The 32 bytes of SHA-256 of `bytes`.
[[nodiscard]] std::string Sha256(std::string_view bytes);

/// The code_verifier made of 32 random bytes: 43 characters (RFC 7636 section 4.1).
[[nodiscard]] std::string MakeCodeVerifier(std::string_view random_bytes);

/// The S256 code_challenge of `code_verifier` (RFC 7636 section 4.2).
[[nodiscard]] std::string MakeCodeChallenge(std::string_view code_verifier);

/// `text` fit for a terminal: control characters (C0, DEL, C1), invalid UTF-8 and bidirectional
/// overrides are left out, white space becomes one blank, the rest is cut after `limit` bytes.
[[nodiscard]] std::string Printable(std::string_view text, std::size_t limit = 300);

/// One line of a program's output fit for a terminal: as `Printable`, but laid out as it came
/// (blanks stay, a tab becomes one, nothing is cut), and whole escape sequences (ECMA-48
/// section 5.4) are left out. The result for the beginning of a line is the beginning of the result
/// for all of it.
[[nodiscard]] std::string PrintableLine(std::string_view line);

/// Whether `token` can stand in an Authorization header and in Grok's output: not empty, visible
/// ASCII only (RFC 6749 appendix A.12 without the blank, which no Bearer token can have).
[[nodiscard]] bool IsTokenText(std::string_view token);

/// Overwrites the characters of `secret` and empties it. Best effort: copies made elsewhere stay.
void Wipe(std::string& secret);

}  // namespace grokauth::oauth
