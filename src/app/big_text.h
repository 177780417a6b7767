#pragma once

#include <string>

#include "app/edges.h"

namespace grokauth::app {

/// `text` in letters that can be read across a room, as lines that each end with a newline; empty
/// when the screen is too narrow for it, or a character is not one of A-Z, 0-9 and '-'.
[[nodiscard]] std::string DrawBigText(const std::string& text, const Screen& screen);

}  // namespace grokauth::app
