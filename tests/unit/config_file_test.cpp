#include <catch2/catch.hpp>

#include <string>

#include "app/profile.h"
#include "fixture.h"

using namespace grokauth::app;
using grokauth::test::ErrorOf;
using std::chrono::seconds;

namespace {

constexpr const char* kPath = "/home/u/.config/grok-auth/config.toml";

Profile ReadOnly(const std::string& lines) {
  const Configuration configuration = ParseConfiguration(
      "[profile.work]\nissuer = \"https://id.example\"\nclient_id = \"c\"\n" + lines, kPath);
  REQUIRE(configuration.profiles.size() == 2);
  return configuration.profiles.front();
}

/// The complaint about `text`, its path taken off.
std::string Complaint(const std::string& text) {
  const Error error = ErrorOf([&] { static_cast<void>(ParseConfiguration(text, kPath)); });
  CHECK(error.kind() == ErrorKind::kConfig);
  const std::string message = error.what();
  REQUIRE(message.starts_with(std::string(kPath) + ":"));
  return message.substr(std::string(kPath).size() + 1);
}

}  // namespace

TEST_CASE("an empty file is the built-in profile alone") {
  const Configuration configuration = ParseConfiguration("", kPath);
  REQUIRE(configuration.profiles.size() == 1);
  CHECK(configuration.profiles.front().name == "xai");
  CHECK_FALSE(configuration.default_profile);
}

TEST_CASE("every key of a profile is read") {
  const Profile profile = ReadOnly(R"(
scopes = ["openid", "x:y"]
audience = "api://grok"
flow = "device"
device_pkce = false
store = "file"
min_validity = 360
ca_file = "/etc/ssl/acme.pem"
api_base = "https://grok.example/v1/"
allow_http_loopback = true
authorize_params = { prompt = "login", a = "b" }
)");
  CHECK(profile.name == "work");
  CHECK(profile.issuer == "https://id.example");
  CHECK(profile.client_id == "c");
  CHECK(profile.scopes == std::vector<std::string>{"openid", "x:y"});
  CHECK(profile.audience == "api://grok");
  CHECK(profile.flow == Flow::kDevice);
  CHECK_FALSE(profile.device_pkce);
  CHECK(profile.store == StoreChoice::kFile);
  CHECK(profile.api_base == "https://grok.example/v1");
  CHECK(profile.min_validity == seconds(360));
  CHECK(profile.ca_file == "/etc/ssl/acme.pem");
  CHECK(profile.allow_http_loopback);
  CHECK(profile.authorize_params.size() == 2);
}

TEST_CASE("a profile needs nothing but issuer and client_id") {
  const Profile profile = ReadOnly("");
  CHECK(profile.scopes == std::vector<std::string>{"openid", "profile", "email", "offline_access"});
  CHECK(profile.device_pkce);
  CHECK_FALSE(profile.min_validity);
  CHECK_FALSE(profile.allow_http_loopback);
  CHECK(profile.authorize_params.empty());
}

TEST_CASE("a complaint names file, line and column") {
  const auto [text, where] = GENERATE(table<std::string, std::string>({
      {"default_profil = \"x\"", "1:1: unknown key 'default_profil'"},
      {"\n  [profile.work]\n  isuer = \"https://id.example\"", "3:3: unknown key 'isuer'"},
      {"[profile.work]\nclient_secret = \"s\"", "2:1: unknown key 'client_secret'"},
      {"[extra]\na = 1", "1:2: unknown key 'extra'"},
      {"default_profile = 7", "1:19: 'default_profile' must be a string"},
      {"default_profile = \"\"", "1:19: 'default_profile' must be a string that is not empty"},
      {"[profile.work]\nflow = \"Device\"", "2:8: 'flow' is 'Device'"},
      {"[profile.work]\nstore = \"memory\"", "2:9: 'store' is 'memory'"},
      {"[profile.work]\ndevice_pkce = \"yes\"", "2:15: 'device_pkce' must be true or false"},
      {"[profile.work]\nmin_validity = \"60\"", "2:16: 'min_validity' must be a whole number"},
      {"[profile.work]\nmin_validity = 1.5", "2:16: 'min_validity' must be a whole number"},
      {"[profile.work]\nmin_validity = -1", "2:16: 'min_validity' must be a whole number"},
      {"[profile.work]\nmin_validity = 86401", "2:16: 'min_validity' must be a whole number"},
      {"[profile.work]\nscopes = \"openid\"", "2:10: 'scopes' must be an array"},
      {"[profile.work]\nscopes = [\"a b\"]", "2:11: 'scopes' must hold words"},
      {"[profile.work]\nscopes = [\"a\", 1]", "2:16: 'scopes' must hold words"},
      {"[profile.work]\nauthorize_params = \"a=b\"", "2:20: 'authorize_params' must be a table"},
      {"[profile.work]\nauthorize_params = { a = 1 }", "2:26: 'a' must be a string"},
      {"[profile.work]\naudience = \"a\\u001b[2J\"", "2:12: 'audience' has a control character"},
      {"[profile.work]\nclient_id = \" c\"", "2:13: 'client_id' has a control character"},
      {"profile = 1", "1:11: 'profile' must be a table"},
      {"[profile]\nwork = 1", "2:8: 'profile.work' must be a table"},
      {"[profile.\"a b\"]", "1:10: 'a b' cannot name a profile"},
      {"[profile.grok-oauth]", "1:10: 'grok-oauth' cannot name a profile"},
      {"[profile.work]\ngit = \"git.example\"", "2:7: 'git' must be a table"},
      {"[profile.work.git]\nhost = []", "2:1: unknown key 'host'"},
      {"[profile.work.git]\nhosts = \"git.example\"", "2:9: 'hosts' must be an array"},
      {"[profile.work.git]\nhosts = [7]", "2:10: 'hosts' must hold words"},
      {"[profile.work.git]\nhosts = [\"a b\"]", "2:10: 'hosts' must hold words"},
      {"[profile.work.git]\nhosts = [\"*.example\"]", "2:9: '*.example' in 'hosts' is no host"},
      {"[profile.work.git]\nhosts = [\"a\", \"https://b\"]", "2:9: 'https://b' in 'hosts'"},
      {"[profile.work.git]\nusername = \"\"", "2:12: 'username' must be a string that is not"},
      {"[profile.work.git]\nusername = \"a\\nhost=b\"", "2:12: 'username' has a control"},
  }));
  CAPTURE(text);
  const std::string complaint = Complaint(text);
  CAPTURE(complaint);
  CHECK(complaint.starts_with(where));
}

TEST_CASE("a profile may name the hosts whose git requests it answers, and a username") {
  const Profile profile = ReadOnly(
      "[profile.work.git]\nhosts = [\"git.example\", \"git.example:8443/team/\"]\n"
      "username = \"ada\"\n");
  CHECK(profile.git_hosts ==
        std::vector<GitHost>{{"git.example", ""}, {"git.example:8443", "team"}});
  CHECK(profile.git_username == "ada");
}

TEST_CASE("without hosts a profile answers git for none") {
  const std::string lines =
      GENERATE("", "[profile.work.git]\n", "[profile.work.git]\nhosts = []\n");
  CHECK(ReadOnly(lines).git_hosts.empty());
  CHECK(ReadOnly(lines).git_username == "oauth2");
}

TEST_CASE("the hosts of the built-in profile are its API, unless the file says otherwise") {
  const auto [lines, hosts] = GENERATE(table<std::string, std::vector<GitHost>>({
      {"", {{"api.x.ai", ""}}},
      {"[profile.xai.git]\nusername = \"ada\"\n", {{"api.x.ai", ""}}},
      {"[profile.xai.git]\nhosts = []\n", {}},
      {"[profile.xai.git]\nhosts = [\"git.example\"]\n", {{"git.example", ""}}},
  }));
  CHECK(ParseConfiguration(lines, kPath).profiles.back().git_hosts == hosts);
}

TEST_CASE("a key given twice is an error where it is given again") {
  const std::string complaint = Complaint("[profile.work]\nclient_id = \"a\"\nclient_id = \"b\"\n");
  CAPTURE(complaint);
  CHECK(complaint.starts_with("3:"));
  CHECK(Complaint("[profile.work]\n[profile.work]\n").starts_with("2:"));
}

TEST_CASE("a syntax error names its place") {
  const auto [text, line] = GENERATE(table<std::string, std::string>({
      {"default_profile = ", "1:"},
      {"\n[profile.work\n", "2:"},
      {"\n\nnonsense\n", "3:"},
      {"a = \"unterminated\n", "1:"},
  }));
  CAPTURE(text);
  CHECK(Complaint(text).starts_with(line));
}

TEST_CASE("a profile without issuer or client_id is refused") {
  CHECK(Complaint("[profile.work]\nclient_id = \"c\"").find("has no 'issuer'") !=
        std::string::npos);
  CHECK(Complaint("[profile.work]\nissuer = \"https://id.example\"").find("has no 'client_id'") !=
        std::string::npos);
}

TEST_CASE("an issuer is an https URL without query, fragment or user name") {
  const std::string issuer =
      GENERATE(as<std::string>{}, "http://id.example", "id.example", "https://", "ftp://id.example",
               "https://id.example?x", "https://id.example#x", "https://u@id.example",
               "http://127.0.0.1:8080");
  CAPTURE(issuer);
  const std::string text = "[profile.work]\nclient_id = \"c\"\nissuer = \"" + issuer + "\"\n";
  CHECK(Complaint(text).starts_with("3:10: the issuer "));
}

TEST_CASE("an http issuer needs a loopback host and allow_http_loopback, in any order") {
  const std::string begin = "[profile.work]\nclient_id = \"c\"\n";
  const std::string allow = "allow_http_loopback = true\n";
  const std::string loopback = "issuer = \"http://127.0.0.1:8080\"\n";
  CHECK(ParseConfiguration(begin + loopback + allow, kPath).profiles.front().issuer ==
        "http://127.0.0.1:8080");
  CHECK(ParseConfiguration(begin + allow + loopback, kPath).profiles.front().issuer ==
        "http://127.0.0.1:8080");
  CHECK(Complaint(begin + allow + "issuer = \"http://id.example\"\n").find("is plain http") !=
        std::string::npos);
}

TEST_CASE("the issuer stays the exact string") {
  const Configuration configuration = ParseConfiguration(
      "[profile.work]\nclient_id = \"c\"\nissuer = \"https://ID.example:443/realm/\"\n", kPath);
  CHECK(configuration.profiles.front().issuer == "https://ID.example:443/realm/");
}

TEST_CASE("the file may change the built-in profile, but not its issuer") {
  const Configuration configuration =
      ParseConfiguration("[profile.xai]\nmin_validity = 7\nstore = \"file\"\n", kPath);
  REQUIRE(configuration.profiles.size() == 1);
  const Profile& profile = configuration.profiles.front();
  CHECK(profile.is_xai);
  CHECK(profile.issuer == "https://auth.x.ai");
  CHECK(profile.client_id == MakeXaiProfile().client_id);
  CHECK(profile.scopes == MakeXaiProfile().scopes);
  CHECK(profile.authorize_params == MakeXaiProfile().authorize_params);
  CHECK(profile.min_validity == seconds(7));
  CHECK(Complaint("[profile.xai]\nissuer = \"https://id.example\"\n").starts_with("2:10: "));
  CHECK(Complaint("[profile.xai]\nissuer = \"https://auth.x.ai/\"\n").starts_with("2:10: "));
  CHECK_NOTHROW(ParseConfiguration("[profile.xai]\nissuer = \"https://auth.x.ai\"\n", kPath));
}

TEST_CASE("no permission in the file unpins the built-in profile") {
  const Configuration configuration =
      ParseConfiguration("[profile.xai]\nallow_http_loopback = true\n", kPath);
  CHECK(configuration.profiles.front().EndpointRules().pinned_domain == "x.ai");
}

TEST_CASE("an API that the token may not go to is refused, and not repeated") {
  const std::string issuer = "issuer = \"https://id.example\"\nclient_id = \"c\"\n";
  const auto complaint = [&](const std::string& profile, const std::string& url) {
    return Complaint("[profile." + profile + "]\n" + (profile == "xai" ? "" : issuer) +
                     "api_base = \"" + url + "\"\n");
  };
  CHECK(complaint("work", "grok.example/v1") == "4:12: 'api_base' is not an absolute https URL");
  CHECK(complaint("work", "http://grok.example") == "4:12: 'api_base' is plain http");
  CHECK(complaint("work", "http://127.0.0.1:1").find("allow_http_loopback is not set") !=
        std::string::npos);
  CHECK(complaint("work", "https://a:b@grok.example") ==
        "4:12: 'api_base' carries a user name or password");
  CHECK(complaint("work", "https://grok.example/?a") ==
        "4:12: 'api_base' has a query or a fragment");
  CHECK(complaint("xai", "https://grok.example/v1") == "2:12: 'api_base' is not on x.ai");
}

TEST_CASE("an API on this computer needs no https where the profile allows that") {
  CHECK(
      ReadOnly("allow_http_loopback = true\napi_base = \"http://127.0.0.1:8000/v1\"\n").api_base ==
      "http://127.0.0.1:8000/v1");
}

TEST_CASE("only xAI's profile knows its API from the start, and may name another one of xAI") {
  CHECK(MakeXaiProfile().api_base == "https://api.x.ai/v1");
  CHECK_FALSE(ReadOnly("").api_base);
  const Configuration configuration =
      ParseConfiguration("[profile.xai]\napi_base = \"https://eu-west-1.api.x.ai/v1\"\n", kPath);
  CHECK(configuration.profiles.front().api_base == "https://eu-west-1.api.x.ai/v1");
}
