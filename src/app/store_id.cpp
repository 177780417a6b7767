#include "app/store_id.h"

#include <algorithm>

#include "oauth/json.h"

namespace grokauth::app {

bool StoreId::IsObsolete(const std::string& store_id) const {
  return std::find(obsolete.begin(), obsolete.end(), store_id) != obsolete.end();
}

std::string SerializeStoreId(const StoreId& store_id) {
  oauth::JsonObject object;
  object.Set("store_id", store_id.id).Set("store", PlaceWord(store_id.place));
  if (!store_id.obsolete.empty()) {
    object.Set("obsolete", store_id.obsolete);
  }
  return object.Text() + "\n";
}

std::optional<StoreId> ParseStoreId(std::string_view text) {
  const std::optional<oauth::JsonObject> object = oauth::JsonObject::Parse(text);
  const std::optional<std::string> id = object ? object->String("store_id") : std::nullopt;
  if (!id || id->empty()) {
    return std::nullopt;
  }
  return StoreId{*id, ParsePlace(object->String("store").value_or("")).value_or(Place::kFile),
                 object->Strings("obsolete")};
}

}  // namespace grokauth::app
