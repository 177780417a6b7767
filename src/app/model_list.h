#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/edges.h"
#include "oauth/json.h"

namespace grokauth::app {

/// The models that a server offers to a login.
struct ModelList {
  std::vector<std::string> models;  ///< as the server names them, in its order; not empty
  UnixTime fetched_at{};
};

/// The models in the answer of a server, liberally: {"data": [{"id"}, ...]} as OpenAI has it, or
/// `models` instead of `data`, and `model` or `modelId` instead of `id` (Grok's own proxy). A name
/// that is not visible ASCII, or comes again, is left out. Nothing when no name is left.
[[nodiscard]] std::optional<std::vector<std::string>> ParseModels(std::string_view body);

/// How a model is spoken to.
enum class Lane {
  kChat,       ///< POST chat/completions
  kResponses,  ///< POST responses: several agents at once can do nothing else
};

/// "chat" or "responses".
[[nodiscard]] const char* LaneWord(Lane lane);

/// One model as it is shown.
struct Model {
  std::string id;     ///< with the prefix "xai-grok/"
  std::string model;  ///< what to send to the server
  Lane lane = Lane::kChat;
  bool is_default = false;
};

/// The models to show: the default one first, the others sorted; those for images and video
/// (grok-imagine-*) only with `all`.
[[nodiscard]] std::vector<Model> ListModels(const ModelList& list, bool all);

/// The id of the default model; nothing when the server does not offer it.
[[nodiscard]] std::optional<std::string> DefaultModelId(const std::vector<Model>& models);

/// `id`, `model`, `lane` and `default` of each.
[[nodiscard]] std::vector<oauth::JsonObject> MakeModelObjects(const std::vector<Model>& models);

}  // namespace grokauth::app
