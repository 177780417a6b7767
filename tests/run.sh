#!/bin/sh
# Installs what is missing, builds, and runs every test. Ends with CTest's summary and its exit status.
#
#     tests/run.sh [PRESET [CTEST_OPTION...]]      PRESET is dev (the default) or asan
#
# A machine with Debian 12 needs nothing before that but root; one where everything is installed needs no root.
set -eu
exec </dev/null

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tests/support/install.sh
. "$root/tests/support/install.sh"

preset=${1:-dev}
[ $# -eq 0 ] || shift

say "looking for what the build and the tests need"
need_packages build server tests
need_node
build "$preset"

say "running the tests of the preset '$preset'"
cd "$root"
exec ctest --preset "$preset" --parallel 2 "$@"
