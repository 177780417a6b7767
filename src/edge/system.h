#pragma once

#include <sys/resource.h>

#include <csignal>
#include <string>
#include <vector>

#include "app/edges.h"
#include "app/environment.h"
#include "edge/http_client.h"
#include "edge/interrupts.h"

namespace grokauth::edge {

/// What this process got from its caller and has changed for itself.
struct CallerSettings {
  rlimit core_limit{};
  struct sigaction pipe_action {};
  sigset_t signal_mask{};
  std::vector<char*> environment;  ///< "NAME=value" each; these texts last as long as the process
};

/// Makes the process one that can hold secrets: no core dumps, nothing to trace, all three standard
/// descriptors open, SIGPIPE an error of the write. The self-contained build reads no openssl.cnf.
/// Returns how it was before.
[[nodiscard]] CallerSettings HardenProcess();

[[nodiscard]] app::Environment ReadEnvironment();
[[nodiscard]] NetworkEnvironment ReadNetworkEnvironment();

/// The text of a configuration file; nothing when there is none and `required` is false. Throws
/// `Error{kConfig}` when it cannot be read.
[[nodiscard]] std::optional<std::string> ReadConfigFile(const std::string& path, bool required);

/// Standard input up to an empty line or its end, and what came with it; at most `limit` bytes.
/// Throws `Error{kStore}` when it cannot be read.
[[nodiscard]] std::string ReadRequest(std::size_t limit);

/// Whether the process has a controlling terminal.
[[nodiscard]] bool HasTerminal();

class SystemClock final : public app::Clock {
 public:
  explicit SystemClock(Interrupts& interrupts);
  [[nodiscard]] app::UnixTime Now() override;
  [[nodiscard]] app::SteadyTime SteadyNow() override;
  void SleepUntil(app::SteadyTime time) override;
  void Nap(std::chrono::milliseconds duration) override;

 private:
  Interrupts& interrupts_;
};

class SystemRandom final : public app::Random {
 public:
  [[nodiscard]] std::string Bytes(std::size_t count) override;
};

}  // namespace grokauth::edge
