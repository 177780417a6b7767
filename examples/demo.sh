#!/bin/sh
# The main job on this machine: Grok's auth provider signs in, answers from its store, and renews what has expired.
#
#     examples/demo.sh
#
# Installs what is missing (Debian 12; root), builds, and starts a real OpenID provider on 127.0.0.1 with throw-away
# certificates. Needs no account, no browser and no display. Leaves nothing running and nothing behind but build/.
set -eu
exec </dev/null

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
if ! [ -e "$root/tests/support/install.sh" ]; then
  echo "demo.sh: error: this runs from a checkout of grok-auth, not from an installed copy" >&2
  exit 1
fi
# shellcheck source=tests/support/install.sh
. "$root/tests/support/install.sh"

say "looking for what the build and the demonstration need"
need_packages build server
need_node
build release

export GROK_AUTH_BINARY="$root/build/release/grok-auth" PYTHONDONTWRITEBYTECODE=1
exec python3 "$root/examples/demo.py"
