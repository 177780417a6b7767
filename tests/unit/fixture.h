#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/context.h"
#include "app/error.h"
#include "app/pending_sign_in.h"
#include "app/refresh_record.h"
#include "fakes.h"

namespace grokauth::test {

inline constexpr const char* kIssuer = "https://id.example";
inline constexpr const char* kConfigurationUrl =
    "https://id.example/.well-known/openid-configuration";
inline constexpr const char* kOAuthMetadataUrl =
    "https://id.example/.well-known/oauth-authorization-server";
inline constexpr const char* kTokenUrl = "https://id.example/token";
inline constexpr const char* kDeviceUrl = "https://id.example/device_authorization";
inline constexpr const char* kRevocationUrl = "https://id.example/revoke";
inline constexpr const char* kRefreshLock = "work.lock";
inline constexpr const char* kSignInLock = "work.signin.lock";
inline constexpr const char* kPollLock = "work.poll.lock";
inline constexpr const char* kWriteLock = "work.write.lock";

/// A profile `work` at https://id.example, client `client-1`.
[[nodiscard]] app::Profile MakeProfile();

/// A JWT with these claims and a signature that nobody looks at.
[[nodiscard]] std::string MakeJwt(const std::string& claims);

/// A success of the token endpoint (RFC 6749 section 5.1), with an ID token of `sub`.
[[nodiscard]] std::string TokenAnswer(const std::string& access_token,
                                      const std::string& refresh_token,
                                      const std::string& sub = "user-1");
[[nodiscard]] std::string ErrorAnswer(const std::string& error);
/// The OpenID configuration of the profile's issuer.
[[nodiscard]] std::string Metadata(const std::string& token_endpoint = kTokenUrl);
/// The same, read.
[[nodiscard]] oauth::ServerMetadata MakeMetadata();
/// An answer of the device authorization endpoint: 600 s, interval 5 s.
[[nodiscard]] std::string DeviceAnswer(const std::string& device_code,
                                       const std::string& user_code);

/// Everything that `Context` needs, made of fakes. Nobody is signed in.
struct Fixture {
  Fixture();
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  app::Profile profile = MakeProfile();
  app::Environment environment;
  MemoryStateFolder state;
  FakeClock clock;
  ScriptedHttp http{clock};
  CountingRandom random;
  RecordingTerminal terminal;
  FakeKeyring keyring;
  FakeLoopback loopback;
  FakeBrowser browser;
  FakeQrEncoder qr_encoder;
  FakeWorker worker{clock};
  FakeMachine machine;
  FakeRemoteShell remote_shell{clock};
  MemoryStateFolder cache{MemoryStateFolder::Locks::kNone};
  MemoryStateFolder runtime{MemoryStateFolder::Locks::kNone};
  FakeConfigFiles config_files;
  FakePrograms programs;
  FakeSecretInput secret_input;
  FakeSuccessor successor;
  app::Edges edges{http,     state,        keyring,    clock,        random,    terminal,
                   loopback, browser,      qr_encoder, worker,       machine,   remote_shell,
                   cache,    config_files, programs,   secret_input, successor, &runtime};
  app::ProfileFiles files{profile.name, state, clock};
  app::PendingStore pending{files, random};
  app::LoginStore store{profile, files, keyring, random, &runtime};
  app::Messages messages{terminal, /*verbose=*/false};
  app::Context context = NewRun(messages);

  /// What a further run of the program starts with, now or at `started`.
  [[nodiscard]] app::Context NewRun(app::Messages& its_messages);
  [[nodiscard]] app::Context NewRun(app::Messages& its_messages, app::SteadyTime started);

  /// "access-1" and "refresh-1" of user-1, generation 1, minted `age` ago for `lifetime`.
  [[nodiscard]] app::TokenSet MakeTokens(seconds age = seconds(3600),
                                         std::optional<seconds> lifetime = seconds(21600));
  /// A record of that login: saved and delivered, nothing more.
  [[nodiscard]] static app::RefreshRecord MakeRecord(const app::TokenSet& tokens);
  /// Puts a login into the state folder, delivered unless another record is given.
  void StoreLogin(const app::TokenSet& tokens);
  void StoreLogin(const app::TokenSet& tokens, const app::RefreshRecord& record);
  /// What a successful refresh or sign-in of another process leaves behind.
  void SaveElsewhere(const app::TokenSet& tokens) { StoreLogin(tokens); }

  /// A device code that waits for its person, valid for so long.
  [[nodiscard]] app::PendingSignIn MakePending(seconds left = seconds(600));
  void StorePending(const std::string& name, const app::PendingSignIn& entry);
  [[nodiscard]] std::vector<std::string> PendingNames() { return pending.List(); }

  /// The refresh worker's work, as its own process would do it.
  [[nodiscard]] app::WorkerReport RunWorker();

  [[nodiscard]] app::TokenSet Tokens();
  [[nodiscard]] app::RefreshRecord Record();
};

/// A login whose sign-in chose the keyring, stored there. It has no mirror yet.
struct KeyringLogin : Fixture {
  KeyringLogin();

  [[nodiscard]] app::TokenSet InKeyring(const std::string& store_id) const;
  void ExpectRenewal() { http.Answer(kTokenUrl, 200, TokenAnswer("access-2", "refresh-2")); }
  [[nodiscard]] bool HasFile() const { return state.files.contains("work.json"); }
};

/// The error that `run` ends with; fails the test when it ends otherwise.
template <typename Run>
[[nodiscard]] app::Error ErrorOf(Run run) {
  try {
    run();
  } catch (const app::Error& error) {
    return error;
  }
  throw std::logic_error("there was no error");
}

}  // namespace grokauth::test

namespace grokauth::app {

inline std::ostream& operator<<(std::ostream& out, ErrorKind kind) {
  return out << MachineWord(kind);
}

}  // namespace grokauth::app
