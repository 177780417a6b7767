#pragma once

#include <string>
#include <utility>
#include <vector>

namespace grokauth::edge {

/// A descriptor of this process, and the number under which a child gets it.
using InheritedDescriptor = std::pair<int, int>;

/// Starts `program` (looked up in PATH unless it has a slash) in a session of its own, with default
/// signal handling, standard input, output and error on /dev/null, `inherited` and no other
/// descriptor. Returns the process id, or the negative errno value.
[[nodiscard]] int StartDetached(const std::string& program,
                                const std::vector<std::string>& arguments,
                                const std::vector<InheritedDescriptor>& inherited);

}  // namespace grokauth::edge
