#include "app/ssh_login.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>
#include <vector>

#include "fixture.h"

using namespace grokauth;
using namespace grokauth::test;
using app::ErrorKind;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kAddress = "https://accounts.x.ai/device?user_code=A-B";
constexpr const char* kElsewhere = "https://id.example/device?user_code=A-B";

/// The command on the laptop; the host writes what `remote_shell` is told.
struct Laptop : Fixture {
  int Run() {
    return app::SignInBySsh(options, app::DefaultConfiguration(), environment, edges, messages);
  }
  int RunToEnd(int status = 0) {
    remote_shell.End(status);
    return Run();
  }
  app::Error Fail(int status = 0) {
    remote_shell.End(status);
    app::Error error = ErrorOf([&] { static_cast<void>(Run()); });
    CHECK(remote_shell.running == 0);
    return error;
  }
  [[nodiscard]] std::string Shown() const { return terminal.Messages(); }
  [[nodiscard]] bool HasForward() const {
    const Strings& all = remote_shell.started.at(0);
    return std::find(all.begin(), all.end(), "-L") != all.end();
  }

  app::SshOptions options{"xai", std::nullopt, false, {"host"}};
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the address that the host prints is shown and opened here") {
  Laptop laptop;
  laptop.remote_shell.Write("Sign in at " + std::string(kAddress) + "\nCode: A-B\n");
  laptop.remote_shell.Write("Signed in as ada@x.\n", seconds(60));
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.Shown() ==
        "Sign in at " + std::string(kAddress) + "\nCode: A-B\nSigned in as ada@x.\n");
  CHECK(laptop.browser.opened == Strings{kAddress});
  CHECK(laptop.remote_shell.running == 0);
}

TEST_CASE("it is recognised in whatever pieces it comes") {
  const auto delay = GENERATE(milliseconds(0), milliseconds(3000));
  Laptop laptop;
  const std::string text = "\x1b[1mSign in at " + std::string(kAddress) + "\r\nCode: A-B\r\n";
  for (const char c : text) {
    laptop.remote_shell.Write(std::string(1, c), delay);
  }
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.Shown() == "Sign in at " + std::string(kAddress) + "\nCode: A-B\n");
  CHECK(laptop.browser.opened == Strings{kAddress});
}

TEST_CASE("only the first address is opened, later ones are shown") {
  Laptop laptop;
  laptop.remote_shell.Write("Sign in at " + std::string(kAddress) + "\n");
  laptop.remote_shell.Write("Sign in at https://accounts.x.ai/device?user_code=C-D\n");
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.browser.opened == Strings{kAddress});
  CHECK(Contains(laptop.Shown(), "user_code=C-D\n"));
}

TEST_CASE("no browser is opened where there is none, or none is wanted") {
  Laptop laptop;
  SECTION("none is wanted") {
    laptop.options.no_browser = true;
  }
  SECTION("there is none") {
    laptop.browser.is_available = false;
  }
  laptop.remote_shell.Write("Sign in at " + std::string(kAddress) + "\n");
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.browser.opened.empty());
  CHECK(laptop.Shown() == "Sign in at " + std::string(kAddress) + "\n");
}

TEST_CASE("a browser that cannot be started is said to be so") {
  Laptop laptop;
  laptop.browser.opens = false;
  laptop.remote_shell.Write("Sign in at " + std::string(kAddress) + "\n");
  CHECK(laptop.RunToEnd() == 0);
  CHECK(Contains(laptop.Shown(), "\nNo browser could be started here"));
}

TEST_CASE("an address that breaks the rule ends the sign-in, unopened") {
  const std::string url = GENERATE(as<std::string>{}, kElsewhere, "http://accounts.x.ai/device",
                                   "file:///etc/passwd", "https://x.ai@evil.example/");
  const bool is_second = GENERATE(false, true);
  CAPTURE(url, is_second);
  Laptop laptop;
  if (is_second) {
    laptop.remote_shell.Write("Sign in at " + std::string(kAddress) + "\n");
  }
  laptop.remote_shell.Write("Sign in at " + url + "\n");
  const app::Error error = laptop.Fail();
  CHECK(error.kind() == ErrorKind::kServer);
  CHECK(Contains(error.what(), url));
  CHECK_FALSE(error.hint().empty());
  CHECK(laptop.browser.opened == (is_second ? Strings{kAddress} : Strings{}));
  CHECK_FALSE(Contains(laptop.Shown(), "Sign in at " + url));
}

TEST_CASE("where no profile is named, an address elsewhere than on x.ai is shown but not opened") {
  Laptop laptop;
  laptop.options.profile.reset();
  laptop.remote_shell.Write("Sign in at " + std::string(kElsewhere) + "\n");
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.browser.opened.empty());
  CHECK(Contains(laptop.Shown(), "Sign in at " + std::string(kElsewhere) + "\n"));
  CHECK(Contains(laptop.Shown(), "is not on x.ai and no profile was named"));
}

TEST_CASE("where one is named that this computer does not know, any https address is opened") {
  Laptop laptop;
  laptop.options.profile = "work";
  laptop.remote_shell.Write("Sign in at " + std::string(kElsewhere) + "\n");
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.browser.opened == Strings{kElsewhere});
}

TEST_CASE("other lines are shown as they come, fit for the terminal") {
  const auto [written, shown] = GENERATE(table<std::string, std::string>({
      {"debug1: a\r\n\r\n  b\n", "debug1: a\n\n  b\n"},
      {"\x1b[2J\x1b[31mred\x1b[0m\n", "red\n"},
      {"a\x1b]0;title\x07\xe2\x80\xae!\n", "a!\n"},
      {"10%\r20%\r\n", "10%\n20%\n"},
      {"Sign in at the front desk\n", "Sign in at the front desk\n"},
      {"please Sign in at https://evil.example/\n", "please Sign in at https://evil.example/\n"},
      {"no end", "no end\n"},
      {"Sign in at https://evil.exam", "Sign in at https://evil.exam\n"},
  }));
  Laptop laptop;
  laptop.remote_shell.Write(written);
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.Shown() == shown);
  CHECK(laptop.browser.opened.empty());
}

TEST_CASE("a prompt without an end of its line is soon shown") {
  Laptop laptop;
  laptop.remote_shell.Write("Token \xe2\x82");
  laptop.remote_shell.Write("\xac: ", milliseconds(50));
  laptop.clock.After(seconds(1), [&] { CHECK(laptop.Shown() == "Token \xe2\x82\xac: "); });
  laptop.remote_shell.Write("ok\nnext\n", seconds(2));
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.Shown() == "Token \xe2\x82\xac: ok\nnext\n");
}

TEST_CASE("a line without an end is broken, not kept for ever") {
  Laptop laptop;
  laptop.remote_shell.Write(std::string(100'000, 'x'));
  CHECK(laptop.RunToEnd() == 0);
  CHECK(laptop.Shown().size() > 100'000);
  CHECK(laptop.terminal.messages.size() > 3);
}

TEST_CASE("the host's advice how to forward the port is left out where it is forwarded") {
  const std::string advice =
      "The browser must reach this computer. From the one you sit at:\n"
      "  ssh -N -L 56121:127.0.0.1:56121 ada@host\n";
  Laptop laptop;
  laptop.remote_shell.Write(advice + "  Waiting\nWaiting for your browser ...\n  indented\n");
  SECTION("it is") {
    laptop.options.flow = app::Flow::kLoopback;
    CHECK(laptop.RunToEnd() == 0);
    CHECK(laptop.HasForward());
    CHECK(laptop.Shown() == "Waiting for your browser ...\n  indented\n");
  }
  SECTION("it is not") {
    CHECK(laptop.RunToEnd() == 0);
    CHECK(Contains(laptop.Shown(), advice));
  }
}

TEST_CASE("a browser that ends at a port that nobody forwards is announced") {
  Laptop laptop;
  laptop.options.profile = "work";
  const std::string url = "https://id.example/auth?redirect_uri=http%3A%2F%2F127.0.0.1%3A";
  SECTION("another one") {
    laptop.remote_shell.Write("Sign in at " + url + "4000%2F\n");
    CHECK(laptop.RunToEnd() == 0);
    CHECK(Contains(laptop.Shown(), "'-L 127.0.0.1:4000:127.0.0.1:4000'"));
  }
  SECTION("the right one") {
    laptop.remote_shell.Write("Sign in at " + url + "56121%2F\n");
    CHECK(laptop.RunToEnd() == 0);
    CHECK_FALSE(Contains(laptop.Shown(), "warning"));
  }
  CHECK(laptop.browser.opened.size() == 1);
}

TEST_CASE("the status of the remote login is the status") {
  const int status = GENERATE(0, 1, 2, 3, 4, 126, 129, 130, 143);
  Laptop laptop;
  CHECK(laptop.RunToEnd(status) == status);
  CHECK(laptop.Shown().empty());
}

TEST_CASE("a host without grok-auth is told apart") {
  Laptop laptop;
  laptop.remote_shell.Write("bash: line 1: grok-auth: command not found\n");
  const app::Error error = laptop.Fail(127);
  CHECK(error.kind() == ErrorKind::kConfig);
  CHECK(Contains(error.hint(), "command -v grok-auth"));
  CHECK(Contains(laptop.Shown(), "command not found\n"));
}

TEST_CASE("where ssh fails, the port that it was to forward is looked at") {
  Laptop laptop;
  laptop.options.flow = app::Flow::kLoopback;
  SECTION("it was taken meanwhile") {
    laptop.remote_shell.before_end = [&] { laptop.loopback.is_taken = true; };
    CHECK(Contains(laptop.Fail(255).hint(), "port 56121 of 127.0.0.1 is taken here by 'nc'"));
  }
  SECTION("it is free") {
    CHECK(Contains(laptop.Fail(255).hint(), "ssh alone"));
  }
  SECTION("it was not asked for") {
    laptop.options.flow = app::Flow::kDevice;
    laptop.loopback.is_taken = true;
    CHECK(Contains(laptop.Fail(255).hint(), "ssh alone"));
  }
}

TEST_CASE("a port that is taken is found out before ssh asks for a password") {
  Laptop laptop;
  laptop.loopback.is_taken = true;
  SECTION("the sign-in needs it") {
    laptop.options.flow = app::Flow::kLoopback;
    const app::Error error = ErrorOf([&] { static_cast<void>(laptop.Run()); });
    CHECK(error.kind() == ErrorKind::kNetwork);
    CHECK(Contains(error.what(), "port 56121 of 127.0.0.1 is taken here by 'nc' (process 7)"));
    CHECK(laptop.remote_shell.started.empty());
  }
  SECTION("a code may do instead") {
    laptop.options.profile = "work";
    CHECK(laptop.RunToEnd() == 0);
    CHECK_FALSE(laptop.HasForward());
    CHECK(laptop.remote_shell.started.at(0).end()[-2] == "--device");
    CHECK(Contains(laptop.Shown(), "warning: port 56121"));
  }
  SECTION("it is not needed") {
    CHECK(laptop.RunToEnd() == 0);
    CHECK(laptop.loopback.asked.empty());
    CHECK(laptop.Shown().empty());
  }
}

TEST_CASE("a signal ends it, and ssh with it") {
  Laptop laptop;
  laptop.remote_shell.Write("Sign in at " + std::string(kAddress) + "\n");
  laptop.remote_shell.Write("never", std::chrono::hours(5));
  laptop.clock.InterruptAfter(seconds(30), SIGTERM);
  CHECK_THROWS_AS(laptop.Run(), app::Interrupted);
  CHECK(laptop.remote_shell.running == 0);
}

TEST_CASE("option --verbose tells what is run, fit for the terminal") {
  Laptop laptop;
  laptop.options.arguments = {"-o", "ProxyCommand=nc %h\x1b[2J %p", "host"};
  laptop.remote_shell.End(0);
  app::Messages verbose(laptop.terminal, /*verbose=*/true);
  CHECK(app::SignInBySsh(laptop.options, app::DefaultConfiguration(), laptop.environment,
                         laptop.edges, verbose) == 0);
  CHECK(laptop.Shown() ==
        "grok-auth: runs ssh -o ControlPath=none -o RequestTTY=no -o RemoteCommand=none -o "
        "'ProxyCommand=nc %h %p' host grok-auth login --profile=xai --device --no-browser\n");
}
