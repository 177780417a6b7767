#include "oauth/encoding.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace grokauth::oauth {

namespace {

constexpr std::string_view kBase64UrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool IsFormSafe(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '*';
}

void AppendFormEncoded(std::string& out, std::string_view text) {
  for (const char character : text) {
    const auto c = static_cast<unsigned char>(character);
    if (IsFormSafe(c)) {
      out += character;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kHexDigits[c >> 4U];
      out += kHexDigits[c & 0x0FU];
    }
  }
}

/// The length of the UTF-8 sequence at the start of `text`, 0 when it is not a valid one.
std::size_t SequenceLength(std::string_view text, char32_t& code_point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  std::size_t length = 0;
  char32_t smallest = 0;
  if (first < 0x80) {
    code_point = first;
    return 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2, smallest = 0x80, code_point = first & 0x1FU;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3, smallest = 0x800, code_point = first & 0x0FU;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4, smallest = 0x10000, code_point = first & 0x07U;
  }
  if (length == 0 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) {
      return 0;
    }
    code_point = (code_point << 6U) | (byte(i) & 0x3FU);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  return code_point < smallest || code_point > 0x10FFFF || surrogate ? 0 : length;
}

bool IsShownOnTerminal(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  // Unicode's explicit directional formatting and line separators: they reorder or break a line.
  const bool directional = c == 0x061C || c == 0x200E || c == 0x200F ||
                           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return !control && !directional;
}

constexpr char kEscape = '\x1b';

bool IsBetween(char character, char first, char last) {
  return character >= first && character <= last;
}

/// The length of the escape sequence at the start of `text`, which begins with ESC; all of `text`
/// when the sequence does not end in it (ECMA-48 sections 5.3 to 5.6).
std::size_t EscapeLength(std::string_view text) {
  if (text.size() < 2) {
    return text.size();
  }
  if (std::string_view("]PX^_").find(text[1]) != std::string_view::npos) {
    // A control string, ended by ST or, as terminals have it, by BEL.
    const std::size_t terminator = text.find_first_of("\x1b\x07", 2);
    if (terminator == std::string_view::npos) {
      return text.size();
    }
    const bool is_st = text.substr(terminator).starts_with("\x1b\\");
    return terminator + (is_st ? 2 : (text[terminator] == kEscape ? 0 : 1));
  }
  const bool is_control_sequence = text[1] == '[';
  std::size_t end = is_control_sequence ? 2 : 1;
  while (end < text.size() && IsBetween(text[end], ' ', is_control_sequence ? '?' : '/')) {
    ++end;
  }
  const bool has_final = end < text.size() && IsBetween(text[end], '0', '~');
  return has_final ? end + 1 : end;
}

}  // namespace

std::string FormEncode(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) {
      out += '&';
    }
    AppendFormEncoded(out, name);
    out += '=';
    AppendFormEncoded(out, value);
  }
  return out;
}

std::string Base64UrlEncode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char character : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(character);
    count += 8;
    while (count >= 6) {
      count -= 6;
      out += kBase64UrlAlphabet[(bits >> count) & 0x3FU];
    }
  }
  if (count > 0) {
    out += kBase64UrlAlphabet[(bits << (6 - count)) & 0x3FU];
  }
  return out;
}

std::optional<std::string> Base64UrlDecode(std::string_view text) {
  if (text.size() % 4 == 1) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char character : text) {
    const auto value = kBase64UrlAlphabet.find(character);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xFFU);
    }
  }
  return out;
}

std::string Sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::string out(length, '\0');
  std::transform(digest.begin(), digest.begin() + length, out.begin(),
                 [](unsigned char c) { return static_cast<char>(c); });
  return out;
}

std::string MakeCodeVerifier(std::string_view random_bytes) {
  return Base64UrlEncode(random_bytes);
}

std::string MakeCodeChallenge(std::string_view code_verifier) {
  return Base64UrlEncode(Sha256(code_verifier));
}

std::string Printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    char32_t code_point = 0;
    const std::size_t length = SequenceLength(text, code_point);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(sequence.size());
    if (code_point == '\t' || code_point == '\n' || code_point == '\r' || code_point == ' ') {
      if (!out.empty() && out.back() != ' ') {
        out += ' ';
      }
    } else if (length > 0 && IsShownOnTerminal(code_point)) {
      if (out.size() + length > limit) {
        break;
      }
      out += sequence;
    }
  }
  while (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  return out;
}

std::string PrintableLine(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    std::size_t length = 1;
    char32_t code_point = 0;
    if (line.front() == kEscape) {
      length = EscapeLength(line);
    } else if (line.front() == '\t') {
      out += ' ';
    } else if (const std::size_t whole = SequenceLength(line, code_point); whole > 0) {
      length = whole;
      if (IsShownOnTerminal(code_point)) {
        out += line.substr(0, length);
      }
    }
    line.remove_prefix(length);
  }
  return out;
}

bool IsTokenText(std::string_view token) {
  return !token.empty() &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

void Wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace grokauth::oauth
