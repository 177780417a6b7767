#include "app/worker_report.h"

#include "oauth/encoding.h"
#include "oauth/json.h"

namespace grokauth::app {

namespace {

oauth::JsonObject ToObject(const ReportedToken& token) {
  oauth::JsonObject object;
  object.Set("report", "token")
      .Set("access_token", token.handout.access_token)
      .Set("store_id", token.handout.version.store_id)
      .Set("generation", token.handout.version.generation)
      .Set("warning", token.warning);
  if (token.handout.expires_at) {
    object.Set("expires_at",
               static_cast<std::int64_t>(token.handout.expires_at->time_since_epoch().count()));
  }
  return object;
}

oauth::JsonObject ToObject(const ReportedChange& /*change*/) {
  return std::move(oauth::JsonObject().Set("report", "change"));
}

oauth::JsonObject ToObject(const ReportedMove& /*move*/) {
  return std::move(oauth::JsonObject().Set("report", "move"));
}

oauth::JsonObject ToObject(const ReportedFailure& failure) {
  oauth::JsonObject object;
  object.Set("report", "failure")
      .Set("error", MachineWord(failure.error.kind()))
      .Set("message", failure.error.what())
      .Set("hint", failure.error.hint())
      .Set("is_transport", failure.is_transport);
  return object;
}

}  // namespace

std::string SerializeReport(const WorkerReport& report) {
  return std::visit([](const auto& value) { return ToObject(value); }, report).Text();
}

std::optional<WorkerReport> ParseReport(std::string_view text) {
  const std::optional<oauth::JsonObject> object = oauth::JsonObject::Parse(text);
  const std::string word = object ? object->String("report").value_or("") : "";
  if (word == "token") {
    ReportedToken token;
    token.handout.access_token = object->String("access_token").value_or("");
    token.handout.version = {object->String("store_id").value_or(""),
                             object->Integer("generation").value_or(0)};
    if (const std::optional<std::int64_t> expires_at = object->Integer("expires_at")) {
      token.handout.expires_at = UnixTime(std::chrono::seconds(*expires_at));
    }
    token.warning = object->String("warning").value_or("");
    return oauth::IsTokenText(token.handout.access_token) ? std::optional<WorkerReport>(token)
                                                          : std::nullopt;
  }
  if (word == "change") {
    return ReportedChange{};
  }
  if (word == "move") {
    return ReportedMove{};
  }
  if (word == "failure") {
    return ReportedFailure{
        Error(ErrorKindOf(object->String("error").value_or("")).value_or(ErrorKind::kServer),
              object->String("message").value_or(""), object->String("hint").value_or("")),
        object->Boolean("is_transport").value_or(false)};
  }
  return std::nullopt;
}

}  // namespace grokauth::app
