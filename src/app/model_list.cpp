#include "app/model_list.h"

#include <algorithm>
#include <tuple>

#include "oauth/encoding.h"

namespace grokauth::app {

namespace {

constexpr const char* kIdPrefix = "xai-grok/";
// The model to begin with, pinned: what a server lists first, or names "latest", changes.
constexpr std::string_view kDefaultModel = "grok-4.3";
constexpr std::string_view kMediaPrefix = "grok-imagine-";
constexpr std::string_view kMultiAgent = "multi-agent";
// Three times the longest name that was met.
constexpr std::size_t kLongestName = 100;

/// Empty when there is none that can be used.
std::string NameOf(const oauth::JsonObject& model) {
  for (const char* member : {"id", "model", "modelId"}) {
    const std::optional<std::string> name = model.String(member);
    if (name && oauth::IsTokenText(*name) && name->size() <= kLongestName) {
      return *name;
    }
  }
  return {};
}

}  // namespace

std::optional<std::vector<std::string>> ParseModels(std::string_view body) {
  const std::optional<oauth::JsonObject> answer = oauth::JsonObject::ParseLiberally(body);
  if (!answer) {
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (const oauth::JsonObject& model : answer->Objects(answer->Has("data") ? "data" : "models")) {
    const std::string name = NameOf(model);
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  return names.empty() ? std::nullopt : std::optional(std::move(names));
}

const char* LaneWord(Lane lane) {
  return lane == Lane::kResponses ? "responses" : "chat";
}

std::vector<Model> ListModels(const ModelList& list, bool all) {
  std::vector<Model> models;
  for (const std::string& name : list.models) {
    if (all || !name.starts_with(kMediaPrefix)) {
      const bool is_multi_agent = name.find(kMultiAgent) != std::string::npos;
      models.push_back({kIdPrefix + name, name, is_multi_agent ? Lane::kResponses : Lane::kChat,
                        name == kDefaultModel});
    }
  }
  std::sort(models.begin(), models.end(), [](const Model& one, const Model& other) {
    return std::tuple(!one.is_default, one.model) < std::tuple(!other.is_default, other.model);
  });
  return models;
}

std::optional<std::string> DefaultModelId(const std::vector<Model>& models) {
  const auto found = std::find_if(models.begin(), models.end(),
                                  [](const Model& model) { return model.is_default; });
  return found == models.end() ? std::nullopt : std::optional(found->id);
}

std::vector<oauth::JsonObject> MakeModelObjects(const std::vector<Model>& models) {
  std::vector<oauth::JsonObject> objects;
  for (const Model& model : models) {
    oauth::JsonObject object;
    object.Set("id", model.id)
        .Set("model", model.model)
        .Set("lane", LaneWord(model.lane))
        .Set("default", model.is_default);
    objects.push_back(object);
  }
  return objects;
}

}  // namespace grokauth::app
