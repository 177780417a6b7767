#include "oauth/json.h"

#include <catch2/catch.hpp>

#include <string>

using grokauth::oauth::JsonObject;

namespace {

JsonObject Parsed(const std::string& text) {
  std::optional<JsonObject> object = JsonObject::Parse(text);
  INFO(text.substr(0, 200));
  REQUIRE(object);
  return std::move(*object);
}

std::string Nested(int depth, const std::string& open, const std::string& close) {
  std::string text;
  for (int i = 0; i < depth; ++i) {
    text += open;
  }
  text += "1";
  for (int i = 0; i < depth; ++i) {
    text += close;
  }
  return text;
}

}  // namespace

TEST_CASE("no text makes a terminal act") {
  JsonObject object;
  object.Set("a", "\x1b[2J\x7f\xc2\x9b[31m\xc3\xa9\xc2\xa0");
  CHECK(object.Text() == "{\"a\":\"\\u001B[2J\\u007F\\u009B[31m\xc3\xa9\xc2\xa0\"}");
  CHECK(JsonObject::Parse(object.Text())->String("a") == object.String("a"));
}

TEST_CASE("what is not one JSON object is none") {
  const std::string text = GENERATE(
      as<std::string>{}, "", " ", "null", "true", "1", R"("text")", "[]", R"([{"a":1}])", "{", "}",
      R"({"a":})", R"({"a":1,})", R"({a:1})", R"({'a':1})", R"({"a":1)", R"({"a" 1})",
      R"({"a":1 "b":2})", "<html></html>", R"({"a":tru})", R"({"a":"b)", R"({"a":"\x"})",
      "{\"a\":\"line\nbreak\"}", R"({"a":01})", R"({"a":+1})", R"({"a":.5})", R"({"a":1.})");
  CAPTURE(text);
  CHECK_FALSE(JsonObject::Parse(text));
}

TEST_CASE("text behind the object makes it unreadable") {
  const std::string text = GENERATE(as<std::string>{}, R"({"a":1}x)", R"({"a":1}{"a":2})",
                                    R"({"a":1}])", R"({"a":1} // end)", R"({"a":1},)");
  CAPTURE(text);
  CHECK_FALSE(JsonObject::Parse(text));
  CHECK(JsonObject::Parse(" \r\n\t{\"a\":1}\n "));
}

TEST_CASE("comments are no JSON") {
  CHECK_FALSE(JsonObject::Parse(R"(/* c */ {"a":1})"));
  CHECK_FALSE(JsonObject::Parse("{\"a\":1 // c\n}"));
}

TEST_CASE("nesting deeper than 32 levels is refused, however deep") {
  CHECK(JsonObject::Parse(Nested(20, R"({"a":)", "}")));
  CHECK_FALSE(JsonObject::Parse(Nested(40, R"({"a":)", "}")));
  CHECK_FALSE(JsonObject::Parse(R"({"a":)" + Nested(40, "[", "]") + "}"));
  CHECK_FALSE(JsonObject::Parse(std::string(100'000, '[')));
  CHECK_FALSE(JsonObject::Parse(Nested(50'000, R"({"a":)", "}")));
}

TEST_CASE("a whole number is one, also as a float without a fraction") {
  const auto [text, number] = GENERATE(table<std::string, std::int64_t>({
      {"0", 0},
      {"-5", -5},
      {"3600.0", 3600},
      {"36e2", 3600},
      {"-3.6E3", -3600},
      {"999999999999999999", 999999999999999999},
      {"1.5", 1},
      {"1800.9", 1800},
  }));
  CAPTURE(text);
  CHECK(Parsed(R"({"n":)" + text + "}").Integer("n") == number);
}

TEST_CASE("a number that is too large counts as absent, the rest stays readable") {
  const std::string text = GENERATE(
      as<std::string>{}, "9223372036854775808", "18446744073709551615", "18446744073709551616",
      "99999999999999999999999999", "-99999999999999999999999999", "1e30", "1e400", "-1e400");
  CAPTURE(text);
  const JsonObject object = Parsed(R"({"n":)" + text + R"(,"s":"kept"})");
  CHECK_FALSE(object.Integer("n"));
  CHECK(object.String("s") == "kept");
}

TEST_CASE("NaN and Infinity are no JSON") {
  const std::string text = GENERATE(as<std::string>{}, "NaN", "nan", "Infinity", "-Infinity");
  CAPTURE(text);
  CHECK_FALSE(JsonObject::Parse(R"({"n":)" + text + "}"));
}

TEST_CASE("a member of another type counts as absent") {
  const JsonObject object =
      Parsed(R"({"s":"1","n":1,"b":true,"o":{"x":"y"},"a":["p",1,"q",null],"z":null})");
  for (const char* name : {"n", "b", "o", "a", "z", "missing"}) {
    CAPTURE(name);
    CHECK_FALSE(object.String(name));
  }
  for (const char* name : {"s", "b", "o", "a", "z", "missing"}) {
    CAPTURE(name);
    CHECK_FALSE(object.Integer(name));
  }
  for (const char* name : {"s", "n", "o", "a", "z", "missing"}) {
    CAPTURE(name);
    CHECK_FALSE(object.Boolean(name));
  }
  for (const char* name : {"s", "n", "b", "a", "z", "missing"}) {
    CAPTURE(name);
    CHECK_FALSE(object.Object(name));
  }
  for (const char* name : {"s", "n", "b", "o", "z", "missing"}) {
    CAPTURE(name);
    CHECK(object.Strings(name).empty());
  }
  CHECK(object.Strings("a") == std::vector<std::string>{"p", "q"});
  CHECK(object.Object("o").value().String("x") == "y");
}

TEST_CASE("of an array the objects are read, and nothing else") {
  const JsonObject object =
      Parsed(R"({"a":[1,"s",{"k":"v"},null,["x"],{}],"s":"t","o":{"k":"v"}})");
  const std::vector<JsonObject> objects = object.Objects("a");
  REQUIRE(objects.size() == 2);
  CHECK(objects[0].String("k") == "v");
  CHECK(objects[1].Text() == "{}");
  for (const char* name : {"s", "o", "missing"}) {
    CHECK(object.Objects(name).empty());
  }
}

TEST_CASE("objects are written as an array") {
  JsonObject one;
  one.Set("k", "v");
  CHECK(JsonObject().Set("a", std::vector<JsonObject>{one, JsonObject()}).Text() ==
        R"({"a":[{"k":"v"},{}]})");
  CHECK(JsonObject().Set("a", std::vector<JsonObject>()).Text() == R"({"a":[]})");
}

TEST_CASE("of two members with one name the last counts") {
  CHECK(Parsed(R"({"a":"first","a":"second"})").String("a") == "second");
}

TEST_CASE("escapes are read, an escaped NUL does not cut the text") {
  CHECK(Parsed(R"({"a":"\u00e4\u20ac\ud83d\ude00\"\\\/\n"})").String("a") ==
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"\\/\n");
  CHECK(Parsed(R"({"a":"x\u0000y"})").String("a") == std::string("x\0y", 3));
}

TEST_CASE("a NUL byte in the text makes it unreadable") {
  CHECK_FALSE(JsonObject::Parse(std::string("{\"a\":1}\0{", 9)));
  CHECK_FALSE(JsonObject::Parse(std::string("\0{\"a\":1}", 8)));
}

TEST_CASE("what was set is written on one line in that order, and reads back") {
  JsonObject inner;
  inner.Set("k", "v");
  JsonObject object;
  object.Set("z", "text \"quoted\"\n\xc3\xa4\x01")
      .Set("n", std::int64_t{-7})
      .Set("b", false)
      .Set("o", inner)
      .Set("a", std::vector<std::string>{"one", "two"})
      .SetIf("absent", std::optional<std::string>())
      .SetIf("present", std::optional<std::string>("yes"));
  const std::string text = object.Text();
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.starts_with(R"({"z":)"));
  CHECK(text.ends_with(R"("present":"yes"})"));
  const JsonObject back = Parsed(text);
  CHECK(back.String("z") == "text \"quoted\"\n\xc3\xa4\x01");
  CHECK(back.Integer("n") == -7);
  CHECK(back.Boolean("b") == false);
  CHECK(back.Object("o").value().String("k") == "v");
  CHECK(back.Strings("a") == std::vector<std::string>{"one", "two"});
  CHECK_FALSE(back.Has("absent"));
}

TEST_CASE("digits in a string stay as they are") {
  const std::string digits = "12345678901234567890";
  CHECK(Parsed(R"({"a":")" + digits + R"(","b\"":")" + digits + R"("})").String("a") == digits);
  CHECK(Parsed(R"({"a":"\\\"1","b":")" + digits + R"("})").String("b") == digits);
}

TEST_CASE("an object that was read can be written") {
  const std::string text = R"({"z":"1","a":{"k":"v"},"n":2})";
  CHECK(Parsed(text).Text() == text);
  CHECK(Parsed(text).Object("a").value().Text() == R"({"k":"v"})");
}

TEST_CASE("a copy of an object changes alone") {
  JsonObject original;
  original.Set("a", "1");
  JsonObject copy = original;
  copy.Set("a", "2");
  CHECK(original.String("a") == "1");
}

namespace {

JsonObject Sent(const std::string& text) {
  std::optional<JsonObject> object = JsonObject::ParseLiberally(text);
  REQUIRE(object);
  return *object;
}

}  // namespace

TEST_CASE("a byte order mark, and text that is not UTF-8, hide nothing else") {
  CHECK(Sent("\xef\xbb\xbf{\"token\":\"t\"}").String("token") == "t");
  CHECK(Sent("{\"city\":\"Z\xc3\xbcrich\"}").String("city") == "Z\xc3\xbcrich");
  const std::string name = GENERATE(as<std::string>{}, "M\xfcller", "Jos\xe9", "\xff\xfe");
  const JsonObject object = Sent("{\"name\":\"" + name + "\",\"token\":\"t\"}");
  CHECK(object.String("token") == "t");
  CHECK(object.String("name"));
  CHECK_FALSE(JsonObject::Parse("{\"name\":\"" + name + "\"}"));  // what is stored is never guessed
}

TEST_CASE("objects go into an array in their order") {
  JsonObject answer;
  answer.Set("list", std::vector<JsonObject>{JsonObject().Set("b", "1").Set("a", "2"), {}});
  CHECK(answer.Text() == R"({"list":[{"b":"1","a":"2"},{}]})");
}
