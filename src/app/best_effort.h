#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "app/context.h"

namespace grokauth::app {

// Notes beside what matters: a failure is told under --verbose and otherwise ignored.

/// Changes the record of the login `store_id`, unless another login took its place.
void NoteInRecord(Context& context, const std::string& store_id,
                  const std::function<void(RefreshRecord&)>& change,
                  std::chrono::milliseconds patience = kWriteLockPatience);

/// Removes a pending entry whose code is used up; a later poll would find that out, too.
void ForgetPending(Context& context, const std::string& name);

}  // namespace grokauth::app
