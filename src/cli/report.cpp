#include "cli/report.h"

#include "app/messages.h"

namespace grokauth::cli {

using app::Error;

oauth::JsonObject MakeErrorAnswer(const Error& error) {
  oauth::JsonObject answer;
  answer.Set("ok", false).Set("error", app::MachineWord(error.kind())).Set("message", error.what());
  if (!error.hint().empty()) {
    answer.Set("hint", error.hint());
  }
  return answer;
}

int ReportError(const Error& error, bool json, app::Terminal& terminal) {
  app::Messages(terminal, /*verbose=*/false).Fail(error);
  if (json) {
    try {
      terminal.WriteAnswer(MakeErrorAnswer(error).Text() + "\n");
    } catch (const Error&) {
      // Nobody reads standard output; the error itself is told, and is the status.
    }
  }
  return app::ExitStatus(error.kind());
}

}  // namespace grokauth::cli
