#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "app/edges.h"
#include "app/worker_report.h"

/// Hand-written fakes of the edges: they record what they are asked and refuse the unexpected.
namespace grokauth::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A wall clock and a monotonic clock that move only when somebody waits. What other processes do
/// in the meantime is scheduled beforehand.
class FakeClock final : public app::Clock {
 public:
  [[nodiscard]] app::UnixTime Now() override;
  [[nodiscard]] app::SteadyTime SteadyNow() override { return start_ + elapsed_; }
  void SleepUntil(app::SteadyTime time) override;
  void Nap(milliseconds duration) override { Advance(duration); }

  /// Runs `action` once so much time has passed from now on.
  void After(milliseconds delay, std::function<void()> action);
  /// The signal that arrives then; whoever waits gets `Interrupted`.
  void InterruptAfter(milliseconds delay, int signal);
  void Advance(milliseconds duration);
  void MoveWallClock(seconds difference) { wall_ += difference; }
  /// Waits until `time` or until `is_done`. Throws `Interrupted` unless told to ignore it.
  void WaitUntil(app::SteadyTime time, const std::function<bool()>& is_done,
                 bool ignore_interrupts);

  [[nodiscard]] milliseconds Elapsed() const { return elapsed_; }

 private:
  void RunNextAction();

  app::SteadyTime start_{std::chrono::hours(100)};
  app::UnixTime wall_{seconds(1'800'000'000)};
  milliseconds elapsed_{0};
  std::multimap<milliseconds, std::function<void()>> actions_;
  std::optional<int> interrupt_;
  int waits_ = 0;
};

/// A server that gives prepared answers, one per request and in order. A request too many fails the
/// test, and so does an answer that nobody fetched.
class ScriptedHttp final : public app::HttpClient {
 public:
  using Handler = std::function<app::HttpResult(const app::HttpRequest&)>;

  explicit ScriptedHttp(FakeClock& clock) : clock_(clock) {}
  ~ScriptedHttp() override;
  ScriptedHttp(const ScriptedHttp&) = delete;
  ScriptedHttp& operator=(const ScriptedHttp&) = delete;

  [[nodiscard]] app::HttpResult Send(const app::HttpRequest& request) override;
  [[nodiscard]] std::variant<std::string, app::TransportFailure> DescribeRoute(
      const std::string& /*url*/, bool /*allow_http_loopback*/) override {
    return route;
  }

  /// The next request must go to `url`, and gets this answer.
  void Answer(const std::string& url, int status, const std::string& body,
              const std::optional<std::string>& retry_after = std::nullopt);
  void Fail(const std::string& url, app::TransportFailure::Cause cause);
  void Handle(const std::string& url, Handler handler);

  struct Sent {
    app::HttpRequest request;
    milliseconds at;
  };
  std::vector<Sent> sent;
  std::variant<std::string, app::TransportFailure> route = "directly";

 private:
  struct Step {
    std::string url;
    Handler handler;
  };
  FakeClock& clock_;
  std::deque<Step> steps_;
};

/// The parameters of a form, decoded.
[[nodiscard]] std::map<std::string, std::string> DecodeForm(const std::string& form);

/// Fails the test when it is asked for anything.
class UnreachableHttp final : public app::HttpClient {
 public:
  [[nodiscard]] app::HttpResult Send(const app::HttpRequest& request) override;
  [[nodiscard]] std::variant<std::string, app::TransportFailure> DescribeRoute(
      const std::string& /*url*/, bool /*allow_http_loopback*/) override {
    return "directly";
  }
};

/// Files in a map. Every change must happen under the write lock of its profile, unless the folder
/// is one without locks.
class MemoryStateFolder final : public app::StateFolder {
 public:
  enum class Locks { kRequired, kNone };

  explicit MemoryStateFolder(Locks locks = Locks::kRequired) : locks_(locks) {}

  [[nodiscard]] std::optional<std::string> Read(const std::string& name) override;
  void Replace(const std::string& name, const std::string& contents) override;
  [[nodiscard]] std::unique_ptr<app::Reservation> Reserve(const std::string& name,
                                                          std::size_t bytes) override;
  void Remove(const std::string& name) override;
  void Rename(const std::string& name, const std::string& new_name) override;
  [[nodiscard]] std::vector<std::string> List(const std::string& prefix) override;
  [[nodiscard]] std::optional<int> StoppedHolder(const std::string& name) override;
  [[nodiscard]] std::unique_ptr<app::Lock> TryLock(const std::string& name) override;
  [[nodiscard]] bool IsHeld(const std::string& name) override {
    return held_elsewhere_.contains(name);
  }
  [[nodiscard]] app::FolderReport Inspect() override;
  [[nodiscard]] std::string Path(const std::string& name) const override;

  /// Another process takes a lock, or lets it go.
  void HoldElsewhere(const std::string& lock) { held_elsewhere_.insert(lock); }
  void ReleaseElsewhere(const std::string& lock) { held_elsewhere_.erase(lock); }
  [[nodiscard]] bool IsLocked(const std::string& lock) const;

  std::map<std::string, std::string> files;
  std::set<std::string> unreadable;     ///< reading these fails
  std::set<std::string> unwritable;     ///< writing and removing these fails
  std::set<std::string> uncommittable;  ///< only the commit of a reservation fails
  bool is_full = false;                 ///< no reservation can be had
  app::FolderReport report{true, true, std::nullopt, {}};  ///< what a look shows
  std::string unsafe;                  ///< why a look is refused; empty: it is not
  std::map<std::string, int> stopped;  ///< locks, and the stopped processes that hold them
  std::function<void(const std::string& name)> before_change;
  std::vector<std::string> changes;      ///< "write NAME", "remove NAME", "rename NAME", in order
  std::vector<std::string> locks_taken;  ///< by this process

 private:
  friend class MemoryLock;
  friend class MemoryReservation;
  void RequireWritable(const std::string& name) const;
  void Write(const std::string& name, const std::string& contents);

  Locks locks_;
  std::set<std::string> held_here_;
  std::set<std::string> held_elsewhere_;
};

class RecordingTerminal final : public app::Terminal {
 public:
  void WriteAnswer(const std::string& text) override;
  void WriteMessage(const std::string& text) override;
  std::optional<app::Screen> GetScreen() override { return screen; }
  std::unique_ptr<app::Keyboard> OpenKeyboard() override;

  /// Everything that was written to standard error.
  [[nodiscard]] std::string Messages() const;

  std::vector<std::string> answers;
  std::vector<std::string> messages;             ///< one per write
  std::function<void()> before_first_message;    ///< may look at the world at that moment
  std::optional<app::Screen> screen;             ///< none: plain lines
  std::optional<std::deque<std::string>> typed;  ///< lines, one for each look; none: no keyboard
  std::function<void()> before_answer;
};

/// A keyring with a state of its own; its items by their store id.
class FakeKeyring final : public app::Keyring {
 public:
  app::KeyringAnswer Probe() override { return {state, "", ""}; }
  app::KeyringAnswer Load(const app::KeyringItem& item) override;
  app::KeyringAnswer Save(const app::KeyringItem& item, const std::string& label,
                          const std::string& secret) override;
  app::KeyringAnswer Remove(const app::KeyringItem& item) override;
  bool Unlock(seconds /*patience*/) override;

  /// kNothing: open. Anything else is what every call answers.
  app::KeyringState state = app::KeyringState::kAbsent;
  bool unlock_succeeds = false;
  int unlocks = 0;
  int loads = 0;
  std::map<std::string, std::string> items;
  std::vector<std::string> labels;
};

/// Knows one code, of one dark module in the middle of three by three.
class FakeQrEncoder final : public app::QrEncoder {
 public:
  std::optional<app::QrCode> Encode(const std::string& text) override;

  std::vector<std::string> encoded;
};

/// A listener that plays the redirects of a script.
class FakeLoopback final : public app::Loopback {
 public:
  std::unique_ptr<app::LoopbackListener> Listen(std::uint16_t port) override;
  std::string HolderOf(std::uint16_t port) override;

  bool is_taken = false;  ///< the first port that is asked for
  std::function<void()> before_listen;
  std::vector<std::uint16_t> asked;
};

class FakeBrowser final : public app::Browser {
 public:
  [[nodiscard]] bool IsAvailable() override { return is_available; }
  bool Open(const std::string& url) override {
    opened.push_back(url);
    return opens;
  }

  bool is_available = true;
  bool opens = true;
  std::vector<std::string> opened;
};

class FakeMachine final : public app::Machine {
 public:
  [[nodiscard]] bool HasContainerMark() override {
    ++looks;
    return has_container_mark;
  }

  bool has_container_mark = false;
  int looks = 0;
};

/// Workers in this process. What each does is planned beforehand; one too many fails the test, and
/// so does one that was planned and not started. It holds its lock until it ends.
class FakeWorker final : public app::Worker {
 public:
  explicit FakeWorker(FakeClock& clock) : clock_(clock) {}
  ~FakeWorker() override;
  FakeWorker(const FakeWorker&) = delete;
  FakeWorker& operator=(const FakeWorker&) = delete;

  [[nodiscard]] std::unique_ptr<app::RunningWorker> Start(const std::vector<std::string>& arguments,
                                                          std::unique_ptr<app::Lock> lock) override;

  /// The next worker does `task`, and reports what it returns, so long after its start.
  void Plan(std::function<std::string()> task, milliseconds takes = milliseconds(0));
  /// The next worker runs the real refresh; the fixture sets `run_refresh`.
  void PlanRefresh(milliseconds takes = milliseconds(0));
  void PlanReport(const app::WorkerReport& report, milliseconds takes = milliseconds(0));
  void PlanSilentEnd(milliseconds takes = milliseconds(0));
  void PlanHang();

  std::function<app::WorkerReport()> run_refresh;
  std::vector<std::vector<std::string>> started;  ///< the arguments of each
  std::function<void()> before_start;

 private:
  struct Planned {
    std::function<std::string()> task;  ///< none: never ends
    milliseconds takes;
  };
  FakeClock& clock_;
  std::deque<Planned> plans_;
};

/// An ssh whose words are planned beforehand. One that was not planned fails the test.
class FakeRemoteShell final : public app::RemoteShell {
 public:
  explicit FakeRemoteShell(FakeClock& clock) : clock_(clock) {}

  [[nodiscard]] std::unique_ptr<app::RunningShell> Start(
      const std::vector<std::string>& arguments) override;

  /// ssh writes `text`, `after` what came before.
  void Write(const std::string& text, milliseconds after = milliseconds(0));
  /// It ends with this status; without, it never ends.
  void End(int with_status) { status = with_status; }

  std::optional<int> status;
  std::vector<std::vector<std::string>> started;  ///< the arguments of each
  int running = 0;
  std::function<void()> before_end;

 private:
  friend class FakeRunningShell;
  struct Piece {
    std::string text;
    milliseconds after;
  };
  FakeClock& clock_;
  std::deque<Piece> pieces_;
};

/// One file, which may not be there.
class FakeConfigFiles final : public app::ConfigFiles {
 public:
  [[nodiscard]] app::ConfigFile Read(const std::string& path) override {
    read.push_back(path);
    return {real_path.value_or(path), text};
  }
  [[nodiscard]] std::string Replace(const app::ConfigFile& file, const std::string& new_text,
                                    const std::string& backup_suffix) override;

  std::optional<std::string> text;
  std::optional<std::string> real_path;  ///< where a symbolic link leads
  std::vector<std::string> read;
  std::vector<std::string> replaced;
};

/// This program is /usr/bin/grok-auth. What others there are is told by `found`.
class FakePrograms final : public app::Programs {
 public:
  [[nodiscard]] std::string OwnPath() override { return own_path; }
  [[nodiscard]] bool IsInBuildFolder(const std::string& /*path*/) override {
    return is_in_build_folder;
  }
  [[nodiscard]] app::ProgramKind Inspect(const std::string& path) override;
  [[nodiscard]] std::string Find(const std::string& name) override { return in_path[name]; }
  [[nodiscard]] std::optional<std::string> FirstLine(const std::string& path,
                                                     const std::vector<std::string>& arguments,
                                                     milliseconds patience) override;
  [[nodiscard]] std::optional<app::ProgramOutput> Run(const std::string& path,
                                                      const std::vector<std::string>& arguments,
                                                      milliseconds patience) override;
  [[nodiscard]] std::string Absolute(const std::string& path) override {
    return path.starts_with("/") ? path : "/work/" + path;
  }

  std::string own_path = "/usr/bin/grok-auth";
  app::ProgramKind own_kind = app::ProgramKind::kOwn;
  bool is_in_build_folder = false;
  std::map<std::string, app::ProgramKind> found;      ///< by path; others are absent
  std::map<std::string, std::string> in_path;         ///< paths by name
  std::map<std::string, std::string> first_lines;     ///< by path
  std::map<std::string, app::ProgramOutput> outputs;  ///< by path
  std::vector<std::string> started;                   ///< paths and arguments

 private:
  void Note(const std::string& path, const std::vector<std::string>& arguments,
            milliseconds patience);
};

/// What a person types, or a pipe brings.
class FakeSecretInput final : public app::SecretInput {
 public:
  std::optional<std::string> ReadLine(const std::string& prompt) override;

  std::optional<std::string> line;    ///< none: the input ends
  std::function<void()> before_line;  ///< what others do until it is there
  std::vector<std::string> prompts;
};

/// Starts nothing, so that the use case comes back.
class FakeSuccessor final : public app::Successor {
 public:
  app::ProgramFailure Become(const std::vector<std::string>& arguments, const std::string& name,
                             const std::string& value) override;

  struct Started {
    std::vector<std::string> arguments;
    std::string variable;
    std::string value;
  };
  std::vector<Started> started;
  app::ProgramFailure failure{false, "a fake does not start"};
};

/// Bytes that differ from call to call, the same in every test.
class CountingRandom final : public app::Random {
 public:
  [[nodiscard]] std::string Bytes(std::size_t count) override;

 private:
  unsigned calls_ = 0;
};

}  // namespace grokauth::test
