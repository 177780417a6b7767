#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grokauth::oauth {

/// A JSON object, read liberally: a member of another type than the one asked for counts as absent.
/// The one place of the program that knows the JSON library.
class JsonObject {
 public:
  JsonObject();
  JsonObject(const JsonObject& other);
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(JsonObject other) noexcept;
  ~JsonObject();

  /// The object that `text` is (RFC 8259); nothing when it is not JSON, has something behind it,
  /// nests deeper than 32 levels, or is no object.
  [[nodiscard]] static std::optional<JsonObject> Parse(std::string_view text);
  /// The same of what a server sent: a byte order mark is skipped, and text that is not UTF-8 is
  /// read as Latin-1.
  [[nodiscard]] static std::optional<JsonObject> ParseLiberally(std::string_view text);

  [[nodiscard]] bool Has(const std::string& name) const;
  [[nodiscard]] std::optional<std::string> String(const std::string& name) const;
  /// A whole number; of one written as a float, the whole part. Nothing outside of 64 bits.
  [[nodiscard]] std::optional<std::int64_t> Integer(const std::string& name) const;
  [[nodiscard]] std::optional<bool> Boolean(const std::string& name) const;
  [[nodiscard]] std::optional<JsonObject> Object(const std::string& name) const;
  /// The strings of an array; other elements are left out. Empty when there is no array.
  [[nodiscard]] std::vector<std::string> Strings(const std::string& name) const;
  /// The objects of an array, in the same way.
  [[nodiscard]] std::vector<JsonObject> Objects(const std::string& name) const;

  JsonObject& Set(const std::string& name, const std::string& value);
  JsonObject& Set(const std::string& name, const char* value);
  JsonObject& Set(const std::string& name, std::int64_t value);
  JsonObject& Set(const std::string& name, bool value);
  JsonObject& Set(const std::string& name, const JsonObject& value);
  JsonObject& Set(const std::string& name, const std::vector<std::string>& values);
  JsonObject& Set(const std::string& name, const std::vector<JsonObject>& values);
  /// Sets the member when there is a value.
  template <typename Value>
  JsonObject& SetIf(const std::string& name, const std::optional<Value>& value) {
    return value ? Set(name, *value) : *this;
  }

  /// One line of JSON, members in the order in which they were set.
  [[nodiscard]] std::string Text() const;

 private:
  struct Members;
  std::unique_ptr<Members> members_;
};

}  // namespace grokauth::oauth
