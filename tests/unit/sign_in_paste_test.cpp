#include <catch2/catch.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "oauth/json.h"
#include "terminal_fixture.h"

using namespace grokauth::app;
using namespace grokauth::test;
using namespace std::chrono_literals;
using grokauth::oauth::JsonObject;

namespace {

constexpr const char* kAuthorizeUrl = "https://id.example/authorize";
constexpr const char* kCode = "SplxlOBeZQQYbYS6WxSbIA";  // RFC 6749 section 4.1.2

/// Hears nothing, for as long as it is asked to listen.
class QuietListener final : public LoopbackListener {
 public:
  explicit QuietListener(FakeClock& clock) : clock_(clock) {}
  [[nodiscard]] std::uint16_t Port() const override { return 40000; }
  bool Serve(const std::function<LoopbackReply(const LoopbackRequest&)>& /*handle*/,
             SteadyTime deadline) override {
    clock_.SleepUntil(deadline);
    return false;
  }

 private:
  FakeClock& clock_;
};

class QuietLoopback final : public Loopback {
 public:
  explicit QuietLoopback(FakeClock& clock) : clock_(clock) {}
  std::unique_ptr<LoopbackListener> Listen(std::uint16_t /*port*/) override {
    return std::make_unique<QuietListener>(clock_);
  }
  std::string HolderOf(std::uint16_t /*port*/) override { return ""; }

 private:
  FakeClock& clock_;
};

/// The same by the loopback flow, where something is typed.
struct Pasting : OnTerminal {
  Pasting() {
    profile.flow = Flow::kLoopback;
    browser.is_available = false;
    terminal.typed.emplace();
  }

  void ExpectDiscovery() {
    JsonObject metadata;
    metadata.Set("issuer", kIssuer)
        .Set("token_endpoint", kTokenUrl)
        .Set("authorization_endpoint", kAuthorizeUrl);
    http.Answer(kConfigurationUrl, 200, metadata.Text());
  }
  /// The next request sends `code` and gets the tokens.
  void ExpectCode(const std::string& code) {
    http.Handle(kTokenUrl, [this, code](const HttpRequest& request) {
      CHECK(DecodeForm(request.form).at("code") == code);
      CHECK(DecodeForm(request.form).at("code_verifier").size() == 43);
      return HttpResponse{200, "", std::nullopt, Answer()};
    });
  }

  Context NewQuietRun() { return NewQuietRun(messages); }
  Context NewQuietRun(Messages& its_messages) {
    return {profile,      environment,       edges_, store, files, pending,
            its_messages, clock.SteadyNow(), {}};
  }
  void Login(LoginOptions options = {}) {
    Context run = NewQuietRun();
    grokauth::app::Login(run, options);
  }
  Error LoginFailure(LoginOptions options = {}) {
    return ErrorOf([&] { Login(options); });
  }
  Error ProvideFailure(const TokenOptions& options) {
    Context run = NewQuietRun();
    messages.Hold();
    return ErrorOf([&] { ProvideToken(run, options); });
  }

  void TypeAfter(milliseconds delay, const std::function<std::string()>& line) {
    clock.After(delay, [this, line] { terminal.typed->push_back(line()); });
  }

  /// A parameter of the address that was shown.
  [[nodiscard]] std::string Asked(const std::string& name) const {
    const std::string url = FirstAddress();
    return DecodeForm(url.substr(url.find('?') + 1)).at(name);
  }
  [[nodiscard]] std::string Redirect(const std::string& answer) const {
    return "http://127.0.0.1:40000/callback?" + answer + "&state=" + Asked("state");
  }

 private:
  /// With the ID token that the request asked for.
  [[nodiscard]] std::string Answer() {
    JsonObject claims;
    claims.Set("iss", kIssuer).Set("aud", "client-1").Set("sub", "user-1");
    claims.Set("email", "user-1@id").Set("nonce", Asked("nonce"));
    claims.Set("exp", (clock.Now() + 5min).time_since_epoch().count());
    JsonObject answer;
    answer.Set("access_token", "access-new").Set("token_type", "Bearer");
    answer.Set("expires_in", std::int64_t{3600}).Set("id_token", MakeJwt(claims.Text()));
    return answer.Text();
  }

  QuietLoopback quiet_{clock};
  Edges edges_{http,   state,        keyring,    clock,        random,    terminal,
               quiet_, browser,      qr_encoder, worker,       machine,   remote_shell,
               cache,  config_files, programs,   secret_input, successor, &runtime};
};

}  // namespace

TEST_CASE("a redirect that is pasted finishes the sign-in") {
  Pasting run;
  run.ExpectDiscovery();
  run.ExpectCode(kCode);
  const std::string answer = std::string("code=") + kCode;
  SECTION("the address") {
    run.TypeAfter(3s, [&] { return run.Redirect(answer); });
  }
  SECTION("its query") {
    run.TypeAfter(3s, [&] { return answer + "&state=" + run.Asked("state"); });
  }
  SECTION("the bare code") {
    run.TypeAfter(3s, [] { return kCode; });
  }
  SECTION("after empty lines") {
    run.TypeAfter(2s, [] { return ""; });
    run.TypeAfter(3s, [] { return kCode; });
  }
  run.Login();
  CHECK(run.Tokens().access_token == "access-new");
  CHECK(run.clock.Elapsed() <= 3500ms);
  CHECK(run.PendingNames().empty());
  const std::string left = run.Left();
  CHECK(left.find("warning") == std::string::npos);
  CHECK(left.find(kCode) == std::string::npos);
  CHECK_THAT(left, Catch::EndsWith("\nSigned in as user-1@id, valid for 1 h, then a new sign-in is "
                                   "needed.\n"));
}

TEST_CASE("what is pasted and of no use is warned about, and the wait goes on") {
  Pasting run;
  run.ExpectDiscovery();
  std::string warning;
  SECTION("the state of another sign-in") {
    run.TypeAfter(3s, [] { return "http://127.0.0.1:40000/callback?code=x&state=other"; });
    warning = "that belongs to another or an older sign-in";
  }
  SECTION("no state") {
    run.TypeAfter(3s, [] { return "?code=SplxlOBeZQQYbYS6WxSbIA"; });
    warning = "that belongs to another or an older sign-in";
  }
  SECTION("garbage") {
    run.TypeAfter(3s, [] { return "what am I to do?"; });
    warning = "that is neither the address that the browser ends at nor a code";
  }
  SECTION("the address of the sign-in itself") {
    run.TypeAfter(3s, [&] { return run.FirstAddress(); });
    warning = "that is neither the address that the browser ends at nor a code";
  }
  SECTION("a bare code that the server refuses") {
    run.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
    run.TypeAfter(3s, [] { return "SplxlOBeZQQYbYS6WxSbI"; });
    warning = "the server does not take this code: ";
  }
  SECTION("an address with a code that the server refuses") {
    run.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_grant"));
    run.TypeAfter(3s, [&] { return run.Redirect("code=used"); });
    warning = "the server does not take this code: ";
  }
  run.ExpectCode(kCode);
  run.TypeAfter(20s, [] { return kCode; });
  run.Login();
  const std::string left = run.Left();
  CHECK_THAT(left, Catch::Contains("\ngrok-auth: warning: " + warning));
  CHECK(left.find("warning") == left.rfind("warning"));
  CHECK(run.clock.Elapsed() >= 20s);
  CHECK(run.Tokens().access_token == "access-new");
}

TEST_CASE("lines that come at once are read in their order, up to the one that counts") {
  Pasting run;
  run.ExpectDiscovery();
  run.ExpectCode(kCode);
  for (const char* line : {"nonsense", kCode, "Another-code-0123456789"}) {
    run.TypeAfter(3s, [line] { return line; });
  }
  run.Login();
  CHECK(run.Tokens().access_token == "access-new");
  CHECK(*run.terminal.typed == std::deque<std::string>{"Another-code-0123456789"});
}

TEST_CASE("a pasted answer that is final ends the sign-in") {
  Pasting run;
  run.ExpectDiscovery();
  ErrorKind kind = ErrorKind::kAccessDenied;
  SECTION("declined") {
    run.TypeAfter(3s, [&] { return run.Redirect("error=access_denied"); });
  }
  SECTION("by another server") {
    run.TypeAfter(3s, [&] { return run.Redirect("code=x&iss=https%3A%2F%2Fevil.example"); });
    kind = ErrorKind::kServer;
  }
  SECTION("a server that fails") {
    run.http.Answer(kTokenUrl, 400, ErrorAnswer("invalid_client"));
    run.TypeAfter(3s, [] { return kCode; });
    kind = ErrorKind::kConfig;
  }
  const Error error = run.LoginFailure();
  CHECK(error.kind() == kind);
  CHECK(run.clock.Elapsed() < 4s);
  CHECK(run.PendingNames().empty());
}

TEST_CASE("what was pasted is never repeated") {
  Pasting run;
  Messages verbose(run.terminal, /*verbose=*/true);
  run.ExpectDiscovery();
  run.TypeAfter(2s, [&] { return "secret-words and more"; });
  run.TypeAfter(3s, [&] { return "?code=secret-code-0123456789&state=secret-state"; });
  run.ExpectCode("secret-code-9876543210");
  run.TypeAfter(4s, [&] { return "secret-code-9876543210"; });
  Context context = run.NewQuietRun(verbose);
  grokauth::app::Login(context, {});
  CHECK_THAT(run.terminal.Messages(), Catch::Contains("POST https://id.example/token: 200"));
  CHECK(run.terminal.Messages().find("secret") == std::string::npos);
}

TEST_CASE("pasting is offered where there is a keyboard, below the address") {
  Pasting run;
  LoginOptions options;
  options.timeout = seconds(2);
  SECTION("there is one") {}
  SECTION("there is none") {
    run.terminal.typed.reset();
  }
  run.ExpectDiscovery();
  CHECK(run.LoginFailure(options).kind() == ErrorKind::kTimeout);
  const bool is_offered = run.Left().find("paste here the address") != std::string::npos;
  CHECK(is_offered == run.terminal.typed.has_value());
  CHECK(run.FirstAddress().rfind(kAuthorizeUrl, 0) == 0);
}

TEST_CASE("a sign-in by browser counts down, too") {
  Pasting run;
  LoginOptions options;
  options.timeout = seconds(3);
  run.ExpectDiscovery();
  CHECK(run.LoginFailure(options).kind() == ErrorKind::kTimeout);
  CHECK(run.Countdown() == std::vector<std::string>{"Waiting for your browser, 0:03 left",
                                                    "Waiting for your browser, 0:02 left",
                                                    "Waiting for your browser, 0:01 left",
                                                    "Waiting for your browser, 0:00 left"});
}

TEST_CASE("a provider run reads no keyboard") {
  Pasting run;
  run.terminal.typed->push_back(kCode);
  run.ExpectDiscovery();
  TokenOptions options;
  options.timeout = seconds(3);
  CHECK(run.ProvideFailure(options).kind() == ErrorKind::kTimeout);
  CHECK(run.terminal.typed->size() == 1);
  CHECK(run.terminal.Messages().find("paste") == std::string::npos);
  CHECK(run.terminal.Messages().find('\x1b') == std::string::npos);
}
