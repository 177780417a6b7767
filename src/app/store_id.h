#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/token_set.h"

namespace grokauth::app {

/// What `<profile>.id` holds: which login is the profile's, and where it is kept.
struct StoreId {
  std::string id;
  Place place = Place::kFile;
  /// Logins that were replaced or signed out, as long as something of them may be left: a token
  /// set in the file that was not removed, an item that the keyring would not delete.
  std::vector<std::string> obsolete;

  [[nodiscard]] bool IsObsolete(const std::string& store_id) const;
};

/// One line of JSON, and back; nothing when it cannot be read.
[[nodiscard]] std::string SerializeStoreId(const StoreId& store_id);
[[nodiscard]] std::optional<StoreId> ParseStoreId(std::string_view text);

}  // namespace grokauth::app
