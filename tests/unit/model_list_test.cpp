#include "app/model_list.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace grokauth::app;
using Names = std::vector<std::string>;

namespace {

Names NamesIn(const std::vector<Model>& models) {
  Names names;
  for (const Model& model : models) {
    names.push_back(model.model);
  }
  return names;
}

}  // namespace

TEST_CASE("models are read in the forms of OpenAI and of Grok's proxy") {
  const std::string body = GENERATE(
      R"({"object":"list","data":[{"id":"grok-4.3","object":"model","created":1},{"id":"b"}]})",
      R"({"data":[{"model":"grok-4.3","name":"Grok"},{"modelId":"b","_meta":{}}]})",
      R"({"data":[{"id":7,"model":"grok-4.3"},{"id":"b","model":"c"}]})",
      R"({"models":[{"id":"grok-4.3"},{"id":"b"}]})",
      "\xef\xbb\xbf"
      R"({"data":[{"id":"grok-4.3"},{"id":"b"}]})");
  CHECK(ParseModels(body) == Names{"grok-4.3", "b"});
}

TEST_CASE("names that cannot be shown or come again are left out") {
  CHECK(
      ParseModels(R"({"data":[{"id":"a"},{"id":"a b"},{"id":""},{"id":"x\u001b[m"},{"id":"\u00e4"},
                    "text",{"name":"n"},null,{"id":"a"},{"id":"c"}]})") == Names{"a", "c"});
  CHECK_FALSE(ParseModels(R"({"data":[{"id":")" + std::string(101, 'a') + R"("}]})"));
}

TEST_CASE("an answer without a model is none") {
  const std::string body =
      GENERATE("", "<html>", "[]", "{}", R"({"data":[]})", R"({"data":{"id":"a"}})",
               R"({"data":[],"models":[{"id":"a"}]})", R"({"data":[{"id":"a"}])");
  CHECK_FALSE(ParseModels(body));
}

TEST_CASE("the default model comes first, the others are sorted") {
  const ModelList list{{"grok-code-fast-1", "grok-4.5", "grok-4.3", "grok-4.20-multi-agent-0309"},
                       UnixTime()};
  const std::vector<Model> models = ListModels(list, false);
  CHECK(NamesIn(models) ==
        Names{"grok-4.3", "grok-4.20-multi-agent-0309", "grok-4.5", "grok-code-fast-1"});
  CHECK(models[0].id == "xai-grok/grok-4.3");
  CHECK(models[0].is_default);
  CHECK_FALSE(models[1].is_default);
  CHECK(DefaultModelId(models) == "xai-grok/grok-4.3");
}

TEST_CASE("where the pinned model is not offered there is no default one") {
  const std::vector<Model> models = ListModels({{"grok-4.3-latest", "grok-4"}, UnixTime()}, false);
  CHECK(NamesIn(models) == Names{"grok-4", "grok-4.3-latest"});
  CHECK_FALSE(DefaultModelId(models));
}

TEST_CASE("models for images and video are for who asks for all") {
  const ModelList list{{"grok-imagine-video", "grok-4", "grok-imagine-image"}, UnixTime()};
  CHECK(NamesIn(ListModels(list, false)) == Names{"grok-4"});
  CHECK(NamesIn(ListModels(list, true)) ==
        Names{"grok-4", "grok-imagine-image", "grok-imagine-video"});
}

TEST_CASE("models of several agents take the lane of the responses") {
  const std::vector<Model> models =
      ListModels({{"grok-4.3", "grok-4.20-multi-agent-0309"}, UnixTime()}, false);
  CHECK(models[0].lane == Lane::kChat);
  CHECK(models[1].lane == Lane::kResponses);
  const std::vector<grokauth::oauth::JsonObject> objects = MakeModelObjects(models);
  CHECK(objects[0].Text() ==
        R"({"id":"xai-grok/grok-4.3","model":"grok-4.3","lane":"chat","default":true})");
  CHECK(objects[1].String("lane") == "responses");
  CHECK(objects[1].Boolean("default") == false);
}
