#include "fakes.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include "app/error.h"

namespace grokauth::test {

// FakeClock

app::UnixTime FakeClock::Now() {
  return wall_ + std::chrono::floor<seconds>(elapsed_);
}

void FakeClock::After(milliseconds delay, std::function<void()> action) {
  actions_.emplace(elapsed_ + delay, std::move(action));
}

void FakeClock::InterruptAfter(milliseconds delay, int signal) {
  After(delay, [this, signal] { interrupt_ = signal; });
}

void FakeClock::RunNextAction() {
  const auto next = actions_.begin();
  elapsed_ = std::max(elapsed_, next->first);
  const std::function<void()> action = std::move(next->second);
  actions_.erase(next);
  action();
}

void FakeClock::WaitUntil(app::SteadyTime time, const std::function<bool()>& is_done,
                          bool ignore_interrupts) {
  REQUIRE(++waits_ < 100'000);  // a loop that never ends
  const auto end = std::chrono::ceil<milliseconds>(time - start_);
  while (true) {
    if (interrupt_ && !ignore_interrupts) {
      throw app::Interrupted(*std::exchange(interrupt_, std::nullopt));
    }
    if (is_done()) {
      return;
    }
    if (actions_.empty() || actions_.begin()->first > end) {
      elapsed_ = std::max(elapsed_, end);
      return;
    }
    RunNextAction();
  }
}

void FakeClock::SleepUntil(app::SteadyTime time) {
  WaitUntil(
      time, [] { return false; }, /*ignore_interrupts=*/false);
}

void FakeClock::Advance(milliseconds duration) {
  WaitUntil(
      SteadyNow() + duration, [] { return false; }, /*ignore_interrupts=*/true);
}

// ScriptedHttp

ScriptedHttp::~ScriptedHttp() {
  if (!steps_.empty() && std::uncaught_exceptions() == 0) {
    FAIL_CHECK("nobody asked " << steps_.front().url << " (" << steps_.size() << " left)");
  }
}

app::HttpResult ScriptedHttp::Send(const app::HttpRequest& request) {
  sent.push_back({request, clock_.Elapsed()});
  if (steps_.empty()) {
    FAIL("unexpected request to " << request.url << " with " << request.form);
  }
  const Step step = std::move(steps_.front());
  steps_.pop_front();
  REQUIRE(request.url == step.url);
  return step.handler(request);
}

void ScriptedHttp::Handle(const std::string& url, Handler handler) {
  steps_.push_back({url, std::move(handler)});
}

void ScriptedHttp::Answer(const std::string& url, int status, const std::string& body,
                          const std::optional<std::string>& retry_after) {
  Handle(url, [=](const app::HttpRequest&) {
    return app::HttpResponse{status, "application/json", retry_after, body};
  });
}

void ScriptedHttp::Fail(const std::string& url, app::TransportFailure::Cause cause) {
  Handle(url, [=](const app::HttpRequest&) {
    return app::TransportFailure{cause, "the line is dead", true};
  });
}

std::map<std::string, std::string> DecodeForm(const std::string& form) {
  std::map<std::string, std::string> fields;
  std::string name;
  std::string text;
  const auto finish = [&] {
    REQUIRE(fields.emplace(std::exchange(name, ""), std::exchange(text, "")).second);
  };
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '=') {
      name = std::exchange(text, "");
    } else if (form[i] == '&') {
      finish();
    } else if (form[i] == '%') {
      text += static_cast<char>(std::stoi(form.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      text += form[i] == '+' ? ' ' : form[i];
    }
  }
  finish();
  return fields;
}

app::HttpResult UnreachableHttp::Send(const app::HttpRequest& request) {
  FAIL("unexpected request to " << request.url);
  return app::TransportFailure{};
}

// RecordingTerminal

void RecordingTerminal::WriteAnswer(const std::string& text) {
  if (before_answer) {
    before_answer();
  }
  answers.push_back(text);
}

void RecordingTerminal::WriteMessage(const std::string& text) {
  if (messages.empty() && before_first_message) {
    before_first_message();
  }
  messages.push_back(text);
}

std::string RecordingTerminal::Messages() const {
  std::string all;
  for (const std::string& message : messages) {
    all += message;
  }
  return all;
}

// FakeWorker

namespace {

class FakeRunningWorker final : public app::RunningWorker {
 public:
  FakeRunningWorker(FakeClock& clock, std::shared_ptr<std::optional<std::string>> report)
      : clock_(clock), report_(std::move(report)) {}

  std::optional<std::string> ReadReport(app::SteadyTime deadline, bool ignore_interrupts) override {
    clock_.WaitUntil(
        deadline, [this] { return report_->has_value(); }, ignore_interrupts);
    return *report_;
  }

 private:
  FakeClock& clock_;
  std::shared_ptr<std::optional<std::string>> report_;
};

}  // namespace

FakeWorker::~FakeWorker() {
  if (!plans_.empty() && std::uncaught_exceptions() == 0) {
    FAIL_CHECK(plans_.size() << " planned workers were not started");
  }
}

std::unique_ptr<app::RunningWorker> FakeWorker::Start(const std::vector<std::string>& arguments,
                                                      std::unique_ptr<app::Lock> lock) {
  REQUIRE(lock != nullptr);
  started.push_back(arguments);
  if (plans_.empty()) {
    FAIL("unexpected start of a worker");
  }
  if (before_start) {
    before_start();
  }
  const Planned plan = std::move(plans_.front());
  plans_.pop_front();
  auto report = std::make_shared<std::optional<std::string>>();
  // The worker's process: it ends, lets the lock go, then reports. A hanging one keeps the lock.
  const std::shared_ptr<app::Lock> held = std::move(lock);
  clock_.After(plan.task ? plan.takes : std::chrono::hours(10000),
               [held_lock = held, task = plan.task, report]() mutable {
                 std::string text = task ? task() : "";
                 held_lock.reset();
                 *report = std::move(text);
               });
  return std::make_unique<FakeRunningWorker>(clock_, std::move(report));
}

void FakeWorker::Plan(std::function<std::string()> task, milliseconds takes) {
  plans_.push_back({std::move(task), takes});
}

void FakeWorker::PlanRefresh(milliseconds takes) {
  Plan([this] { return app::SerializeReport(run_refresh()); }, takes);
}

void FakeWorker::PlanReport(const app::WorkerReport& report, milliseconds takes) {
  Plan([text = app::SerializeReport(report)] { return text; }, takes);
}

void FakeWorker::PlanSilentEnd(milliseconds takes) {
  Plan([] { return std::string(); }, takes);
}

void FakeWorker::PlanHang() {
  plans_.push_back({nullptr, milliseconds(0)});
}

// FakeRemoteShell

class FakeRunningShell final : public app::RunningShell {
 public:
  explicit FakeRunningShell(FakeRemoteShell& shell)
      : shell_(shell), last_(shell.clock_.SteadyNow()) {
    ++shell_.running;
  }
  ~FakeRunningShell() override { --shell_.running; }
  FakeRunningShell(const FakeRunningShell&) = delete;
  FakeRunningShell& operator=(const FakeRunningShell&) = delete;

  std::optional<std::string> Read(app::SteadyTime deadline) override {
    if (shell_.pieces_.empty() && shell_.status) {
      if (shell_.before_end) {
        shell_.before_end();
      }
      return std::nullopt;
    }
    if (shell_.pieces_.empty() || last_ + shell_.pieces_.front().after > deadline) {
      shell_.clock_.SleepUntil(deadline);
      return "";
    }
    last_ += shell_.pieces_.front().after;
    shell_.clock_.SleepUntil(last_);
    const std::string text = std::move(shell_.pieces_.front().text);
    shell_.pieces_.pop_front();
    return text;
  }
  [[nodiscard]] int Status() const override { return shell_.status.value(); }

 private:
  FakeRemoteShell& shell_;
  app::SteadyTime last_;
};

std::unique_ptr<app::RunningShell> FakeRemoteShell::Start(
    const std::vector<std::string>& arguments) {
  started.push_back(arguments);
  if (pieces_.empty() && !status) {
    FAIL("unexpected start of ssh");
  }
  return std::make_unique<FakeRunningShell>(*this);
}

void FakeRemoteShell::Write(const std::string& text, milliseconds after) {
  pieces_.push_back({text, after});
}

// CountingRandom

std::string CountingRandom::Bytes(std::size_t count) {
  std::string bytes(count, '\0');
  ++calls_;
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<char>(calls_ * 31U + i * 7U);
  }
  return bytes;
}

app::KeyringAnswer FakeKeyring::Load(const app::KeyringItem& item) {
  ++loads;
  const auto found = items.find(item.store_id);
  if (state != app::KeyringState::kNothing || found == items.end()) {
    return {state, "", ""};
  }
  return {app::KeyringState::kFound, found->second, ""};
}

app::KeyringAnswer FakeKeyring::Save(const app::KeyringItem& item, const std::string& label,
                                     const std::string& secret) {
  if (state != app::KeyringState::kNothing) {
    return {state, "", ""};
  }
  items[item.store_id] = secret;
  labels.push_back(label);
  return {app::KeyringState::kFound, "", ""};
}

app::KeyringAnswer FakeKeyring::Remove(const app::KeyringItem& item) {
  if (state != app::KeyringState::kNothing) {
    return {state, "", ""};
  }
  return {items.erase(item.store_id) > 0 ? app::KeyringState::kFound : app::KeyringState::kNothing,
          "", ""};
}

bool FakeKeyring::Unlock(seconds /*patience*/) {
  ++unlocks;
  if (unlock_succeeds) {
    state = app::KeyringState::kNothing;
  }
  return unlock_succeeds;
}

namespace {

/// Listens, and hears nothing.
class SilentListener final : public app::LoopbackListener {
 public:
  explicit SilentListener(std::uint16_t port) : port_(port) {}
  [[nodiscard]] std::uint16_t Port() const override { return port_; }
  bool Serve(const std::function<app::LoopbackReply(const app::LoopbackRequest&)>& /*handle*/,
             app::SteadyTime /*deadline*/) override {
    return false;
  }

 private:
  std::uint16_t port_;
};

constexpr std::uint16_t kFreePort = 40000;

}  // namespace

std::unique_ptr<app::LoopbackListener> FakeLoopback::Listen(std::uint16_t port) {
  asked.push_back(port);
  if (before_listen) {
    before_listen();
  }
  if (is_taken && port != 0) {
    return nullptr;
  }
  return std::make_unique<SilentListener>(port == 0 ? kFreePort : port);
}

std::string FakeLoopback::HolderOf(std::uint16_t /*port*/) {
  return "'nc' (process 7)";
}

namespace {

class TypedLines final : public app::Keyboard {
 public:
  explicit TypedLines(std::deque<std::string>& lines) : lines_(lines) {}
  std::optional<std::string> TakeLine() override {
    if (lines_.empty()) {
      return std::nullopt;
    }
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

 private:
  std::deque<std::string>& lines_;
};

}  // namespace

std::unique_ptr<app::Keyboard> RecordingTerminal::OpenKeyboard() {
  return typed ? std::make_unique<TypedLines>(*typed) : nullptr;
}

std::optional<std::string> FakeSecretInput::ReadLine(const std::string& prompt) {
  prompts.push_back(prompt);
  if (before_line) {
    before_line();
  }
  return line;
}

app::ProgramFailure FakeSuccessor::Become(const std::vector<std::string>& arguments,
                                          const std::string& name, const std::string& value) {
  started.push_back({arguments, name, value});
  return failure;
}

std::optional<app::QrCode> FakeQrEncoder::Encode(const std::string& text) {
  encoded.push_back(text);
  return app::QrCode{3, {false, false, false, false, true, false, false, false, false}};
}

std::string FakeConfigFiles::Replace(const app::ConfigFile& file, const std::string& new_text,
                                     const std::string& backup_suffix) {
  if (file.text != text) {
    throw std::logic_error("what is replaced is not what was read");
  }
  replaced.push_back(file.path);
  const bool was_there = text.has_value();
  text = new_text;
  return was_there ? file.path + backup_suffix : "";
}

app::ProgramKind FakePrograms::Inspect(const std::string& path) {
  if (path == own_path) {
    return own_kind;
  }
  const auto kind = found.find(path);
  return kind == found.end() ? app::ProgramKind::kAbsent : kind->second;
}

void FakePrograms::Note(const std::string& path, const std::vector<std::string>& arguments,
                        milliseconds patience) {
  std::string line = path;
  for (const std::string& argument : arguments) {
    line += " " + argument;
  }
  started.push_back(line);
  if (patience > seconds(5)) {
    throw std::logic_error("a program may take 5 seconds at most");
  }
}

std::optional<std::string> FakePrograms::FirstLine(const std::string& path,
                                                   const std::vector<std::string>& arguments,
                                                   milliseconds patience) {
  Note(path, arguments, patience);
  const auto found_line = first_lines.find(path);
  return found_line == first_lines.end() ? std::nullopt : std::optional(found_line->second);
}

std::optional<app::ProgramOutput> FakePrograms::Run(const std::string& path,
                                                    const std::vector<std::string>& arguments,
                                                    milliseconds patience) {
  Note(path, arguments, patience);
  const auto output = outputs.find(path);
  return output == outputs.end() ? std::nullopt : std::optional(output->second);
}

}  // namespace grokauth::test
