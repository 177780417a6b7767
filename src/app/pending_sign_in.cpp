#include "app/pending_sign_in.h"

#include "oauth/json.h"

namespace grokauth::app {

namespace {

constexpr std::int64_t kFormatVersion = 1;

std::int64_t Seconds(UnixTime time) {
  return time.time_since_epoch().count();
}

UnixTime TimeMember(const oauth::JsonObject& object, const char* name) {
  return UnixTime(std::chrono::seconds(object.Integer(name).value_or(0)));
}

}  // namespace

std::string SerializePending(const PendingSignIn& pending) {
  oauth::JsonObject object;
  object.Set("version", kFormatVersion)
      .Set("issuer", pending.issuer)
      .Set("client_id", pending.client_id)
      .Set("device_code", pending.device_code)
      .SetIf("code_verifier", pending.code_verifier)
      .Set("url", pending.url)
      .Set("verification_uri", pending.verification_uri)
      .Set("user_code", pending.user_code)
      .Set("expires_at", Seconds(pending.expires_at))
      .Set("interval", static_cast<std::int64_t>(pending.interval.count()))
      .Set("last_poll", Seconds(pending.last_poll))
      .Set("store", PlaceWord(pending.place))
      .Set("token_endpoint", pending.token_endpoint)
      .SetIf("revocation_endpoint", pending.revocation_endpoint);
  return object.Text() + "\n";
}

std::optional<PendingSignIn> ParsePending(std::string_view text) {
  const std::optional<oauth::JsonObject> object = oauth::JsonObject::Parse(text);
  if (!object || object->Integer("version") != kFormatVersion) {
    return std::nullopt;
  }
  PendingSignIn pending;
  pending.issuer = object->String("issuer").value_or("");
  pending.client_id = object->String("client_id").value_or("");
  pending.device_code = object->String("device_code").value_or("");
  pending.code_verifier = object->String("code_verifier");
  pending.url = object->String("url").value_or("");
  pending.verification_uri = object->String("verification_uri").value_or("");
  pending.user_code = object->String("user_code").value_or("");
  pending.expires_at = TimeMember(*object, "expires_at");
  pending.interval = std::chrono::seconds(object->Integer("interval").value_or(0));
  pending.last_poll = TimeMember(*object, "last_poll");
  pending.place = ParsePlace(object->String("store").value_or("")).value_or(Place::kFile);
  pending.token_endpoint = object->String("token_endpoint").value_or("");
  pending.revocation_endpoint = object->String("revocation_endpoint");
  const bool usable = !pending.device_code.empty() && !pending.url.empty() &&
                      !pending.token_endpoint.empty() && pending.interval > std::chrono::seconds(0);
  return usable ? std::optional(pending) : std::nullopt;
}

bool IsResumable(const PendingSignIn& pending, const Profile& profile, UnixTime now) {
  return pending.issuer == profile.issuer && pending.client_id == profile.client_id &&
         pending.expires_at > now;
}

}  // namespace grokauth::app
