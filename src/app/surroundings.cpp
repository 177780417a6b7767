#include "app/surroundings.h"

namespace grokauth::app {

Surroundings FindSurroundings(const Environment& environment, Machine& machine) {
  const PlaceMarks& marks = environment.marks;
  if (marks.codespace) {
    return Surroundings::kCodespace;
  }
  if (marks.google_cloud_shell) {
    return Surroundings::kGoogleCloudShell;
  }
  if (marks.cloud_shell) {
    return Surroundings::kCloudShell;
  }
  if (environment.is_ssh) {
    return Surroundings::kSsh;
  }
  if (marks.pod) {
    return Surroundings::kPod;
  }
  return marks.container || machine.HasContainerMark() ? Surroundings::kContainer
                                                       : Surroundings::kHere;
}

}  // namespace grokauth::app
