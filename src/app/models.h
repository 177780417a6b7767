#pragma once

#include "app/context.h"

namespace grokauth::app {

enum class ModelsFormat { kTable, kJson };

struct ModelsOptions {
  bool force = false;  ///< ask the server, whatever is kept
  bool all = false;    ///< image and video models too
  ModelsFormat format = ModelsFormat::kTable;
};

/// Prints the models that the profile's login can use (the command `models`): the list that is kept
/// when it is fresh, else what the server says. A token that the server refuses is renewed once.
/// When the server cannot say anything now, what is kept is shown, with a warning. Never signs
/// anybody in. Throws `Error`, `Interrupted`.
void PrintModels(Context& context, const ModelsOptions& options);

}  // namespace grokauth::app
