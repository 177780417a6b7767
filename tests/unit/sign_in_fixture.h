#pragma once

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/login.h"
#include "app/token_source.h"
#include "fixture.h"

namespace grokauth::test {

inline constexpr const char* kNewUrl = "https://id.example/device?user_code=AAAA-BBBB";
inline constexpr const char* kOldUrl = "https://id.example/device?user_code=OLD-CODE";

/// A provider run that signs a person in.
struct SigningIn : Fixture {
  /// The next requests fetch a new code.
  void ExpectNewCode(const std::string& device_code = "device-1",
                     const std::string& user_code = "AAAA-BBBB") {
    http.Answer(kConfigurationUrl, 200, Metadata());
    http.Answer(kDeviceUrl, 200, DeviceAnswer(device_code, user_code));
  }
  /// The next polls are answered with these errors.
  void ExpectErrors(const std::vector<std::string>& errors) {
    for (const std::string& error : errors) {
      http.Answer(kTokenUrl, 400, ErrorAnswer(error));
    }
  }
  void ExpectPending(int polls) {
    ExpectErrors(
        std::vector<std::string>(static_cast<std::size_t>(polls), "authorization_pending"));
  }
  void ExpectApproval() { http.Answer(kTokenUrl, 200, TokenAnswer("access-new", "refresh-new")); }

  /// One run, from now on, as its own process.
  std::string Provide(app::TokenOptions options = {}) {
    app::Messages own_messages(terminal, verbose);
    own_messages.Hold();  // as the command does: nothing precedes the address
    app::Context run = NewRun(own_messages);
    options.format = app::TokenFormat::kBare;
    app::ProvideToken(run, options);
    own_messages.Release();
    REQUIRE(!terminal.answers.empty());
    return terminal.answers.back();
  }
  app::Error Failure(const app::TokenOptions& options = {}) {
    return ErrorOf([&] { Provide(options); });
  }

  /// The command `login`, from now on, as its own process.
  void LoginNow() {
    app::Context run = NewRun(messages);
    app::Login(run, {});
  }

  /// When the token endpoint was asked, in seconds since the beginning.
  [[nodiscard]] std::vector<std::int64_t> PollTimes() const {
    std::vector<std::int64_t> times;
    for (const ScriptedHttp::Sent& one : http.sent) {
      if (one.request.url == kTokenUrl) {
        times.push_back(std::chrono::duration_cast<seconds>(one.at).count());
      }
    }
    return times;
  }

  bool verbose = false;

  /// What Grok's terminal interface takes for the address: the first https:// word of the first
  /// write.
  [[nodiscard]] std::string FirstAddress() const {
    REQUIRE(!terminal.messages.empty());
    const std::string& line = terminal.messages.front();
    CHECK(line.find('\n') == line.size() - 1);
    const std::size_t begin = line.find("https://");
    REQUIRE(begin != std::string::npos);
    CHECK((begin == 0 || line[begin - 1] == ' '));
    return line.substr(begin, line.find_first_of(" \n", begin) - begin);
  }
};

}  // namespace grokauth::test
