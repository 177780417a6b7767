#include "app/output.h"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>

#include <algorithm>

#include "app/best_effort.h"
#include "oauth/json.h"

namespace grokauth::app {

namespace {

// Whoever waits for the token does not wait for this.
constexpr std::chrono::milliseconds kDeliveryPatience{200};

}  // namespace

void NoteDelivery(Context& context, const Handout& handout) {
  // One look before the lock: of many runs that waited for this token, the first has noted it.
  if (handout.is_undelivered && !context.store.IsDelivered(handout.version)) {
    NoteInRecord(
        context, handout.version.store_id,
        [&](RefreshRecord& record) {
          // A token that could not be stored must not make the stored one look old.
          record.delivered_generation =
              std::max(record.delivered_generation, handout.version.generation);
        },
        kDeliveryPatience);
  }
}

void Deliver(Context& context, const Handout& handout, TokenFormat format) {
  NoteDelivery(context, handout);
  if (format == TokenFormat::kBare) {
    context.edges.terminal.WriteAnswer(handout.access_token + "\n");
    return;
  }
  oauth::JsonObject answer;
  answer.Set("access_token", handout.access_token);
  if (handout.expires_at) {
    const std::chrono::seconds left = *handout.expires_at - context.edges.clock.Now();
    answer.Set("expires_in", static_cast<std::int64_t>(std::max<std::int64_t>(left.count(), 0)));
  }
  answer.Set("issuer", context.profile.issuer);
  std::string line = answer.Text() + "\n";
  context.edges.terminal.WriteAnswer(line);
  oauth::Wipe(line);
}

std::string FormatTime(UnixTime time) {
  const Poco::Timestamp timestamp =
      Poco::Timestamp::fromEpochTime(static_cast<std::time_t>(time.time_since_epoch().count()));
  return Poco::DateTimeFormatter::format(timestamp, Poco::DateTimeFormat::ISO8601_FORMAT);
}

std::string FormatCountdown(std::chrono::seconds left) {
  const std::int64_t seconds = std::max<std::int64_t>(left.count(), 0);
  const std::string rest = std::to_string(seconds % 60);
  return std::to_string(seconds / 60) + (rest.size() < 2 ? ":0" : ":") + rest;
}

std::string FormatDuration(std::chrono::seconds duration) {
  const std::int64_t seconds = std::max<std::int64_t>(duration.count(), 0);
  const std::int64_t minutes = (seconds + 30) / 60;
  const std::int64_t hours = minutes / 60;
  const auto with = [](std::int64_t value, const char* unit) {
    return std::to_string(value) + " " + unit;
  };
  if (seconds < 60) {
    return with(seconds, "s");
  }
  if (minutes < 60) {
    return with(minutes, "min");
  }
  if (hours < 24) {
    return with(hours, "h") + (minutes % 60 > 0 ? " " + with(minutes % 60, "min") : "");
  }
  return with(hours / 24, "d") + (hours % 24 > 0 ? " " + with(hours % 24, "h") : "");
}

}  // namespace grokauth::app
