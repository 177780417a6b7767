"""The real Grok: where it is, how it gets there, and settings that make grok-auth its auth provider."""

import fcntl
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent / "grok"
GROK = HERE / "node_modules/grok"
_CONFIG = """
[auth]
auth_provider_command = {command}
auth_provider_label = "grok-auth"

[cli]
auto_update = false

[features]
telemetry = false
"""


def install() -> None:
    """Makes sure that the npm package is there; processes that ask at the same time wait for the first."""
    wanted = HERE / "package-lock.json"
    with wanted.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not GROK.exists() or GROK.stat().st_mtime < wanted.stat().st_mtime:
            npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts=false"]
            subprocess.run(npm, cwd=HERE, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)


def configure(home: pathlib.Path, command: str) -> pathlib.Path:
    """Makes this shell command the auth provider of the Grok with this home; returns the folder of Grok's settings."""
    settings = home / ".grok"
    settings.mkdir()
    (settings / "config.toml").write_text(_CONFIG.format(command=json.dumps(command)))
    return settings
