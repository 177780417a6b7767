#include "app/pending_sign_in.h"

#include "oauth/json.h"

namespace grokauth::app {

namespace {

constexpr std::int64_t kFormatVersion = 1;
constexpr const char* kStartOrigin = "start";

std::int64_t Seconds(UnixTime time) {
  return time.time_since_epoch().count();
}

UnixTime TimeMember(const oauth::JsonObject& object, const char* name) {
  return UnixTime(std::chrono::seconds(object.Integer(name).value_or(0)));
}

oauth::JsonObject SerializeDevice(const PendingDevice& device) {
  oauth::JsonObject object;
  object.Set("device_code", device.device_code)
      .SetIf("code_verifier", device.code_verifier)
      .Set("verification_uri", device.verification_uri)
      .Set("user_code", device.user_code)
      .Set("interval", static_cast<std::int64_t>(device.interval.count()))
      .Set("last_poll", Seconds(device.last_poll))
      .Set("store", PlaceWord(device.place))
      .Set("token_endpoint", device.token_endpoint)
      .SetIf("revocation_endpoint", device.revocation_endpoint);
  return object;
}

std::optional<PendingDevice> ParseDevice(const oauth::JsonObject& object) {
  PendingDevice device;
  device.device_code = object.String("device_code").value_or("");
  device.code_verifier = object.String("code_verifier");
  device.verification_uri = object.String("verification_uri").value_or("");
  device.user_code = object.String("user_code").value_or("");
  device.interval = std::chrono::seconds(object.Integer("interval").value_or(0));
  device.last_poll = TimeMember(object, "last_poll");
  device.place = ParsePlace(object.String("store").value_or("")).value_or(Place::kFile);
  device.token_endpoint = object.String("token_endpoint").value_or("");
  device.revocation_endpoint = object.String("revocation_endpoint");
  const bool usable = !device.device_code.empty() && !device.token_endpoint.empty() &&
                      device.interval > std::chrono::seconds(0);
  return usable ? std::optional(std::move(device)) : std::nullopt;
}

}  // namespace

std::string SerializePending(const PendingSignIn& pending) {
  oauth::JsonObject object;
  object.Set("version", kFormatVersion)
      .Set("issuer", pending.issuer)
      .Set("client_id", pending.client_id)
      .Set("url", pending.url)
      .Set("expires_at", Seconds(pending.expires_at))
      .Set("origin", pending.origin == PendingOrigin::kStart ? kStartOrigin : "run");
  if (pending.device) {
    object.Set("device", SerializeDevice(*pending.device));
  }
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
  pending.url = object->String("url").value_or("");
  pending.expires_at = TimeMember(*object, "expires_at");
  if (object->String("origin") == kStartOrigin) {
    pending.origin = PendingOrigin::kStart;
  }
  if (const std::optional<oauth::JsonObject> device = object->Object("device")) {
    pending.device = ParseDevice(*device);
    if (!pending.device) {
      return std::nullopt;
    }
  }
  return pending.url.empty() ? std::nullopt : std::optional(std::move(pending));
}

bool IsAlive(const PendingSignIn& pending, const Profile& profile, UnixTime now) {
  return pending.issuer == profile.issuer && pending.client_id == profile.client_id &&
         pending.expires_at > now;
}

}  // namespace grokauth::app
