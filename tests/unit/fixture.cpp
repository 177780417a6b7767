#include "fixture.h"

#include <catch2/catch.hpp>

#include <utility>

#include "app/refresh_worker.h"
#include "oauth/encoding.h"
#include "oauth/json.h"

namespace grokauth::test {

using oauth::JsonObject;

app::Profile MakeProfile() {
  app::Profile profile;
  profile.name = "work";
  profile.issuer = kIssuer;
  profile.client_id = "client-1";
  profile.scopes = {"openid", "offline_access"};
  profile.store = app::StoreChoice::kFile;
  return profile;
}

std::string MakeJwt(const std::string& claims) {
  return oauth::Base64UrlEncode(R"({"alg":"none"})") + "." + oauth::Base64UrlEncode(claims) +
         ".c2ln";
}

std::string TokenAnswer(const std::string& access_token, const std::string& refresh_token,
                        const std::string& sub) {
  JsonObject claims;
  claims.Set("iss", kIssuer).Set("aud", "client-1").Set("sub", sub).Set("email", sub + "@id");
  JsonObject answer;
  answer.Set("access_token", access_token)
      .Set("token_type", "Bearer")
      .Set("expires_in", std::int64_t{21600})
      .Set("refresh_token", refresh_token)
      .Set("id_token", MakeJwt(claims.Text()));
  return answer.Text();
}

std::string ErrorAnswer(const std::string& error) {
  return JsonObject().Set("error", error).Text();
}

std::string Metadata(const std::string& token_endpoint) {
  JsonObject metadata;
  metadata.Set("issuer", kIssuer)
      .Set("token_endpoint", token_endpoint)
      .Set("device_authorization_endpoint", kDeviceUrl)
      .Set("revocation_endpoint", kRevocationUrl);
  return metadata.Text();
}

std::string DeviceAnswer(const std::string& device_code, const std::string& user_code) {
  JsonObject answer;
  answer.Set("device_code", device_code)
      .Set("user_code", user_code)
      .Set("verification_uri", "https://id.example/device")
      .Set("verification_uri_complete", "https://id.example/device?user_code=" + user_code)
      .Set("expires_in", std::int64_t{600})
      .Set("interval", std::int64_t{5});
  return answer.Text();
}

oauth::ServerMetadata MakeMetadata() {
  return std::get<oauth::ServerMetadata>(oauth::ParseServerMetadata(Metadata(), kIssuer, {}));
}

app::Context Fixture::NewRun(app::Messages& its_messages) {
  return NewRun(its_messages, clock.SteadyNow());
}

app::Context Fixture::NewRun(app::Messages& its_messages, app::SteadyTime started) {
  return {profile,      environment, edges,
          store,        files,       pending,
          its_messages, started,     {"refresh", "--worker", "--profile=work"}};
}

Fixture::Fixture() {
  worker.run_refresh = [this] { return RunWorker(); };
}

app::TokenSet Fixture::MakeTokens(seconds age, std::optional<seconds> lifetime) {
  app::TokenSet tokens;
  tokens.store_id = "store-1";
  tokens.generation = 1;
  tokens.issuer = profile.issuer;
  tokens.client_id = profile.client_id;
  tokens.access_token = "access-1";
  tokens.token_type = "Bearer";
  tokens.minted_at = clock.Now() - age;
  if (lifetime) {
    tokens.expires_at = tokens.minted_at + *lifetime;
  }
  tokens.refresh_token = "refresh-1";
  tokens.scope = "openid offline_access";
  tokens.account = oauth::Account{"user-1", "user-1@id", std::nullopt};
  tokens.token_endpoint = kTokenUrl;
  tokens.revocation_endpoint = kRevocationUrl;
  return tokens;
}

app::RefreshRecord Fixture::MakeRecord(const app::TokenSet& tokens) {
  app::RefreshRecord record;
  record.store_id = tokens.store_id;
  record.generation = tokens.generation;
  record.delivered_generation = tokens.generation;
  return record;
}

void Fixture::StoreLogin(const app::TokenSet& tokens) {
  StoreLogin(tokens, MakeRecord(tokens));
}

void Fixture::StoreLogin(const app::TokenSet& tokens, const app::RefreshRecord& record) {
  state.files["work.json"] = app::SerializeTokenSet(tokens);
  state.files["work.id"] = JsonObject().Set("store_id", tokens.store_id).Text();
  state.files["work.last"] = app::SerializeRefreshRecord(record);
}

app::PendingSignIn Fixture::MakePending(seconds left) {
  app::PendingDevice device;
  device.device_code = "device-0";
  device.code_verifier = "verifier-0";
  device.verification_uri = "https://id.example/device";
  device.user_code = "OLD-CODE";
  device.interval = seconds(5);
  device.last_poll = clock.Now() - seconds(100);
  device.token_endpoint = kTokenUrl;
  device.revocation_endpoint = kRevocationUrl;
  return {profile.issuer, profile.client_id, "https://id.example/device?user_code=OLD-CODE",
          clock.Now() + left, device};
}

void Fixture::StorePending(const std::string& name, const app::PendingSignIn& entry) {
  state.files[name] = app::SerializePending(entry);
}

app::WorkerReport Fixture::RunWorker() {
  RecordingTerminal nowhere;
  app::Messages silent(nowhere, /*verbose=*/false);
  app::Context own = NewRun(silent);
  return app::RunRefreshWorker(own);
}

app::TokenSet Fixture::Tokens() {
  std::optional<app::TokenSet> tokens = store.Load().tokens;
  REQUIRE(tokens);
  return std::move(*tokens);
}

app::RefreshRecord Fixture::Record() {
  return store.Load().record;
}

KeyringLogin::KeyringLogin() {
  profile.store = app::StoreChoice::kAuto;
  keyring.state = app::KeyringState::kNothing;
  app::TokenSet tokens = MakeTokens();
  tokens.place = app::Place::kLibsecret;
  keyring.items["store-1"] = app::SerializeTokenSet(tokens);
  state.files["work.id"] = JsonObject().Set("store_id", "store-1").Set("store", "libsecret").Text();
  state.files["work.last"] = app::SerializeRefreshRecord(MakeRecord(tokens));
}

app::TokenSet KeyringLogin::InKeyring(const std::string& store_id) const {
  return std::get<app::TokenSet>(app::ParseTokenSet(keyring.items.at(store_id)));
}

}  // namespace grokauth::test
