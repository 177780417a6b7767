#include "edge/machine.h"

#include <unistd.h>

namespace grokauth::edge {

bool LinuxMachine::HasContainerMark() {
  return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
}

}  // namespace grokauth::edge
