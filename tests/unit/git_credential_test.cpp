#include "app/git_credential.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "sign_in_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using Strings = std::vector<std::string>;

namespace {

CredentialRequest AskFor(const std::string& host,
                         const std::optional<std::string>& path = std::nullopt) {
  CredentialRequest request;
  request.protocol = "https";
  request.host = host;
  request.path = path;
  return request;
}

Profile Answering(const std::string& name, const Strings& hosts) {
  Profile profile = MakeProfile();
  profile.name = name;
  for (const std::string& host : hosts) {
    profile.git_hosts.push_back(ParseGitHost(host).value());
  }
  return profile;
}

/// The name of the profile that answers, "none" for nobody.
std::string WhoAnswers(const CredentialRequest& request, const std::vector<Profile>& profiles) {
  const Profile* found = FindProfileFor(request, profiles);
  return found == nullptr ? "none" : found->name;
}

/// git asks, at a terminal unless the test takes it away.
struct Asking : SigningIn {
  Asking() { terminal.screen = Screen{}; }

  void Get(bool no_interactive = false) {
    Context run = NewRun(messages);
    AnswerCredentialRequest(run, request, no_interactive);
  }
  void Erase() {
    Context run = NewRun(messages);
    EraseCredential(run, request);
  }
  /// The one answer.
  [[nodiscard]] std::string Answer() {
    Get();
    REQUIRE(terminal.answers.size() == 1);
    return terminal.answers.front();
  }
  /// The error of a request that gets nothing.
  [[nodiscard]] Error Failure(bool no_interactive = false) {
    Error error = ErrorOf([&] { Get(no_interactive); });
    CHECK(terminal.answers.empty());
    return error;
  }
  /// Puts an API key where a login would be.
  void StoreKey() {
    TokenSet tokens = MakeTokens(seconds(0), std::nullopt);
    tokens.credential = Credential::kApiKey;
    tokens.access_token = "key-1";
    tokens.refresh_token.reset();
    StoreLogin(tokens);
  }

  CredentialRequest request = AskFor("git.example");
};

/// Whether the run takes the stored token for one that a server did not take.
bool IsErased(Asking& run, const std::string& token = "access-1") {
  return IsRejected(run.Record(), token);
}

}  // namespace

TEST_CASE("of several profiles the one with the longest path answers git, then the first") {
  const std::vector<Profile> profiles{Answering("a", {"other.example", "git.example/team"}),
                                      Answering("b", {"git.example"}),
                                      Answering("c", {"git.example/team/sub", "git.example/team"}),
                                      Answering("d", {"git.example"})};
  CHECK(WhoAnswers(AskFor("git.example"), profiles) == "b");
  CHECK(WhoAnswers(AskFor("git.example", "else/repo.git"), profiles) == "b");
  CHECK(WhoAnswers(AskFor("git.example", "team/repo.git"), profiles) == "a");
  CHECK(WhoAnswers(AskFor("git.example", "team/sub/repo.git"), profiles) == "c");
  CHECK(WhoAnswers(AskFor("other.example"), profiles) == "a");
  CHECK(WhoAnswers(AskFor("none.example"), profiles) == "none");
  CHECK(WhoAnswers(CredentialRequest{}, profiles) == "none");
  CHECK(WhoAnswers(AskFor("git.example"), {}) == "none");
}

TEST_CASE("the built-in profile answers for the API of xAI and nothing else") {
  const std::vector<Profile> profiles{MakeXaiProfile()};
  CHECK(WhoAnswers(AskFor("api.x.ai"), profiles) == "xai");
  CHECK(WhoAnswers(AskFor("API.x.ai:443", "v1/models"), profiles) == "xai");
  for (const char* host : {"x.ai", "auth.x.ai", "eu-west-1.api.x.ai", "api.x.ai.", "api.x.ai:80"}) {
    CAPTURE(host);
    CHECK(WhoAnswers(AskFor(host), profiles) == "none");
  }
  CredentialRequest plain = AskFor("api.x.ai");
  plain.protocol = "http";
  CHECK(WhoAnswers(plain, profiles) == "none");
}

TEST_CASE("git gets the stored token, when it ends, and a username") {
  Asking run;
  run.StoreLogin(run.MakeTokens());
  CHECK(run.Answer() == "username=oauth2\npassword=access-1\npassword_expiry_utc=1800018000\n");
  CHECK(run.terminal.messages.empty());
  CHECK(run.state.locks_taken.empty());
}

TEST_CASE("the username is that of the request, else the profile's") {
  Asking run;
  run.StoreLogin(run.MakeTokens());
  run.profile.git_username = "ada";
  std::string expected = "username=ada\n";
  SECTION("the profile's") {}
  SECTION("the request's") {
    run.request.username = "grace";
    expected = "username=grace\n";
  }
  SECTION("an empty one is one") {
    run.request.username = "";
    expected = "username=\n";
  }
  CHECK(run.Answer().starts_with(expected + "password=access-1\n"));
}

TEST_CASE("a caller that understands authtype gets the token as a bearer token") {
  Asking run;
  run.StoreLogin(run.MakeTokens());
  run.request.can_authtype = true;
  CHECK(run.Answer() ==
        "capability[]=authtype\nauthtype=Bearer\ncredential=access-1\nephemeral=1\n"
        "password_expiry_utc=1800018000\n");
}

TEST_CASE("git needs a token that lasts for a minute, and gets a refreshed one else") {
  Asking run;
  SECTION("a minute is left") {
    run.StoreLogin(run.MakeTokens(seconds(21540)));
    CHECK_THAT(run.Answer(), Catch::Contains("password=access-1\n"));
  }
  SECTION("less is") {
    run.StoreLogin(run.MakeTokens(seconds(21541)));
    run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
    run.worker.PlanRefresh();
    CHECK(run.Answer() == "username=oauth2\npassword=access-2\npassword_expiry_utc=1800021600\n");
  }
  CHECK(run.terminal.messages.empty());
}

TEST_CASE("an answer has never a refresh token") {
  Asking run;
  run.StoreLogin(run.MakeTokens(seconds(30000)));
  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh();
  CHECK(run.Answer().find("refresh") == std::string::npos);
}

TEST_CASE("git gets the API key of a profile that has one, without an end") {
  Asking run;
  run.StoreKey();
  CHECK(run.Answer() == "username=oauth2\npassword=key-1\n");
}

TEST_CASE("where a person can be asked a sign-in answers git") {
  Asking run;
  run.ExpectNewCode();
  run.ExpectApproval();
  CHECK_THAT(run.Answer(), Catch::StartsWith("username=oauth2\npassword=access-new\n"));
  CHECK_THAT(run.terminal.messages.front(), Catch::Contains(kNewUrl));
}

TEST_CASE("where nobody can be asked git gets an error, and nothing on standard output") {
  Asking run;
  bool no_interactive = false;
  SECTION("there is no terminal") {
    run.terminal.screen.reset();
  }
  SECTION("git may not prompt") {
    run.environment.git_may_prompt = false;
  }
  SECTION("the caller said so") {
    no_interactive = true;
  }
  SECTION("Grok asks for a token without a person") {
    run.environment.grok_auth_expired = true;
  }
  const Error error = run.Failure(no_interactive);
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(error.hint() == LoginHint(run.profile));
  CHECK(run.http.sent.empty());
  CHECK(run.browser.opened.empty());
  CHECK(run.PendingNames().empty());
}

TEST_CASE("a stored token that would be read as another attribute is none") {
  Asking run;
  run.terminal.screen.reset();
  TokenSet tokens = run.MakeTokens();
  tokens.access_token = "access\nhost=evil.example";
  run.StoreLogin(tokens);
  run.request.can_authtype = GENERATE(false, true);
  CHECK(run.Failure().kind() == ErrorKind::kLoginRequired);
}

TEST_CASE("an erased token is not handed out again, and the login stays") {
  Asking run;
  run.StoreLogin(run.MakeTokens());
  SECTION("as a password") {
    run.request.password = "access-1";
  }
  SECTION("as a credential") {
    run.request.credential = "access-1";
  }
  SECTION("as a credential beside another password") {
    run.request.credential = "access-1";
    run.request.password = "other";
  }
  run.Erase();
  CHECK(IsErased(run));
  CHECK(run.Tokens().refresh_token == "refresh-1");
  CHECK(run.terminal.answers.empty());
  CHECK(run.terminal.messages.empty());
  CHECK(run.http.sent.empty());

  run.http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2"));
  run.worker.PlanRefresh();
  CHECK_THAT(run.Answer(), Catch::Contains("password=access-2\n"));
}

TEST_CASE("an erased token is not handed out although no other can be had") {
  Asking run;
  run.StoreLogin(run.MakeTokens());
  run.request.password = "access-1";
  run.Erase();
  run.terminal.screen.reset();
  run.http.Answer(kTokenUrl, 503, "");
  run.worker.PlanRefresh();
  CHECK(run.Failure().kind() == ErrorKind::kServer);
}

TEST_CASE("what is not the stored token is not erased") {
  Asking run;
  run.StoreLogin(run.MakeTokens());
  SECTION("nothing is named") {}
  SECTION("another password") {
    run.request.password = "access-0";
  }
  SECTION("another credential") {
    run.request.credential = "access-0";
    run.request.password = "access-1";
  }
  SECTION("the refresh token") {
    run.request.password = "refresh-1";
  }
  const std::map<std::string, std::string> before = run.state.files;
  run.Erase();
  CHECK(run.state.files == before);
}

TEST_CASE("a token that nothing can renew is not erased: it may still do elsewhere") {
  Fixture fixture;
  fixture.profile.git_hosts = {GitHost{"git.example", ""}};
  TokenSet tokens = fixture.MakeTokens();
  RefreshRecord record = Fixture::MakeRecord(tokens);
  SECTION("without a refresh token") {
    tokens.refresh_token.reset();
  }
  SECTION("with a dead one") {
    MarkDead(record, "refresh-1");
  }
  fixture.StoreLogin(tokens, record);
  CredentialRequest request;
  request.password = "access-1";
  EraseCredential(fixture.context, request);
  CHECK_FALSE(IsRefused(fixture.Record(), "access-1"));
}

TEST_CASE("an erase that cannot be kept is told") {
  Fixture fixture;
  fixture.StoreLogin(fixture.MakeTokens());
  fixture.state.unwritable = {"work.last"};
  CredentialRequest request;
  request.password = "access-1";
  CHECK(ErrorOf([&] { EraseCredential(fixture.context, request); }).kind() == ErrorKind::kStore);
}

TEST_CASE("an API key is not erased") {
  Asking run;
  run.StoreKey();
  run.request.password = "key-1";
  const std::map<std::string, std::string> before = run.state.files;
  run.Erase();
  CHECK(run.state.files == before);
  CHECK_THAT(run.Answer(), Catch::Contains("password=key-1\n"));
}

TEST_CASE("nothing is erased where nobody is signed in") {
  Asking run;
  run.request.password = "access-1";
  run.Erase();
  CHECK(run.state.files.empty());
  CHECK(run.terminal.messages.empty());
}

TEST_CASE("a token of another issuer under the profile's name is not handed out") {
  Asking run;
  TokenSet tokens = run.MakeTokens();
  tokens.issuer = "https://other.example";
  run.StoreLogin(tokens);
  static_cast<void>(run.Failure());
  CHECK(run.http.sent.empty());
}
