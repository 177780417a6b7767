#include "app/git_host.h"

#include <catch2/catch.hpp>

#include <string>

using namespace grokauth::app;

namespace {

CredentialRequest Request(const std::string& protocol, const std::string& host,
                          const std::optional<std::string>& path = std::nullopt) {
  CredentialRequest request;
  request.protocol = protocol;
  request.host = host;
  request.path = path;
  return request;
}

bool Answers(const std::string& entry, const CredentialRequest& request,
             bool allow_http_loopback = false) {
  return Matches(ParseGitHost(entry).value(), request, allow_http_loopback);
}

}  // namespace

TEST_CASE("entries of git.hosts that can be used") {
  const std::string text =
      GENERATE("git.example", "Git.Example", "git.example:8443", "git.example/team",
               "git.example:8443/team/sub/", "127.0.0.1", "[::1]:8080", "my_host", "localhost");
  CAPTURE(text);
  CHECK(ParseGitHost(text));
}

TEST_CASE("entries of git.hosts that are refused") {
  const std::string text =
      GENERATE("", "/team", "*.example", "git.example:", "git.example:port", "git.example:99999",
               "https://git.example", "user@git.example", "git example", "git.example\n",
               "git.example?x", "git.example#x", "git.example/a/../b", "git.example/a//b",
               "git.example/./a", "git.example/%2e%2e", "git.example\\evil", "g\xc3\xadt.example");
  CAPTURE(text);
  CHECK_FALSE(ParseGitHost(text));
}

TEST_CASE("a host is matched exactly, but for case and the default port") {
  CHECK(Answers("git.example", Request("https", "git.example")));
  CHECK(Answers("git.example", Request("https", "GIT.EXAMPLE")));
  CHECK(Answers("Git.Example:443", Request("https", "git.example")));
  CHECK(Answers("git.example", Request("https", "git.example:443")));
  CHECK(Answers("git.example:8443", Request("https", "git.example:8443")));
  for (const char* host : {"",
                           "git.example.",
                           "x.git.example",
                           "git.example.evil",
                           "example",
                           "git.example:8443",
                           "git.example:80",
                           "git.example:443x",
                           "git.example:443:443",
                           "user@git.example",
                           "git.example@evil",
                           "git.example/",
                           "git.example?",
                           "git.example#",
                           "git.example%00",
                           "git.example\r",
                           "git.example\nhost=evil",
                           " git.example",
                           "git.example\\",
                           "[git.example]x",
                           "[git.example]",
                           "[git.example]:443"}) {
    CAPTURE(host);
    CHECK_FALSE(Answers("git.example", Request("https", host)));
  }
}

TEST_CASE("the token travels under https, or to this computer where that is allowed") {
  CHECK_FALSE(Answers("git.example", Request("http", "git.example")));
  CHECK_FALSE(Answers("git.example", Request("http", "git.example"), true));
  CHECK_FALSE(Answers("127.0.0.1:8080", Request("http", "127.0.0.1:8080")));
  CHECK(Answers("127.0.0.1:8080", Request("http", "127.0.0.1:8080"), true));
  CHECK(Answers("localhost", Request("http", "localhost:80"), true));
  CHECK_FALSE(Answers("localhost", Request("http", "localhost:443"), true));
  for (const char* protocol : {"", "HTTPS", "ssh", "git", "file", "https:", "ftp", "https\r"}) {
    CAPTURE(protocol);
    CHECK_FALSE(Answers("git.example", Request(protocol, "git.example")));
  }
  CHECK_FALSE(Matches(ParseGitHost("git.example").value(), CredentialRequest(), true));
}

TEST_CASE("an entry with a path answers for what lies under it") {
  const auto asks = [](const std::optional<std::string>& path) {
    return Answers("git.example/team", Request("https", "git.example", path));
  };
  CHECK(asks("team"));
  CHECK(asks("team/"));
  CHECK(asks("/team/repo.git"));
  CHECK(asks("team/repo.git/info/refs"));
  CHECK_FALSE(asks(std::nullopt));
  CHECK_FALSE(asks(""));
  CHECK_FALSE(asks("teams/repo.git"));
  CHECK_FALSE(asks("Team/repo.git"));
  CHECK_FALSE(asks("other/team"));
  CHECK_FALSE(asks("team/../other"));
  CHECK_FALSE(asks("team/./../other"));
  CHECK_FALSE(asks("team//../other"));
  CHECK_FALSE(asks("team/%2e%2e/other"));
  CHECK_FALSE(asks("team/..;/other"));
  CHECK_FALSE(asks("team/..\t/other"));
  CHECK_FALSE(asks("team\\..\\other"));
}
