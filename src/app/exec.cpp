#include "app/exec.h"

#include "app/output.h"
#include "app/token_source.h"
#include "oauth/encoding.h"

namespace grokauth::app {

namespace {

constexpr std::chrono::seconds kDefaultMinValidity{60};
// A lifetime counts from the request for the token, and the answer may take so long.
constexpr std::chrono::seconds kOnItsWay{15};
// POSIX, env(1) and the shell: not found, found and not started.
constexpr int kNotFound = 127;
constexpr int kCannotInvoke = 126;

/// Even a new token of this server does not last as long as was asked for.
void WarnWhenShort(Context& context, const Handout& handout, const ExecOptions& options) {
  if (!options.min_validity || !handout.expires_at) {
    return;
  }
  const std::chrono::seconds left = *handout.expires_at - context.edges.clock.Now();
  if (left + kOnItsWay < *options.min_validity) {
    context.messages.Warn("the token lasts " + FormatDuration(left) + ", and " +
                          FormatDuration(*options.min_validity) +
                          " were asked for: the server gives none that lasts so long");
  }
}

int TellFailure(Context& context, const std::string& program, const ProgramFailure& failure) {
  context.messages.Fail(Error(
      ErrorKind::kUsage, "'" + oauth::Printable(program) + "' cannot be run: " + failure.reason,
      failure.is_missing ? "check its name, and PATH" : ""));
  return failure.is_missing ? kNotFound : kCannotInvoke;
}

}  // namespace

int Exec(Context& context, const ExecOptions& options) {
  Demand demand;
  demand.min_validity = options.min_validity.value_or(kDefaultMinValidity);
  demand.in_full = options.min_validity.has_value();
  Handout handout = GetToken(context, demand);
  NoteDelivery(context, handout);
  WarnWhenShort(context, handout, options);
  const ProgramFailure failure =
      context.edges.successor.Become(options.arguments, "XAI_API_KEY", handout.access_token);
  oauth::Wipe(handout.access_token);
  return TellFailure(context, options.arguments.front(), failure);
}

}  // namespace grokauth::app
