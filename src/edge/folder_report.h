#pragma once

#include <string>

#include "app/edges.h"
#include "edge/descriptor.h"

namespace grokauth::edge {

/// Looks at the folder at `path` by its descriptor, which is not open when there is no such folder.
/// Changes nothing. What cannot be looked at counts as in order.
[[nodiscard]] app::FolderReport InspectFolder(const Descriptor& folder, const std::string& path);

}  // namespace grokauth::edge
