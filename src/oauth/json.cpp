#include "oauth/json.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Latin1Encoding.h>
#include <Poco/TextConverter.h>
#include <Poco/UTF8Encoding.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "oauth/encoding.h"

namespace grokauth::oauth {

namespace {

constexpr std::size_t kMaximumDepth = 32;

using Poco::Dynamic::Var;

/// A number as Poco's parser can read it. It refuses whole numbers beyond 64 bits and floats beyond
/// a double; to us they are members of no use, and no reason to lose what came with them.
std::string ReadableNumber(std::string_view number) {
  constexpr std::size_t kMostSafeDigits = 18;
  const bool is_whole = number.find_first_not_of("-0123456789") == std::string_view::npos;
  if (is_whole) {
    return std::string(number) + (number.size() > kMostSafeDigits ? ".0" : "");
  }
  // An exponent of three digits is near or beyond the end of a double.
  const std::size_t exponent = number.find_first_of("eE");
  const bool is_huge = exponent != std::string_view::npos && number.size() - exponent >= 4;
  return is_huge ? "null" : std::string(number);
}

/// JSON text with each number outside of strings made readable.
std::string WithReadableNumbers(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  std::size_t copied = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    const char c = text[i];
    if (in_string) {
      in_string = c != '"';
      i += c == '\\' ? 2 : 1;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      out += text.substr(copied, i - copied);
      copied = std::min(text.find_first_not_of("+-.eE0123456789", i), text.size());
      out += ReadableNumber(text.substr(i, copied - i));
      i = copied;
    } else {
      in_string = c == '"';
      ++i;
    }
  }
  out += text.substr(copied);
  return out;
}

/// JSON text with the control characters escaped that RFC 8259 lets stand, DEL and C1: terminals
/// act on them.
std::string WithEscapedControls(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool is_c1 = byte == 0xc2 && next >= 0x80 && next <= 0x9f;
    if (byte != 0x7f && !is_c1) {
      out += text[i];
      continue;
    }
    constexpr const char* kDigits = "0123456789ABCDEF";
    const unsigned code = is_c1 ? next : byte;
    out += std::string("\\u00") + kDigits[code / 16] + kDigits[code % 16];
    i += is_c1 ? 1 : 0;
  }
  return out;
}

/// The text without a byte order mark (RFC 8259 section 8.1), and read as Latin-1 when it is not
/// UTF-8: a name in another encoding is no reason to lose the tokens beside it.
std::string WithReadableText(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  const bool is_ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
  if (is_ascii) {
    return std::string(text);
  }
  const Poco::UTF8Encoding utf8;
  std::string given(text);
  std::string out;
  if (Poco::TextConverter(utf8, utf8).convert(given, out) == 0) {
    return given;
  }
  out.clear();
  const Poco::Latin1Encoding latin1;
  Poco::TextConverter(latin1, utf8).convert(given, out);
  return out;
}

}  // namespace

struct JsonObject::Members {
  Poco::JSON::Object object{Poco::JSON_PRESERVE_KEY_ORDER};

  [[nodiscard]] Var Get(const std::string& name) const { return object.get(name); }

  /// By copy construction: assignment breaks the key order of Poco's object.
  static JsonObject Wrap(const Poco::JSON::Object& from) {
    JsonObject result;
    result.members_ = std::make_unique<Members>(Members{from});
    return result;
  }
};

JsonObject::JsonObject() : members_(std::make_unique<Members>()) {}
JsonObject::JsonObject(const JsonObject& other)
    : members_(std::make_unique<Members>(*other.members_)) {}
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(JsonObject other) noexcept {
  members_ = std::move(other.members_);
  return *this;
}
JsonObject::~JsonObject() = default;

std::optional<JsonObject> JsonObject::ParseLiberally(std::string_view text) {
  std::string readable = WithReadableText(text);
  std::optional<JsonObject> object = Parse(readable);
  Wipe(readable);
  return object;
}

std::optional<JsonObject> JsonObject::Parse(std::string_view text) {
  try {
    Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(/*bPreserveObjectOrder=*/true));
    parser.setDepth(kMaximumDepth);
    const Var parsed = parser.parse(WithReadableNumbers(text));
    if (parsed.type() != typeid(Poco::JSON::Object::Ptr)) {
      return std::nullopt;
    }
    return Members::Wrap(*parsed.extract<Poco::JSON::Object::Ptr>());
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

bool JsonObject::Has(const std::string& name) const {
  return members_->object.has(name);
}

std::optional<std::string> JsonObject::String(const std::string& name) const {
  const Var value = members_->Get(name);
  return value.isString() ? std::optional(value.extract<std::string>()) : std::nullopt;
}

std::optional<std::int64_t> JsonObject::Integer(const std::string& name) const {
  const Var value = members_->Get(name);
  if (value.isEmpty() || value.isString() || value.isBoolean() || !value.isNumeric()) {
    return std::nullopt;
  }
  try {
    if (value.isInteger()) {
      return value.convert<Poco::Int64>();
    }
    const double number = value.convert<double>();
    // 2^53: beyond it a double no longer tells whole numbers apart.
    constexpr double kLargestExact = 9007199254740992.0;
    if (std::isfinite(number) && std::abs(number) <= kLargestExact) {
      return static_cast<std::int64_t>(number);
    }
  } catch (const Poco::Exception&) {
  }
  return std::nullopt;
}

std::optional<bool> JsonObject::Boolean(const std::string& name) const {
  const Var value = members_->Get(name);
  return value.isBoolean() ? std::optional(value.extract<bool>()) : std::nullopt;
}

std::optional<JsonObject> JsonObject::Object(const std::string& name) const {
  const Poco::JSON::Object::Ptr member = members_->object.getObject(name);
  if (member.isNull()) {
    return std::nullopt;
  }
  return Members::Wrap(*member);
}

std::vector<std::string> JsonObject::Strings(const std::string& name) const {
  std::vector<std::string> strings;
  const Poco::JSON::Array::Ptr array = members_->object.getArray(name);
  if (!array.isNull()) {
    for (const Var& element : *array) {
      if (element.isString()) {
        strings.push_back(element.extract<std::string>());
      }
    }
  }
  return strings;
}

std::vector<JsonObject> JsonObject::Objects(const std::string& name) const {
  std::vector<JsonObject> objects;
  const Poco::JSON::Array::Ptr array = members_->object.getArray(name);
  if (!array.isNull()) {
    for (const Var& element : *array) {
      if (element.type() == typeid(Poco::JSON::Object::Ptr)) {
        objects.push_back(Members::Wrap(*element.extract<Poco::JSON::Object::Ptr>()));
      }
    }
  }
  return objects;
}

JsonObject& JsonObject::Set(const std::string& name, const std::string& value) {
  members_->object.set(name, value);
  return *this;
}

JsonObject& JsonObject::Set(const std::string& name, const char* value) {
  return Set(name, std::string(value));
}

JsonObject& JsonObject::Set(const std::string& name, std::int64_t value) {
  members_->object.set(name, value);
  return *this;
}

JsonObject& JsonObject::Set(const std::string& name, bool value) {
  members_->object.set(name, value);
  return *this;
}

JsonObject& JsonObject::Set(const std::string& name, const JsonObject& value) {
  members_->object.set(name,
                       Poco::JSON::Object::Ptr(new Poco::JSON::Object(value.members_->object)));
  return *this;
}

JsonObject& JsonObject::Set(const std::string& name, const std::vector<std::string>& values) {
  Poco::JSON::Array::Ptr array(new Poco::JSON::Array);
  for (const std::string& value : values) {
    array->add(value);
  }
  members_->object.set(name, array);
  return *this;
}

JsonObject& JsonObject::Set(const std::string& name, const std::vector<JsonObject>& values) {
  Poco::JSON::Array::Ptr array(new Poco::JSON::Array);
  for (const JsonObject& value : values) {
    array->add(Poco::JSON::Object::Ptr(new Poco::JSON::Object(value.members_->object)));
  }
  members_->object.set(name, array);
  return *this;
}

std::string JsonObject::Text() const {
  std::ostringstream out;
  members_->object.stringify(out);
  return WithEscapedControls(out.str());
}

}  // namespace grokauth::oauth
