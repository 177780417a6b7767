#include "app/model_cache.h"

#include <chrono>

#include "app/api_base.h"

namespace grokauth::app {

namespace {

constexpr std::string_view kModelsSuffix = ".models";
// New models come a few times a year; an hour spares a server that is asked by every new shell.
constexpr std::chrono::hours kTimeToLive{1};
// What wrote the file; another number is another format, and as good as no file.
constexpr std::int64_t kFormatVersion = 1;

std::string FileName(const Context& context) {
  return context.profile.name + std::string(kModelsSuffix);
}

/// What a list is valid for, as members of its file.
oauth::JsonObject MakeKey(const Context& context, const std::string& store_id) {
  oauth::JsonObject key;
  key.Set("version", kFormatVersion)
      .Set("store_id", store_id)
      .Set("issuer", context.profile.issuer)
      .Set("client_id", context.profile.client_id)
      .Set("api_base", ChooseApiBase(context.profile, context.environment).url.value_or(""));
  return key;
}

bool HasKey(const oauth::JsonObject& file, const oauth::JsonObject& key) {
  for (const char* name : {"store_id", "issuer", "client_id", "api_base"}) {
    if (file.String(name) != key.String(name)) {
      return false;
    }
  }
  return file.Integer("version") == key.Integer("version");
}

}  // namespace

std::optional<ModelList> ReadCachedModels(Context& context) {
  try {
    const std::string store_id = context.store.CurrentId();
    const std::optional<std::string> text = context.edges.cache.Read(FileName(context));
    const std::optional<oauth::JsonObject> file =
        text ? oauth::JsonObject::Parse(*text) : std::nullopt;
    if (!file || store_id.empty() || !HasKey(*file, MakeKey(context, store_id))) {
      return std::nullopt;
    }
    const std::int64_t now = context.edges.clock.Now().time_since_epoch().count();
    const std::int64_t fetched_at = file->Integer("fetched_at").value_or(-1);
    std::optional<std::vector<std::string>> models = ParseModels(*text);
    if (!models || fetched_at < 0 || fetched_at > now) {
      return std::nullopt;
    }
    return ModelList{*std::move(models), UnixTime(std::chrono::seconds(fetched_at))};
  } catch (const Error& error) {
    context.messages.Detail(std::string("the kept list of models is passed over: ") + error.what());
    return std::nullopt;
  }
}

bool IsFresh(const ModelList& list, UnixTime now) {
  return now - list.fetched_at < kTimeToLive;
}

void KeepModels(Context& context, const std::string& store_id, const ModelList& list) {
  oauth::JsonObject file = MakeKey(context, store_id);
  std::vector<oauth::JsonObject> models;
  for (const std::string& name : list.models) {
    models.push_back(oauth::JsonObject().Set("id", name));
  }
  file.Set("fetched_at", std::int64_t{list.fetched_at.time_since_epoch().count()})
      .Set("models", models);
  try {
    context.edges.cache.Replace(FileName(context), file.Text() + "\n");
  } catch (const Error& error) {
    context.messages.Detail(std::string("the list of models is not kept: ") + error.what());
  }
}

void ForgetModels(Context& context) {
  try {
    context.edges.cache.Remove(FileName(context));
  } catch (const Error& error) {
    context.messages.Detail(std::string("the kept list of models stays: ") + error.what());
  }
}

}  // namespace grokauth::app
