#include "app/best_effort.h"

namespace grokauth::app {

void NoteInRecord(Context& context, const std::string& store_id,
                  const std::function<void(RefreshRecord&)>& change,
                  std::chrono::milliseconds patience) {
  try {
    context.store.UpdateRecord(store_id, change, patience);
  } catch (const Error& error) {
    context.messages.Detail(error.what());
  }
}

void ForgetPending(Context& context, const std::string& name) {
  try {
    context.pending.Remove(name);
  } catch (const Error& error) {
    context.messages.Detail(error.what());
  }
}

}  // namespace grokauth::app
