#pragma once

#include <string>

#include "app/edges.h"

namespace grokauth::app {

/// A page for the browser: self-contained, without script, not stored, readable on a phone and in
/// the dark. `heading` and `text` are plain text and are escaped.
[[nodiscard]] LoopbackReply MakePage(int status, const std::string& heading,
                                     const std::string& text);

}  // namespace grokauth::app
