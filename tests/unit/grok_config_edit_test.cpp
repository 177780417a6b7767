#include "app/grok_config_edit.h"

#include <catch2/catch.hpp>

#include <string>

#include "app/grok_config.h"

using namespace grokauth::app;

namespace {

/// Short, so that the tables below can be read.
const ProviderSettings kSettings = {"exec /g", "G"};
const std::string kCommand = "auth_provider_command = \"exec /g\"";
const std::string kLabel = "auth_provider_label = \"G\"";
const std::string kLines = kCommand + "\n" + kLabel + "\n";

std::string Edited(const std::string& text, const ProviderSettings& settings = kSettings) {
  const auto result = EditGrokConfig(text, settings);
  const auto* refusal = std::get_if<EditRefusal>(&result);
  return refusal != nullptr ? "REFUSED " + refusal->reason : std::get<std::string>(result);
}

std::string Crlf(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  }
  return out;
}

}  // namespace

TEST_CASE("an empty configuration becomes the table") {
  CHECK(Edited("") == "[auth]\n" + kLines);
  CHECK(Edited("\xef\xbb\xbf") == "\xef\xbb\xbf[auth]\n" + kLines);
}

TEST_CASE("a table that is missing is appended") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"[cli]\na = 1\n", "[cli]\na = 1\n\n[auth]\n" + kLines},
      {"[cli]\na = 1", "[cli]\na = 1\n\n[auth]\n" + kLines},
      {"# only a comment", "# only a comment\n\n[auth]\n" + kLines},
      {"\n", "\n\n[auth]\n" + kLines},
      {"[auth.oidc]\nissuer = \"x\"\n", "[auth.oidc]\nissuer = \"x\"\n\n[auth]\n" + kLines},
      {"[ \"auth\" . oidc ]\n", "[ \"auth\" . oidc ]\n\n[auth]\n" + kLines},
      {"[authx]\n[x.auth]\na = 1\n", "[authx]\n[x.auth]\na = 1\n\n[auth]\n" + kLines},
      {"a = '''\n[auth]\n'''\n", "a = '''\n[auth]\n'''\n\n[auth]\n" + kLines},
      {"[[mcp]]\nx = 1\n[[mcp]]\nx = 2\n", "[[mcp]]\nx = 1\n[[mcp]]\nx = 2\n\n[auth]\n" + kLines},
  }));
  CAPTURE(text);
  CHECK(Edited(text) == expected);
  CHECK(Edited(Crlf(text)) == (text.find('\n') == std::string::npos ? expected : Crlf(expected)));
}

TEST_CASE("keys that are missing are added below the header") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"[auth]\n", "[auth]\n" + kLines},
      {"[auth]", "[auth]\n" + kCommand + "\n" + kLabel},
      {"[auth] # mine", "[auth] # mine\n" + kCommand + "\n" + kLabel},
      {" [ \"auth\" ]  # [auth]\na = 1", " [ \"auth\" ]  # [auth]\n" + kLines + "a = 1"},
      {"['auth']\r\na = 1\n", "['auth']\r\n" + Crlf(kLines) + "a = 1\n"},
      {"x = \"\xc3\xa9\" # \xc3\xa9\n[auth]# \xe2\x82\xac\na=1\n",
       "x = \"\xc3\xa9\" # \xc3\xa9\n[auth]# \xe2\x82\xac\n" + kLines + "a=1\n"},
      {"[auth.oidc]\na = 1\n[auth]\nb = 2\n[c]\n",
       "[auth.oidc]\na = 1\n[auth]\n" + kLines + "b = 2\n[c]\n"},
      {"[auth]\noidc.issuer = \"x\"\n", "[auth]\n" + kLines + "oidc.issuer = \"x\"\n"},
      {"a = '''\n[auth]\n'''\n[auth]\nb = 1\n",
       "a = '''\n[auth]\n'''\n[auth]\n" + kLines + "b = 1\n"},
      {"\xef\xbb\xbf[auth]\n", "\xef\xbb\xbf[auth]\n" + kLines},
  }));
  CAPTURE(text);
  CHECK(Edited(text) == expected);
}

TEST_CASE("a key that is there is replaced where it stands, and the other one added") {
  const std::string value =
      GENERATE(as<std::string>{}, "\"old\"", "'old'", "\"\"", "'''old'''", "'''\nold\n'''",
               "\"\"\"old \\\n   old\"\"\"", "\"\"\"\"quoted\"\"\"\"\"", "\"a\\\"b # c\"",
               "\"\xf0\x9f\x98\x80\"", "1", "true", "1979-05-27T07:32:00Z", "1.5");
  CAPTURE(value);
  CHECK(Edited("[auth]\nauth_provider_command=" + value + "# \"c\"\nx = 1\n") ==
        "[auth]\n" + kLabel + "\nauth_provider_command=\"exec /g\"# \"c\"\nx = 1\n");
  CHECK(Edited("[auth]\nx = 1\n\t\"auth_provider_label\"  =\t" + value + "\t# c") ==
        "[auth]\n" + kCommand + "\nx = 1\n\t\"auth_provider_label\"  =\t\"G\"\t# c");
  CHECK(Edited("a = \"\xc3\xa9\"\r\n[auth]\r\nauth_provider_label = " + value + "\r\n") ==
        "a = \"\xc3\xa9\"\r\n[auth]\r\n" + kCommand + "\r\nauth_provider_label = \"G\"\r\n");
}

TEST_CASE("an inline table gets the keys inside") {
  const std::string both = kCommand + ", " + kLabel;
  const auto [text, expected] = GENERATE_REF(table<std::string, std::string>({
      {"auth = {}", "auth = { " + both + " }"},
      {"auth = { }\n", "auth = { " + both + " }\n"},
      {"auth={a=1}# }\n", "auth={a=1, " + both + "}# }\n"},
      {"auth = { a = \"}\" } # c\n[x]\n", "auth = { a = \"}\", " + both + " } # c\n[x]\n"},
      {"auth = { a = [1, # }\n 2 ] }\n", "auth = { a = [1, # }\n 2 ], " + both + " }\n"},
      {"auth = { oidc = { issuer = 'x' }}\n", "auth = { oidc = { issuer = 'x' }, " + both + "}\n"},
      {"auth = { auth_provider_label = 'x' }\n",
       "auth = { auth_provider_label = \"G\", " + kCommand + " }\n"},
      {"auth = { auth_provider_command = 'x', auth_provider_label = 'y' }\n",
       "auth = { " + both + " }\n"},
  }));
  CAPTURE(text);
  CHECK(Edited(text) == expected);
}

TEST_CASE("dotted keys get dotted company") {
  const std::string dotted = "auth." + kCommand + "\nauth." + kLabel + "\n";
  const auto [text, expected] = GENERATE_REF(table<std::string, std::string>({
      {"auth.a = 1\n", dotted + "auth.a = 1\n"},
      {"b = 1\n  auth.oidc.issuer = 'x' # c\n[x]\n",
       "b = 1\n" + dotted + "  auth.oidc.issuer = 'x' # c\n[x]\n"},
      {"\xef\xbb\xbf\"auth\" . a = 1", "\xef\xbb\xbf" + dotted + "\"auth\" . a = 1"},
      {"b = 1\r\nauth.a = 1", "b = 1\r\n" + Crlf(dotted) + "auth.a = 1"},
      {"auth.auth_provider_command = 'x'\nb = 1\nauth.auth_provider_label = 'y'\n",
       "auth.auth_provider_command = \"exec /g\"\nb = 1\nauth.auth_provider_label = \"G\"\n"},
      {"auth . \"auth_provider_command\" = '''\nx'''\n",
       "auth." + kLabel + "\nauth . \"auth_provider_command\" = \"exec /g\"\n"},
      {"auth.a = 1\n[auth.oidc]\nb = 1\n", dotted + "auth.a = 1\n[auth.oidc]\nb = 1\n"},
  }));
  CAPTURE(text);
  CHECK(Edited(text) == expected);
}

TEST_CASE("a key in grok_com_config is replaced there, because it wins") {
  CHECK(Edited("[auth]\nauth_provider_command = 'a'\n"
               "[grok_com_config]\nauth_provider_command = 'b'\n") ==
        "[auth]\n" + kLabel +
            "\nauth_provider_command = 'a'\n"
            "[grok_com_config]\nauth_provider_command = \"exec /g\"\n");
  CHECK(Edited("[grok_com_config]\nauth_provider_label = 'b'\nauth_provider_command = 'b'\n") ==
        "[grok_com_config]\nauth_provider_label = \"G\"\nauth_provider_command = \"exec /g\"\n");
  CHECK(Edited("[grok_com_config]\npreferred_method = \"oidc\"\n") ==
        "[grok_com_config]\npreferred_method = \"oidc\"\n\n[auth]\n" + kLines);
  CHECK(Edited("grok_com_config.auth_provider_label = 1\n") ==
        "grok_com_config.auth_provider_label = \"G\"\n\n[auth]\n" + kCommand + "\n");
}

TEST_CASE("what says the same already stays as it is written") {
  const std::string text = GENERATE(
      as<std::string>{}, "[auth]\nauth_provider_command='exec /g'\nauth_provider_label='G'",
      "auth={auth_provider_label='''G''', auth_provider_command=\"\\u0065xec /g\"}",
      "grok_com_config.auth_provider_command = 'exec /g'\nauth.auth_provider_label='G'\r\n");
  CHECK(Edited(text) == text);
}

TEST_CASE("an edited configuration needs no further edit") {
  for (const std::string text : {"", "[auth]", "auth = {}", "auth.a = 1", "[auth.oidc]", "\r\n"}) {
    const std::string once = Edited(text);
    CHECK(Edited(once) == once);
  }
}

TEST_CASE("values that are hard to compare do not stand in the way") {
  const std::string text = "a = nan\nb = [inf, -0.0]\nc = 07:32:00.5\nd = 2026-01-01T00:00:00Z\n";
  CHECK(Edited(text) == text + "\n[auth]\n" + kLines);
}

TEST_CASE("a command of any characters arrives as it was") {
  const std::string command = GENERATE(
      as<std::string>{}, "exec '/opt/my apps/g'", "exec \"/a\\b\"", "exec '/a'\\''b'", "exec /a\nb",
      "exec /\xc3\xa9", "exec /\x7f\x01\t", "exec /#a", "exec /\"\"\"'''", "exec /\\u0041");
  CAPTURE(command);
  for (const std::string text : {"", "[auth]\nauth_provider_command = 'x'\n", "auth = {}\n"}) {
    const GrokConfig config = ParseGrokConfig(Edited(text, {command, "G"}));
    REQUIRE(config.provider_command);
    CHECK(config.provider_command->value == command);
    CHECK(config.provider_label == "G");
  }
}

TEST_CASE("a configuration that is not TOML is refused with the place") {
  const auto [text, place] = GENERATE(table<std::string, std::string>({
      {"[auth\n", "line 1, column 6: "},
      {"a = 1\nb = = 2\n", "line 2, column 5: "},
      {"[auth]\na = 1\n[auth]\n", "line 3, column 1: "},
      {"auth.a = 1\n[auth]\n", "line 2, column 1: "},
      {"a = 1\na = 2\n", "line 2, column "},
      {"a = \"\xff\"\n", "line 1, column "},
      {"\xff\xfe", "line 1, column 1: "},
      {std::string("a = 1\0", 6), "line 1, column "},
  }));
  CAPTURE(text);
  CHECK_THAT(Edited(text), Catch::StartsWith("REFUSED " + place));
}

TEST_CASE("forms that cannot take the keys are refused") {
  const auto [text, reason] = GENERATE(table<std::string, std::string>({
      {"auth = 1\n", "'auth' in it is no table"},
      {"[[auth]]\na = 1\n", "'auth' in it is no table"},
      {"auth = []\n", "'auth' in it is no table"},
      {"[auth.auth_provider_command]\na = 1\n", "'auth_provider_command' in it is no string"},
      {"auth.auth_provider_label = ['a']\n", "'auth_provider_label' in it is no string"},
      {"[grok_com_config]\nauth_provider_label = {}\n", "'auth_provider_label' in it is no string"},
  }));
  CAPTURE(text);
  CHECK(Edited(text) == "REFUSED " + reason);
}

TEST_CASE("a command that is not UTF-8 is refused") {
  CHECK_THAT(Edited("", {"exec /\xff", "G"}), Catch::StartsWith("REFUSED it is written in a way"));
}
