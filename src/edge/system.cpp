#include "edge/system.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "app/error.h"
#include "edge/descriptor.h"
#include "edge/variable.h"
#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

// Poco's library blocks SIGPIPE as soon as it is loaded, before `main`. What is listed in
// .preinit_array runs before any library's own initialization.
sigset_t caller_signal_mask;

void NoteSignalMask() {
  sigprocmask(SIG_BLOCK, nullptr, &caller_signal_mask);
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const note_signal_mask)() = NoteSignalMask;

/// XDG_RUNTIME_DIR where it is what the XDG Base Directory Specification wants, this user's alone,
/// and in memory: elsewhere what is left there would outlive the session.
std::optional<std::string> RuntimeFolder() {
  constexpr mode_t kOthers = 077;
  std::optional<std::string> path = Variable("XDG_RUNTIME_DIR");
  struct stat info {};
  struct statfs system {};
  const bool is_ours = path && path->front() == '/' && stat(path->c_str(), &info) == 0 &&
                       S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
                       (info.st_mode & kOthers) == 0 && statfs(path->c_str(), &system) == 0;
  const bool is_in_memory = system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
  return is_ours && is_in_memory ? std::move(path) : std::nullopt;
}

std::string HomeFolder() {
  if (std::optional<std::string> home = Variable("HOME"); home && home->front() == '/') {
    return *home;
  }
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr && entry->pw_dir != nullptr ? entry->pw_dir : "/";
}

/// XDG Base Directory Specification: a relative path in such a variable must be ignored.
std::string XdgFolder(const char* variable, const char* default_below_home) {
  const std::optional<std::string> folder = Variable(variable);
  return folder && folder->front() == '/' ? *folder : HomeFolder() + default_below_home;
}

/// The person's name for the ssh line. Not from the user database, which may ask the network.
std::string UserName() {
  return EitherVariable("USER", "LOGNAME").value_or(geteuid() == 0 ? "root" : "user");
}

std::string HostName() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  gethostname(name.data(), HOST_NAME_MAX);
  return name.data();
}

/// Whether git takes the value for false (git-config(1), "boolean").
bool IsFalse(const std::optional<std::string>& value) {
  if (!value) {
    return false;
  }
  std::string word = *value;
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word == "0" || word == "false" || word == "no" || word == "off";
}

app::PlaceMarks ReadPlaceMarks() {
  app::PlaceMarks marks;
  marks.codespace = EitherVariable("CODESPACES", "CODESPACE_NAME").has_value();
  marks.google_cloud_shell = Variable("CLOUD_SHELL").has_value();
  marks.cloud_shell = EitherVariable("GITPOD_WORKSPACE_ID", "REPL_ID").has_value() ||
                      EitherVariable("STACKBLITZ", "ACC_CLOUD").has_value() ||
                      Variable("AWS_EXECUTION_ENV") == "CloudShell";
  marks.pod = Variable("KUBERNETES_SERVICE_HOST").has_value();
  marks.container = Variable("container").has_value();
  return marks;
}

}  // namespace

CallerSettings HardenProcess() {
  CallerSettings before;
  // A file opened later must not become standard output. Written to, these fail or go nowhere. A
  // program that takes the place of this one finds them closed again.
  constexpr std::array<int, 3> kModes = {O_RDONLY, O_RDONLY, O_WRONLY};
  for (const int mode : kModes) {
    const int descriptor = open("/dev/null", mode | O_CLOEXEC);
    if (descriptor > STDERR_FILENO || descriptor < 0) {
      close(descriptor);
      break;
    }
  }
  prctl(PR_SET_DUMPABLE, 0);
  // Not the hard limit, which could not be given back: a process that is not dumpable leaves no
  // core, whatever the limit.
  getrlimit(RLIMIT_CORE, &before.core_limit);
  const rlimit none{0, before.core_limit.rlim_max};
  setrlimit(RLIMIT_CORE, &none);
  before.signal_mask = caller_signal_mask;
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before.pipe_action);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    before.environment.push_back(*entry);
  }
  // libsecret takes these to other stores than the one that was asked for.
  for (const char* name : {"SECRET_BACKEND", "SECRET_FILE_TEST_PATH", "SECRET_FILE_TEST_PASSWORD",
                           "SECRET_SERVICE_BUS_NAME"}) {
    unsetenv(name);
  }
#ifdef GROK_AUTH_SELF_CONTAINED
  // The file is another OpenSSL's: it could name modules that this one must not load. And what it
  // would tidy up at the end, the end of the process does.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
#endif
  return before;
}

app::Environment ReadEnvironment() {
  app::Environment environment;
  const std::optional<std::string> expired = Variable("GROK_AUTH_EXPIRED");
  environment.grok_auth_expired = expired && *expired != "0";
  environment.early_invalidation_seconds = Variable("GROK_AUTH_EARLY_INVALIDATION_SECS");
  environment.token_ttl_seconds = Variable("GROK_AUTH_TOKEN_TTL");
  environment.provider_access_token = Variable("GROK_AUTH_PROVIDER_ACCESS_TOKEN");
  environment.grok_oidc_issuer = Variable("GROK_OIDC_ISSUER");
  environment.grok_oidc_client_id = Variable("GROK_OIDC_CLIENT_ID");
  environment.grok_oidc_scopes = Variable("GROK_OIDC_SCOPES");
  environment.grok_oidc_audience = Variable("GROK_OIDC_AUDIENCE");
  environment.xai_base_url = Variable("XAI_BASE_URL");
  environment.provider_command = Variable("GROK_AUTH_PROVIDER_COMMAND");
  environment.has_xai_api_key = Variable("XAI_API_KEY").has_value();
  environment.git_may_prompt = !IsFalse(Variable("GIT_TERMINAL_PROMPT"));
  environment.profile = Variable("GROKAUTH_PROFILE");
  environment.config = Variable("GROKAUTH_CONFIG");
  environment.store = Variable("GROKAUTH_STORE");
  environment.flow = Variable("GROKAUTH_FLOW");
  environment.has_display = EitherVariable("DISPLAY", "WAYLAND_DISPLAY").has_value();
  environment.is_ssh = EitherVariable("SSH_CONNECTION", "SSH_CLIENT") || Variable("SSH_TTY");
  environment.is_wsl = EitherVariable("WSL_DISTRO_NAME", "WSL_INTEROP").has_value();
  environment.is_remote_editor =
      EitherVariable("CODESPACES", "REMOTE_CONTAINERS") || Variable("VSCODE_IPC_HOOK_CLI");
  environment.marks = ReadPlaceMarks();
  environment.ssh_destination =
      app::MakeSshDestination(UserName(), HostName(), Variable("SSH_CONNECTION"));
  environment.browser = Variable("BROWSER");
  environment.program_path = Variable("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  environment.grok_folder = Variable("GROK_HOME").value_or(HomeFolder() + "/.grok");
  environment.config_folder = XdgFolder("XDG_CONFIG_HOME", "/.config");
  environment.state_folder = XdgFolder("XDG_STATE_HOME", "/.local/state");
  environment.runtime_folder = RuntimeFolder();
  environment.cache_folder = XdgFolder("XDG_CACHE_HOME", "/.cache");
  return environment;
}

NetworkEnvironment ReadNetworkEnvironment() {
  NetworkEnvironment environment;
  environment.ssl_cert_file = Variable("SSL_CERT_FILE");
  environment.ssl_cert_dir = Variable("SSL_CERT_DIR");
  environment.https_proxy = EitherVariable("https_proxy", "HTTPS_PROXY");
  environment.all_proxy = EitherVariable("all_proxy", "ALL_PROXY");
  environment.no_proxy = EitherVariable("no_proxy", "NO_PROXY");
  return environment;
}

std::optional<std::string> ReadConfigFile(const std::string& path, bool required) {
  constexpr std::size_t kLargestConfig = std::size_t{1024} * 1024;
  const auto fail = [&](const std::string& why) -> app::Error {
    return {app::ErrorKind::kConfig,
            "cannot read the configuration file '" + oauth::Printable(path) + "': " + why,
            "check the path and its permissions"};
  };
  // O_NONBLOCK: a fifo in its place must not stop us.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.IsOpen()) {
    if (errno == ENOENT && !required) {
      return std::nullopt;
    }
    throw fail(std::strerror(errno));
  }
  struct stat info {};
  if (fstat(file.Get(), &info) != 0 || !(S_ISREG(info.st_mode) || S_ISCHR(info.st_mode))) {
    throw fail(S_ISDIR(info.st_mode) ? std::strerror(EISDIR) : "it is not a regular file");
  }
  std::string text;
  std::array<char, 8192> buffer{};
  while (true) {
    const ssize_t count = read(file.Get(), buffer.data(), buffer.size());
    if (count < 0 || text.size() > kLargestConfig) {
      throw fail(std::strerror(count < 0 ? errno : EFBIG));
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string ReadRequest(std::size_t limit) {
  std::string text(limit, '\0');
  std::size_t size = 0;
  while (size < limit) {
    const ssize_t count = read(STDIN_FILENO, text.data() + size, limit - size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw app::Error(app::ErrorKind::kStore,
                       std::string("cannot read standard input: ") + std::strerror(errno),
                       "give the request on standard input");
    }
    if (count == 0) {
      break;
    }
    size += static_cast<std::size_t>(count);
    const std::string_view so_far(text.data(), size);
    if (so_far.front() == '\n' || so_far.find("\n\n") != std::string_view::npos) {
      break;
    }
  }
  text.resize(size);
  return text;
}

bool HasTerminal() {
  const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal >= 0) {
    close(terminal);
  }
  return terminal >= 0;
}

SystemClock::SystemClock(Interrupts& interrupts) : interrupts_(interrupts) {}

app::UnixTime SystemClock::Now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

app::SteadyTime SystemClock::SteadyNow() {
  return std::chrono::steady_clock::now();
}

void SystemClock::SleepUntil(app::SteadyTime time) {
  std::vector<pollfd> entries;
  for (const int descriptor : interrupts_.Descriptors()) {
    entries.push_back({descriptor, POLLIN, 0});
  }
  while (true) {
    interrupts_.ThrowIfInterrupted();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - SteadyNow());
    if (left.count() <= 0) {
      return;
    }
    constexpr std::int64_t kLongestPoll = 60'000;
    poll(entries.data(), entries.size(),
         static_cast<int>(std::min<std::int64_t>(left.count(), kLongestPoll)));
  }
}

void SystemClock::Nap(std::chrono::milliseconds duration) {
  std::this_thread::sleep_for(duration);
}

std::string SystemRandom::Bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    std::abort();  // the system has no random numbers: nothing safe can be done
  }
  return bytes;
}

}  // namespace grokauth::edge
