#include "edge/http_watchdog.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "edge/http_failure.h"

namespace grokauth::edge::http {

namespace {

int Checked(int descriptor) {
  if (descriptor < 0) {
    throw std::system_error(errno, std::generic_category());
  }
  return descriptor;
}

}  // namespace

Watchdog::Watchdog(int socket, app::SteadyTime deadline, std::vector<int> interrupts)
    : socket_(Checked(fcntl(socket, F_DUPFD_CLOEXEC, 0))),
      wake_(Checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
      interrupts_(std::move(interrupts)),
      deadline_(deadline),
      thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  stop_ = true;
  Wake();
  thread_.join();
}

void Watchdog::SetDeadline(app::SteadyTime deadline) {
  {
    const std::lock_guard lock(mutex_);
    deadline_ = deadline;
  }
  Wake();
}

app::SteadyTime Watchdog::Deadline() {
  const std::lock_guard lock(mutex_);
  return deadline_;
}

void Watchdog::Wake() {
  const std::uint64_t one = 1;
  // Cannot fail: the counter would have to be full.
  [[maybe_unused]] const ssize_t written = write(wake_.Get(), &one, sizeof one);
}

void Watchdog::Run() {
  std::vector<pollfd> entries{{wake_.Get(), POLLIN, 0}};
  for (const int interrupt : interrupts_) {
    entries.push_back({interrupt, POLLIN, 0});
  }
  while (!stop_) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t drained = read(wake_.Get(), &count, sizeof count);
    const int timeout = PollTimeout(Deadline());
    if (timeout == 0) {
      verdict_ = Verdict::kDeadline;
      break;
    }
    poll(entries.data(), entries.size(), timeout);
    if (std::any_of(entries.begin() + 1, entries.end(),
                    [](const pollfd& entry) { return entry.revents != 0; })) {
      verdict_ = Verdict::kInterrupted;
      break;
    }
  }
  if (verdict_ != Verdict::kWatching) {
    shutdown(socket_.Get(), SHUT_RDWR);
  }
}

}  // namespace grokauth::edge::http
