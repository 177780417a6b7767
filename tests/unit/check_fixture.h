#pragma once

#include <ostream>
#include <tuple>

#include "app/check.h"
#include "fixture.h"

namespace grokauth::app {

inline bool operator==(const Check& left, const Check& right) {
  return std::tie(left.outcome, left.name, left.finding, left.fix) ==
         std::tie(right.outcome, right.name, right.finding, right.fix);
}

inline std::ostream& operator<<(std::ostream& out, const Check& check) {
  return out << static_cast<int>(check.outcome) << " " << check.name << ": " << check.finding
             << " (" << check.fix << ")";
}

}  // namespace grokauth::app
