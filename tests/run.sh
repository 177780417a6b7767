#!/bin/sh
# Installs what is missing, builds, and runs every test. Ends with CTest's summary and exit status; between them come the
# figures that were measured.
#
#     tests/run.sh [--long] [PRESET [CTEST_OPTION...]]      PRESET is dev (the default) or asan
#
# --long makes the storm, the kill sweeps and the save window long: about ten minutes more.
#
# A machine with Debian 12 needs nothing before that but root; one where everything is installed needs no root.
set -eu
exec </dev/null

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tests/support/install.sh
. "$root/tests/support/install.sh"

if [ "${1-}" = --long ]; then
  export GROK_AUTH_STORM=long
  shift
fi
preset=${1:-dev}
[ $# -eq 0 ] || shift

say "looking for what the build and the tests need"
need_packages build server tests
need_node
build "$preset"

say "running the tests of the preset '$preset'"
cd "$root"
status=0
ctest --preset "$preset" --parallel 4 "$@" || status=$?
grep -s '^figure: ' "build/$preset/Testing/Temporary/LastTest.log" || true # which tests ran is the caller's choice
exit "$status"
