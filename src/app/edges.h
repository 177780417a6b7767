#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace grokauth::app {

/// Wall-clock time, as Unix time in whole seconds.
using UnixTime = std::chrono::sys_seconds;
/// A point of the monotonic clock; what deadlines are made of.
using SteadyTime = std::chrono::steady_clock::time_point;

/// One request to a server. Redirects are never followed.
struct HttpRequest {
  enum class Method { kGet, kPost };

  Method method = Method::kGet;
  std::string url;   ///< absolute; https, or http under `allow_http_loopback`
  std::string form;  ///< application/x-www-form-urlencoded body of a POST
  /// For the Authorization header (RFC 6750 section 2.1): visible ASCII.
  std::optional<std::string> bearer_token;
  std::optional<std::string> ca_file;  ///< PEM file trusted beside the system's authorities
  bool allow_http_loopback = false;    ///< lets plain http through, to a loopback host only
  std::chrono::milliseconds connect_timeout{5000};  ///< name look-up, TCP, proxy and TLS together
  std::chrono::milliseconds total_timeout{15000};   ///< the whole exchange
};

/// An answer that arrived whole. Any status, any body up to 1 MiB.
struct HttpResponse {
  int status = 0;
  std::string content_type;                ///< as sent; empty when absent
  std::optional<std::string> retry_after;  ///< the header's value as sent
  std::string body;
  std::optional<std::string> date = std::nullopt;  ///< the header's value as sent
  std::optional<std::string> age = std::nullopt;   ///< of an answer from a cache, as sent
};

/// An exchange without a usable answer.
struct TransportFailure {
  enum class Cause {
    kUrl,          ///< the URL is malformed, or its scheme is not allowed
    kTrust,        ///< a certificate authority file cannot be read
    kResolve,      ///< the name of the server (or proxy) was not found, in time
    kConnect,      ///< no TCP connection
    kProxy,        ///< the proxy refused or answered nonsense
    kCertificate,  ///< the server's certificate does not verify or is for another name
    kTls,          ///< the TLS handshake failed otherwise
    kTimeout,      ///< connected, but no whole answer in time
    kBroken,       ///< the connection broke, or the answer is truncated, malformed or too large
  };

  Cause cause = Cause::kBroken;
  std::string reason;           ///< one clause for the user: no secret, no control character
  bool maybe_received = false;  ///< the request may have reached the server
};

using HttpResult = std::variant<HttpResponse, TransportFailure>;

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Sends `request` once over a connection of its own. Never retries a request that may have
  /// reached the server. Throws `Interrupted`.
  [[nodiscard]] virtual HttpResult Send(const HttpRequest& request) = 0;
  /// How a request to `url` would go, without asking anybody: "directly" or "through the proxy
  /// host:port", never with the proxy's password. A failure when the proxy cannot be used.
  [[nodiscard]] virtual std::variant<std::string, TransportFailure> DescribeRoute(
      const std::string& url, bool allow_http_loopback) = 0;
};

/// An advisory lock on an open file; released when destroyed or when the process dies.
class Lock {
 public:
  virtual ~Lock() = default;
  /// The descriptor that holds the lock, for a child process to inherit.
  [[nodiscard]] virtual int Descriptor() const = 0;
};

/// Space for a file's next contents, taken before the contents are known, so that a full disk is
/// noticed in time. Destroying it without `Commit` gives the space back.
class Reservation {
 public:
  virtual ~Reservation() = default;
  /// Replaces the file by `contents`, atomically and durably. Throws `Error{kStore}`.
  virtual void Commit(const std::string& contents) = 0;
};

/// What a look at the state folder shows.
struct FolderReport {
  bool exists = false;
  bool is_writable = false;  ///< when it does not exist: it can be made
  /// That this user may fill on its file system; nothing when the file system does not tell.
  std::optional<std::uint64_t> free_bytes;
  std::vector<std::string> readable_by_others;  ///< paths of the files that other users can read
};

/// A private folder (0700) of small private files (0600) that outlive a run. Every member throws
/// `Error{kStore}` when the folder or a file is unsafe (a symbolic link, another owner, writable by
/// others) or the operation fails. `name` is a plain file name.
class StateFolder {
 public:
  virtual ~StateFolder() = default;
  /// The file's contents, or nothing when there is no such file.
  [[nodiscard]] virtual std::optional<std::string> Read(const std::string& name) = 0;
  /// Creates or replaces the file, atomically and durably.
  virtual void Replace(const std::string& name, const std::string& contents) = 0;
  /// The same without waiting for the disk: no other process sees half of it, but after a power cut
  /// the file may be the one before, empty or gone.
  virtual void ReplaceUnsynced(const std::string& name, const std::string& contents) = 0;
  /// Reserves `bytes` for the next contents of the file.
  [[nodiscard]] virtual std::unique_ptr<Reservation> Reserve(const std::string& name,
                                                             std::size_t bytes) = 0;
  /// Removes the file; no error when there is none.
  virtual void Remove(const std::string& name) = 0;
  /// Gives the file another name, which no file has yet.
  virtual void Rename(const std::string& name, const std::string& new_name) = 0;
  /// The names that start with `prefix`, sorted; lock files are left out, half-written files are
  /// not.
  [[nodiscard]] virtual std::vector<std::string> List(const std::string& prefix) = 0;
  /// Takes the exclusive lock on the file, creating it, or returns null when another process holds
  /// it. Never blocks.
  [[nodiscard]] virtual std::unique_ptr<Lock> TryLock(const std::string& name) = 0;
  /// The worker that inherited the lock last, when it was stopped (SIGSTOP, a debugger) and so
  /// cannot let go of it; nothing when it runs, or cannot be seen from here.
  [[nodiscard]] virtual std::optional<int> StoppedHolder(const std::string& name) = 0;
  /// Whether another process holds the lock. Creates nothing and leaves nothing locked.
  [[nodiscard]] virtual bool IsHeld(const std::string& name) = 0;
  /// Looks at the folder, and changes nothing.
  [[nodiscard]] virtual FolderReport Inspect() = 0;
  /// The file's full path, for messages.
  [[nodiscard]] virtual std::string Path(const std::string& name) const = 0;
};

/// What a keyring says. The six answers that a person must be told apart.
enum class KeyringState {
  kFound,        ///< it is there (or: it was saved, removed)
  kNothing,      ///< the keyring is open and holds nothing of the kind
  kLocked,       ///< the keyring or the item is locked, or there is no keyring yet
  kAbsent,       ///< no session bus, no Secret Service on it, or no libsecret
  kCannotStart,  ///< the service is installed and does not come up
  kHung,         ///< no answer in 2 s
};

struct KeyringAnswer {
  KeyringState state = KeyringState::kAbsent;
  std::string secret;  ///< when found by `Load`
  std::string detail;  ///< what the other side said, for people; may be empty
};

/// What an item is found by. Another state folder is another login, by its store id.
struct KeyringItem {
  std::string profile;
  std::string issuer;
  std::string client_id;
  std::string store_id;
};

/// The desktop's keyring (Secret Service). Every member ends within 2 s and none but `Unlock` opens
/// a dialog.
class Keyring {
 public:
  virtual ~Keyring() = default;
  /// kNothing: the default collection is there and open. Otherwise what is in the way.
  [[nodiscard]] virtual KeyringAnswer Probe() = 0;
  [[nodiscard]] virtual KeyringAnswer Load(const KeyringItem& item) = 0;
  /// Creates or replaces the item; kFound when it is saved. `label` is what keyring programs show.
  [[nodiscard]] virtual KeyringAnswer Save(const KeyringItem& item, const std::string& label,
                                           const std::string& secret) = 0;
  [[nodiscard]] virtual KeyringAnswer Remove(const KeyringItem& item) = 0;
  /// Asks the keyring to unlock itself, which may open a dialog; waits `patience` for the person.
  /// True when it is open afterwards. Throws `Interrupted`.
  [[nodiscard]] virtual bool Unlock(std::chrono::seconds patience) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual UnixTime Now() = 0;
  [[nodiscard]] virtual SteadyTime SteadyNow() = 0;
  /// Waits until `time`. Throws `Interrupted`.
  virtual void SleepUntil(SteadyTime time) = 0;
  /// Waits a moment without heeding interrupts: for the steps that must not be left half done.
  virtual void Nap(std::chrono::milliseconds duration) = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  /// `count` bytes fit for keys. Ends the program when the system has none to give.
  [[nodiscard]] virtual std::string Bytes(std::size_t count) = 0;
};

/// The terminal that shows messages.
struct Screen {
  int columns = 80;
  int rows = 24;
  bool is_utf8 = false;
  bool has_color = false;  ///< false when NO_COLOR is set
};

/// What a person types or pastes at the terminal, without showing it. Destroying it forgets what
/// was not taken, and lets the terminal show what is typed again.
class Keyboard {
 public:
  virtual ~Keyboard() = default;
  /// A line that was finished since the last call, without its end; nothing when there is none.
  /// Never waits.
  [[nodiscard]] virtual std::optional<std::string> TakeLine() = 0;
};

class Terminal {
 public:
  virtual ~Terminal() = default;
  /// Writes the command's answer to standard output, in one write. Throws `Error{kStore}` when
  /// nobody can read it.
  virtual void WriteAnswer(const std::string& text) = 0;
  /// Writes to standard error, in one write; a failure is ignored.
  virtual void WriteMessage(const std::string& text) = 0;
  /// The terminal behind standard error; nothing when that is none, or one that cannot move its
  /// cursor (TERM=dumb).
  [[nodiscard]] virtual std::optional<Screen> GetScreen() = 0;
  /// Listens to the terminal's keyboard; null when there is none, or it is another program's turn
  /// to read from it (a background job).
  [[nodiscard]] virtual std::unique_ptr<Keyboard> OpenKeyboard() = 0;
};

/// Standard input, as the way in for a secret.
class SecretInput {
 public:
  virtual ~SecretInput() = default;
  /// One line, without its end; nothing when the input ends before there was one. From a terminal:
  /// asked for with `prompt`, and not shown while it is typed; however that ends, the terminal then
  /// shows again what is typed. From anything else: the first line, without a prompt. A line of
  /// more than 64 KiB is cut off there. Throws `Error{kStore}`, `Interrupted`.
  [[nodiscard]] virtual std::optional<std::string> ReadLine(const std::string& prompt) = 0;
};

/// A QR code (ISO/IEC 18004), without its quiet zone.
struct QrCode {
  int size = 0;            ///< modules in a row, and rows
  std::vector<bool> dark;  ///< row by row

  [[nodiscard]] bool IsDark(int row, int column) const {
    return dark[static_cast<std::size_t>(row) * static_cast<std::size_t>(size) +
                static_cast<std::size_t>(column)];
  }
};

class QrEncoder {
 public:
  virtual ~QrEncoder() = default;
  /// The smallest code for `text`; nothing when it is too long, or the library is not installed.
  [[nodiscard]] virtual std::optional<QrCode> Encode(const std::string& text) = 0;
};

/// One request to the loopback listener: what matters of it. All empty: it could not be read.
struct LoopbackRequest {
  std::string method;
  std::string target;  ///< path and query as sent
  std::string host;    ///< of the Host header; empty when absent
  std::string origin;  ///< of the Origin header; empty when absent
};

struct LoopbackReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;      ///< HTML in UTF-8, or empty
  bool is_last = false;  ///< the listener has done its work
};

/// A listening socket on 127.0.0.1.
class LoopbackListener {
 public:
  virtual ~LoopbackListener() = default;
  [[nodiscard]] virtual std::uint16_t Port() const = 0;
  /// Answers requests by `handle` until it gave its last reply (true) or `deadline` (false). Idle,
  /// slow and broken connections do not keep others waiting. Throws `Interrupted`.
  [[nodiscard]] virtual bool Serve(
      const std::function<LoopbackReply(const LoopbackRequest&)>& handle, SteadyTime deadline) = 0;
};

class Loopback {
 public:
  virtual ~Loopback() = default;
  /// Listens on 127.0.0.1, on `port` alone (0: any free one); null when it is taken. Throws
  /// `Error{kNetwork}` when it cannot be used for another reason.
  [[nodiscard]] virtual std::unique_ptr<LoopbackListener> Listen(std::uint16_t port) = 0;
  /// Who listens on the port, as "'name' (process 123)"; empty when that cannot be told.
  [[nodiscard]] virtual std::string HolderOf(std::uint16_t port) = 0;
};

class Browser {
 public:
  virtual ~Browser() = default;
  /// Whether a graphical browser can be opened for the person at this machine.
  [[nodiscard]] virtual bool IsAvailable() = 0;
  /// Opens `url` and returns at once; false when no browser could be started.
  virtual bool Open(const std::string& url) = 0;
};

/// The computer that the run is on, or what passes for one.
class Machine {
 public:
  virtual ~Machine() = default;
  /// Whether a container engine left its mark in the file system.
  [[nodiscard]] virtual bool HasContainerMark() = 0;
};

/// A refresh that goes on in a process of its own, whatever happens to this one.
class RunningWorker {
 public:
  virtual ~RunningWorker() = default;
  /// Waits for the worker's report: its text, empty when the worker ended without one; nothing at
  /// `deadline`. Throws `Interrupted` unless `ignore_interrupts`.
  [[nodiscard]] virtual std::optional<std::string> ReadReport(SteadyTime deadline,
                                                              bool ignore_interrupts) = 0;
};

class Worker {
 public:
  virtual ~Worker() = default;
  /// Starts this program again as a refresh worker with `arguments`, in a session of its own, and
  /// hands it `lock`: this process no longer holds it. Throws `Error{kStore}`.
  [[nodiscard]] virtual std::unique_ptr<RunningWorker> Start(
      const std::vector<std::string>& arguments, std::unique_ptr<Lock> lock) = 0;
};

/// An ssh(1) that goes on in the foreground. Destroying it ends it.
class RunningShell {
 public:
  virtual ~RunningShell() = default;
  /// What it wrote to standard error; empty when nothing comes until `deadline`; nothing once it
  /// has ended and all was read. Throws `Interrupted`.
  [[nodiscard]] virtual std::optional<std::string> Read(SteadyTime deadline) = 0;
  /// Its exit status, or 128 and the number of the signal that killed it; once `Read` gave nothing.
  [[nodiscard]] virtual int Status() const = 0;
};

class RemoteShell {
 public:
  virtual ~RemoteShell() = default;
  /// Starts ssh with `arguments`: beside this process, so that it can ask the person at the
  /// terminal for a password, with neither standard input nor output. Throws `Error{kNetwork}`.
  [[nodiscard]] virtual std::unique_ptr<RunningShell> Start(
      const std::vector<std::string>& arguments) = 0;
};

/// Another program's configuration file, as it was found.
struct ConfigFile {
  std::string path;                 ///< where it really is: symbolic links are followed
  std::optional<std::string> text;  ///< nothing: there is no such file
};

class ConfigFiles {
 public:
  virtual ~ConfigFiles() = default;
  /// Throws `Error{kConfig}` when it cannot be read, or is not a regular file at the end of its
  /// links.
  [[nodiscard]] virtual ConfigFile Read(const std::string& path) = 0;
  /// Replaces the file by `text`, atomically and durably; owner, group, mode and extended
  /// attributes stay. What it held is kept beside it under its name with `backup_suffix`, and "-2"
  /// and so on when that is taken; returns the path of that file. One that was not there gets mode
  /// 0600, its folder 0700, and there is no backup: empty. Throws `Error{kStore}`, the file then as
  /// before; also when it is no longer what was read.
  [[nodiscard]] virtual std::string Replace(const ConfigFile& file, const std::string& text,
                                            const std::string& backup_suffix) = 0;
};

/// What is found at the path of a program.
enum class ProgramKind {
  kAbsent,
  kNotExecutable,
  kOther,  ///< a program, but not this one
  kOwn,    ///< this very program
};

/// What a program that has ended left behind.
struct ProgramOutput {
  int status = 0;    ///< its exit status
  std::string text;  ///< its standard output
};

/// Program files: this one and others.
class Programs {
 public:
  virtual ~Programs() = default;
  /// The absolute path of this program: the one by which it was started, links unresolved, while it
  /// leads here; else the kernel's.
  [[nodiscard]] virtual std::string OwnPath() = 0;
  /// Whether build tools made the folder that the program is in.
  [[nodiscard]] virtual bool IsInBuildFolder(const std::string& path) = 0;
  [[nodiscard]] virtual ProgramKind Inspect(const std::string& path) = 0;
  /// The absolute path of the program `name` in PATH; empty when it has none.
  [[nodiscard]] virtual std::string Find(const std::string& name) = 0;
  /// The first line that the program writes, without its end; nothing when it cannot be started or
  /// writes none within `patience`. It gets no input and no terminal, and does not outlive the
  /// call. Throws `Interrupted`.
  [[nodiscard]] virtual std::optional<std::string> FirstLine(
      const std::string& path, const std::vector<std::string>& arguments,
      std::chrono::milliseconds patience) = 0;
  /// What the program writes until it ends; nothing when it cannot be started, ends by a signal,
  /// writes more than 64 KiB or does not end within `patience`. It is run like for `FirstLine`.
  [[nodiscard]] virtual std::optional<ProgramOutput> Run(const std::string& path,
                                                         const std::vector<std::string>& arguments,
                                                         std::chrono::milliseconds patience) = 0;
  /// `path`, which may be relative to the working folder, as an absolute one.
  [[nodiscard]] virtual std::string Absolute(const std::string& path) = 0;
};

/// Why a program could not be started.
struct ProgramFailure {
  bool is_missing = false;  ///< there is none of that name
  std::string reason;       ///< one clause for the user
};

/// The program that takes the place of this one.
class Successor {
 public:
  virtual ~Successor() = default;
  /// Becomes `arguments[0]` (looked up in PATH unless it has a slash): the same process, with
  /// everything as this one got it from its caller, but for the environment variable `name`, which
  /// is `value`. Comes back only when that fails.
  [[nodiscard]] virtual ProgramFailure Become(const std::vector<std::string>& arguments,
                                              const std::string& name,
                                              const std::string& value) = 0;
};

/// The outside world, as the use cases see it. `main` fills it with the real one, tests with fakes.
struct Edges {
  HttpClient& http;
  StateFolder& state;
  Keyring& keyring;
  Clock& clock;
  Random& random;
  Terminal& terminal;
  Loopback& loopback;
  Browser& browser;
  QrEncoder& qr_encoder;
  Worker& worker;
  Machine& machine;
  RemoteShell& remote_shell;
  StateFolder& cache;  ///< what can be had again
  ConfigFiles& config_files;
  Programs& programs;
  SecretInput& secret_input;
  Successor& successor;
  /// In the user's runtime folder, which is private and in memory. Null where there is none such.
  StateFolder* runtime;
};

}  // namespace grokauth::app
