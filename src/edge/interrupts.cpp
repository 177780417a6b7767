#include "edge/interrupts.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "app/error.h"
#include "edge/system.h"

namespace grokauth::edge {

namespace {

bool IsReadable(int descriptor) {
  pollfd entry{descriptor, POLLIN, 0};
  return descriptor >= 0 && poll(&entry, 1, 0) == 1;
}

}  // namespace

Interrupts::Interrupts(Watch watch) : watch_(watch), first_parent_(getppid()) {}

Interrupts::~Interrupts() {
  for (const int descriptor : {signal_descriptor_, parent_descriptor_}) {
    if (descriptor >= 0) {
      close(descriptor);
    }
  }
}

std::vector<int> Interrupts::Descriptors() {
  if (!watching_ && watch_ != Watch::kNothing) {
    watching_ = true;
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      sigaddset(&signals, signal);
    }
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    signal_descriptor_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (watch_ == Watch::kSignalsAndParent && !HasTerminal()) {
      // pidfd_open has no wrapper before glibc 2.36; the descriptor is close-on-exec by itself.
      // Not PR_SET_PDEATHSIG: that fires when the parent's thread ends, and Grok's does.
      parent_descriptor_ = static_cast<int>(syscall(SYS_pidfd_open, first_parent_, 0));
      if (getppid() != first_parent_) {
        raise(SIGTERM);  // the parent died before it could be watched
      }
    }
  }
  std::vector<int> descriptors;
  for (const int descriptor : {signal_descriptor_, parent_descriptor_}) {
    if (descriptor >= 0) {
      descriptors.push_back(descriptor);
    }
  }
  return descriptors;
}

void Interrupts::ThrowIfInterrupted() {
  signalfd_siginfo info{};
  if (signal_descriptor_ >= 0 &&
      read(signal_descriptor_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    throw app::Interrupted(static_cast<int>(info.ssi_signo));
  }
  if (IsReadable(parent_descriptor_)) {
    throw app::Interrupted(SIGTERM);
  }
}

}  // namespace grokauth::edge
