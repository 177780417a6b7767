#include "app/refresh_record.h"

#include <algorithm>
#include <utility>

#include "oauth/encoding.h"
#include "oauth/json.h"

namespace grokauth::app {

namespace {

// A refused or dead token is forgotten after so many newer ones; each refresh can add one.
constexpr std::size_t kMostDigests = 32;

bool Contains(const std::vector<std::string>& digests, std::string_view token) {
  // Nothing is hashed where there is nothing to compare: OpenSSL would read its configuration.
  return !digests.empty() &&
         std::find(digests.begin(), digests.end(), TokenDigest(token)) != digests.end();
}

void Add(std::vector<std::string>& digests, std::string_view token) {
  if (Contains(digests, token)) {
    return;
  }
  digests.push_back(TokenDigest(token));
  if (digests.size() > kMostDigests) {
    digests.erase(digests.begin());
  }
}

UnixTime ReadTime(const oauth::JsonObject& object, const std::string& member) {
  return UnixTime(std::chrono::seconds(object.Integer(member).value_or(0)));
}

}  // namespace

std::string TokenDigest(std::string_view token) {
  return oauth::Base64UrlEncode(oauth::Sha256(token));
}

bool IsRefused(const RefreshRecord& record, std::string_view access_token) {
  return Contains(record.refused, access_token) || IsRejected(record, access_token);
}

bool IsRejected(const RefreshRecord& record, std::string_view access_token) {
  return Contains(record.rejected, access_token);
}

bool IsDead(const RefreshRecord& record, std::string_view refresh_token) {
  return Contains(record.dead, refresh_token);
}

void MarkRefused(RefreshRecord& record, std::string_view access_token) {
  Add(record.refused, access_token);
}

void MarkRejected(RefreshRecord& record, std::string_view access_token) {
  Add(record.rejected, access_token);
}

void MarkDead(RefreshRecord& record, std::string_view refresh_token) {
  Add(record.dead, refresh_token);
}

std::int64_t LastEndedAttempt(const RefreshRecord& record) {
  return record.last ? record.last->attempt : 0;
}

std::string MarkOf(const RefreshRecord& record) {
  return record.store_id + " " + std::to_string(LastEndedAttempt(record));
}

std::string MarkOf(std::string_view text) {
  const std::optional<oauth::JsonObject> object = oauth::JsonObject::Parse(text);
  const std::string store_id = object ? object->String("store_id").value_or("") : "";
  return MarkOf(ParseRefreshRecord(text, store_id));
}

std::string SerializeRefreshRecord(const RefreshRecord& record) {
  oauth::JsonObject object;
  object.Set("store_id", record.store_id)
      .Set("generation", record.generation)
      .Set("delivered_generation", record.delivered_generation)
      .Set("attempts", record.attempts)
      .Set("last_start", static_cast<std::int64_t>(record.last_start.time_since_epoch().count()))
      .Set("refused", record.refused)
      .Set("rejected", record.rejected)
      .Set("dead", record.dead)
      .Set("sign_in_unanswered", record.sign_in_unanswered);
  if (record.last) {
    oauth::JsonObject last;
    last.Set("attempt", record.last->attempt)
        .Set("at", static_cast<std::int64_t>(record.last->at.time_since_epoch().count()))
        .Set("outcome", record.last->word)
        .Set("message", record.last->message)
        .Set("hint", record.last->hint)
        .Set("is_transport", record.last->is_transport);
    object.Set("last_refresh", last);
  }
  return object.Text() + "\n";
}

RefreshRecord ParseRefreshRecord(std::string_view text, const std::string& store_id) {
  RefreshRecord record;
  record.store_id = store_id;
  const std::optional<oauth::JsonObject> object = oauth::JsonObject::Parse(text);
  if (!object) {
    return record;
  }
  record.refused = object->Strings("refused");
  record.rejected = object->Strings("rejected");
  record.dead = object->Strings("dead");
  record.sign_in_unanswered = object->Boolean("sign_in_unanswered").value_or(false);
  if (object->String("store_id") != store_id) {
    return record;
  }
  record.generation = object->Integer("generation").value_or(0);
  record.delivered_generation = object->Integer("delivered_generation").value_or(0);
  record.attempts = object->Integer("attempts").value_or(0);
  record.last_start = ReadTime(*object, "last_start");
  if (const std::optional<oauth::JsonObject> last = object->Object("last_refresh")) {
    record.last = RefreshOutcome{
        last->Integer("attempt").value_or(0), ReadTime(*last, "at"),
        last->String("outcome").value_or(""), last->String("message").value_or(""),
        last->String("hint").value_or(""),    last->Boolean("is_transport").value_or(false)};
  }
  return record;
}

}  // namespace grokauth::app
