#include "app/api_key.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "app/exec.h"
#include "app/login.h"
#include "app/status.h"
#include "sign_in_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;

namespace {

constexpr const char* kKey = "xai-0123456789abcdef";

struct Keyed : SigningIn {
  explicit Keyed(const std::string& line = kKey) { secret_input.line = line; }

  void Store() { StoreApiKey(context); }
  [[nodiscard]] std::string Said() const { return terminal.Messages(); }
  [[nodiscard]] bool Says(const std::string& words) const {
    return Said().find(words) != std::string::npos;
  }
};

}  // namespace

TEST_CASE("an API key is stored in the profile under an id of its own") {
  Keyed run;
  run.Store();
  const StoredLogin login = run.store.Load();
  CHECK(run.Tokens().credential == Credential::kApiKey);
  CHECK(run.Tokens().access_token == kKey);
  CHECK(login.in_file);
  CHECK_FALSE(login.store_id.empty());
  CHECK(run.secret_input.prompts ==
        std::vector<std::string>{"API key for profile 'work' (not shown): "});
  CHECK_FALSE(run.Says(kKey));
  CHECK_FALSE(run.Says("revoked"));
}

TEST_CASE("it may have come with blanks around it") {
  Keyed run(" \t" + std::string(kKey) + " \r");
  run.Store();
  CHECK(run.Tokens().access_token == kKey);
}

TEST_CASE("what is no API key is not stored, and what is stored stays") {
  const std::string line =
      GENERATE(as<std::string>{}, "", "  \t", "xai-0123456789a", std::string(1025, 'x'),
               "XAI_API_KEY = xai-0123456789abcdef", "xai-0123456789abcd\xc3\xa9",
               "xai-0123456789abcdef\x1b[201~", std::string("xai-0123456789\0abcdef", 21));
  CAPTURE(line);
  Keyed run(line);
  run.StoreLogin(run.MakeTokens());
  const Error error = ErrorOf([&] { run.Store(); });
  CHECK(error.kind() == ErrorKind::kUsage);
  CHECK((line.size() < 10 || std::string(error.what()).find(line) == std::string::npos));
  CHECK(run.Tokens().access_token == "access-1");
}

TEST_CASE("an input that ends without a key changes nothing") {
  Keyed run;
  run.secret_input.line.reset();
  run.StoreLogin(run.MakeTokens());
  CHECK(ErrorOf([&] { run.Store(); }).kind() == ErrorKind::kUsage);
  CHECK(run.Tokens().access_token == "access-1");
}

TEST_CASE("the login that a key replaces goes, and is not revoked, which is said") {
  Keyed run;
  run.StoreLogin(run.MakeTokens());
  run.Store();
  CHECK(run.Says("The login that it replaces was not revoked"));
  CHECK(run.http.sent.empty());
  for (const auto& [name, contents] : run.state.files) {
    CAPTURE(name);
    CHECK(contents.find("refresh-1") == std::string::npos);
  }
}

TEST_CASE("a key goes where a login would, under a name that tells it apart") {
  Keyed run;
  run.profile.store = StoreChoice::kAuto;
  SECTION("the keyring") {
    run.keyring.state = KeyringState::kNothing;
    run.Store();
    CHECK(run.keyring.labels == std::vector<std::string>{"grok-auth: work (API key)"});
    CHECK_FALSE(run.store.Load().in_file);
  }
  SECTION("a file, where there is none") {
    run.Store();
    CHECK(run.store.Load().in_file);
    CHECK(run.Says("The login is kept in "));
  }
  SECTION("a file, while it is locked") {
    run.keyring.state = KeyringState::kLocked;
    run.Store();
    CHECK(run.store.Load().IsRescued());
    CHECK(run.Says("warning: the keyring is locked"));
  }
  CHECK(run.Tokens().access_token == kKey);
}

TEST_CASE("a profile that wants the keyring asks for no key where there is none") {
  Keyed run;
  run.profile.store = StoreChoice::kLibsecret;
  CHECK(ErrorOf([&] { run.Store(); }).kind() == ErrorKind::kStore);
  CHECK(run.secret_input.prompts.empty());
}

TEST_CASE("a provider run prints no API key, asks nobody, and names the way") {
  const bool headless = GENERATE(false, true);
  Keyed run;
  run.Store();
  run.environment.grok_auth_expired = headless;
  const Error error = run.Failure();
  CHECK(error.kind() == ErrorKind::kLoginRequired);
  CHECK(error.hint().find("take auth_provider_command out") != std::string::npos);
  CHECK(error.hint().find("'grok-auth exec --profile work -- grok'") != std::string::npos);
  CHECK(run.terminal.answers.empty());
  CHECK(run.http.sent.empty());
}

TEST_CASE("there is nothing to renew about an API key") {
  Keyed run;
  run.Store();
  const Error error = ErrorOf([&] { RefreshNow(run.context); });
  CHECK(error.kind() == ErrorKind::kUsage);
  CHECK(std::string(error.what()).starts_with("there is nothing to renew"));
  CHECK(run.Tokens().access_token == kKey);
}

TEST_CASE("a command that uses tokens itself gets the API key") {
  Keyed run;
  run.Store();
  static_cast<void>(Exec(run.context, {seconds(86400), {"grok"}}));
  REQUIRE(run.successor.started.size() == 1);
  CHECK(run.successor.started[0].value == kKey);
  CHECK_FALSE(run.Says("warning"));
}

TEST_CASE("a logout deletes the API key, tells no server, and says where it lives on") {
  Keyed run;
  std::string where = "until you delete it where you got it.";
  SECTION("a company's") {}
  SECTION("xAI's") {
    run.profile.is_xai = true;
    where = "until you delete it at https://console.x.ai.";
  }
  run.Store();
  Logout(run.context);
  CHECK_FALSE(run.store.Load().tokens);
  CHECK(run.Says(where));
  CHECK_FALSE(run.Says("revoked"));
}

TEST_CASE("status says that there is an API key, and nothing of it") {
  Keyed run;
  run.Store();
  const std::string table = MakeStatusTable(run.context);
  CHECK(table.find("status:        connected\n") != std::string::npos);
  CHECK(table.find("credential:    API key\n") != std::string::npos);
  CHECK(table.find("token:") == std::string::npos);
  CHECK(table.find("xai-") == std::string::npos);
  run.StoreLogin(run.MakeTokens());
  CHECK(MakeStatusAnswer(run.context).String("credential") == "login");
}

TEST_CASE("a login takes the place of an API key") {
  Keyed run;
  run.Store();
  run.ExpectNewCode();
  run.ExpectApproval();
  run.LoginNow();
  CHECK(run.Tokens().credential == Credential::kLogin);
  CHECK(run.Tokens().access_token == "access-new");
}

TEST_CASE("what a refresh brings that was under way is dropped") {
  Keyed run;
  run.StoreLogin(run.MakeTokens());
  run.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    run.Store();
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
  });
  CHECK(std::holds_alternative<ReportedChange>(run.RunWorker()));
  CHECK(run.Tokens().access_token == kKey);
}

TEST_CASE("a provider run whose login becomes an API key meanwhile prints neither") {
  Keyed run;
  run.StoreLogin(run.MakeTokens(seconds(21590)));
  SECTION("while the server renews it") {
    run.http.Handle(kTokenUrl, [&](const HttpRequest&) {
      run.Store();
      return HttpResponse{200, "", std::nullopt, TokenAnswer("access-2", "refresh-2")};
    });
    run.worker.PlanRefresh();
  }
  SECTION("while the server cannot be reached") {
    run.http.Handle(kTokenUrl, [&](const HttpRequest&) {
      run.Store();
      return TransportFailure{TransportFailure::Cause::kTimeout, "silence", true};
    });
    run.worker.PlanRefresh();
  }
  SECTION("while another run renews it") {
    run.state.HoldElsewhere(kRefreshLock);
    run.clock.After(milliseconds(100), [&] {
      run.Store();
      run.state.ReleaseElsewhere(kRefreshLock);
    });
  }
  CHECK(run.Failure().kind() == ErrorKind::kLoginRequired);
  CHECK(run.terminal.answers.empty());
  CHECK(run.Tokens().access_token == kKey);
}

TEST_CASE("a sign-in that was under way ends, and what it still gets is revoked") {
  Keyed run;
  run.ExpectNewCode();
  run.http.Handle(kTokenUrl, [&](const HttpRequest&) {
    run.Store();
    CHECK(run.PendingNames().empty());
    return HttpResponse{200, "", std::nullopt, TokenAnswer("access-new", "refresh-new")};
  });
  run.http.Answer(kRevocationUrl, 200, "");
  SECTION("of a provider run") {
    const Error error = run.Failure();
    CHECK(std::string(error.what()).find("an API key was stored") != std::string::npos);
  }
  SECTION("of a login") {
    CHECK(ErrorOf([&] { run.LoginNow(); }).kind() == ErrorKind::kLoginRequired);
  }
  CHECK(run.terminal.answers.empty());
  CHECK(run.Tokens().access_token == kKey);
}

TEST_CASE("a key that is being asked for replaces what others store until it is there") {
  Keyed run;
  run.StoreLogin(run.MakeTokens());
  run.secret_input.before_line = [&] {
    TokenSet tokens = run.MakeTokens(seconds(0));
    tokens.store_id = "store-2";
    run.SaveElsewhere(tokens);
  };
  run.Store();
  CHECK(run.Tokens().access_token == kKey);
}
