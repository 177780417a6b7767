"""A network of its own for a test program, in which loopback is all there is: nothing can reach the outside, every port is
free, and any name can stand for this machine."""

import os
import subprocess
import sys
import unittest

_INSIDE = "GROK_AUTH_TEST_ISOLATED"
_ENTER = 'ip link set lo up; f=$(mktemp); echo "$0" >"$f"; chmod 644 "$f"; mount --bind "$f" /etc/hosts; rm "$f"; exec "$@"'

_reason = "run this file itself"


def enter(*names: str) -> None:
    """Runs this program again where `names` are 127.0.0.1, unless it is there already. Returns when that cannot be done."""
    global _reason
    if _INSIDE in os.environ:
        return
    command = ["unshare", "--net", "--mount", "sh", "-ec", _ENTER, " ".join(["127.0.0.1", "localhost", *names])]
    if os.geteuid() != 0:
        command.insert(1, "--map-root-user")
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        _reason = str(error)
    except subprocess.CalledProcessError as error:
        _reason = f"no network of its own: {error.stderr.strip()}"
    else:
        os.environ[_INSIDE] = "1"
        os.execvp(command[0], [*command, sys.executable, *sys.orig_argv[1:]])


def require() -> None:
    """To be called by `setUpModule`: skips the tests that `enter` could not take inside, but fails when CI is set."""
    if _INSIDE not in os.environ:
        if os.environ.get("CI"):
            raise RuntimeError(_reason)
        raise unittest.SkipTest(_reason)
