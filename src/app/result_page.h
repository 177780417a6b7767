#pragma once

#include <string>

#include "app/edges.h"

namespace grokauth::app {

/// What a page tells at a glance, by a sign and its color: the answer has come, the sign-in has
/// failed, or nothing has changed and the sign-in still waits.
enum class PageMark { kDone, kFailed, kNotice };

/// A page's content, all of it plain text.
struct ResultPage {
  int status = 200;  ///< HTTP status
  PageMark mark = PageMark::kNotice;
  std::string heading;
  std::string text;  ///< what happened
  std::string next;  ///< what to do now
};

/// The page for the browser: self-contained, without script, not stored, readable on a phone and
/// in the dark. The content is escaped.
[[nodiscard]] LoopbackReply MakePage(const ResultPage& page);

}  // namespace grokauth::app
