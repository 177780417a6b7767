#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace grokauth::app {

/// Why a command ended without its answer. Each kind is one machine word of the JSON answers and
/// one exit status.
enum class ErrorKind {
  kNetwork,        ///< the server could not be reached, or did not answer in time
  kServer,         ///< the server answered something that cannot be used now
  kStore,          ///< the state folder or a stored login cannot be read or written
  kUsage,          ///< the command line is wrong
  kConfig,         ///< the configuration file or the client registration is wrong
  kLoginRequired,  ///< a person must sign in
  kExpired,        ///< the code of a pending sign-in has expired
  kTimeout,        ///< nobody finished the sign-in in time
  kAccessDenied,   ///< the person declined, or the account is refused
};

/// The one exception that ends a command. `main` prints it and exits with `ExitStatus(kind)`.
class Error : public std::runtime_error {
 public:
  /// `message` says what failed and why, `hint` what to do (may be empty). Both are one line in
  /// lower case, without a full stop and without any secret.
  Error(ErrorKind kind, const std::string& message, std::string hint = {})
      : std::runtime_error(message), kind_(kind), hint_(std::move(hint)) {}

  [[nodiscard]] ErrorKind kind() const { return kind_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

/// Thrown out of any wait when SIGINT, SIGTERM or SIGHUP arrived, or when the parent of a run that
/// has no terminal died.
class Interrupted : public std::exception {
 public:
  /// `signal` is the signal's number; SIGTERM stands for a dead parent.
  explicit Interrupted(int signal) : signal_(signal) {}

  [[nodiscard]] int signal() const { return signal_; }
  [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }

 private:
  int signal_;
};

/// The word that stands for `kind` in JSON answers ("network", "login_required", ...).
[[nodiscard]] const char* MachineWord(ErrorKind kind);

/// The kind that `machine_word` stands for; nothing when it is none of them.
[[nodiscard]] std::optional<ErrorKind> ErrorKindOf(std::string_view machine_word);

/// The exit status of a command that ended with `kind`: 1 may work later, 2 usage or
/// configuration, 3 a person must sign in, 4 access denied.
[[nodiscard]] int ExitStatus(ErrorKind kind);

}  // namespace grokauth::app
