#!/bin/sh
# Installs the programs to compare with, builds grok-auth both ways, and measures: see README.md beside it.
#
#     tests/bench/run.sh [--quick]
#
# --quick is for CI: it looks at failures and memory, at no time, and takes the shared libraries' build of the preset dev.
set -eu
exec </dev/null

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
# shellcheck source=tests/support/install.sh
. "$root/tests/support/install.sh"

preset=release
[ "${1-}" != --quick ] || preset=dev

need_packages build release server tests bench
need_node
"$root/.ci/build-release"
build "$preset"
say "measuring"
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -W error "$root/tests/bench/bench.py" "$@" \
  "$root"/build/dist/grok-auth-*-linux-x86_64 "$root/build/$preset/grok-auth"
