#include "app/error.h"

namespace grokauth::app {

const char* MachineWord(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNetwork:
      return "network";
    case ErrorKind::kServer:
      return "server";
    case ErrorKind::kStore:
      return "store";
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kConfig:
      return "config";
    case ErrorKind::kLoginRequired:
      return "login_required";
    case ErrorKind::kExpired:
      return "expired";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kAccessDenied:
      return "access_denied";
  }
  return "server";
}

int ExitStatus(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNetwork:
    case ErrorKind::kServer:
    case ErrorKind::kStore:
      return 1;
    case ErrorKind::kUsage:
    case ErrorKind::kConfig:
      return 2;
    case ErrorKind::kLoginRequired:
    case ErrorKind::kExpired:
    case ErrorKind::kTimeout:
      return 3;
    case ErrorKind::kAccessDenied:
      return 4;
  }
  return 1;
}

std::optional<ErrorKind> ErrorKindOf(std::string_view machine_word) {
  for (const ErrorKind kind :
       {ErrorKind::kNetwork, ErrorKind::kServer, ErrorKind::kStore, ErrorKind::kUsage,
        ErrorKind::kConfig, ErrorKind::kLoginRequired, ErrorKind::kExpired, ErrorKind::kTimeout,
        ErrorKind::kAccessDenied}) {
    if (machine_word == MachineWord(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace grokauth::app
