"""What a token costs with grok-auth and with other programs. Prints tables for README, and whether the targets are reached.

    bench.py [--quick] SELF_CONTAINED SHARED     two builds of grok-auth

--quick runs everything once and looks at no time, only at failures. Ends with status 1 when a target is missed.
"""

import contextlib
import os
import pathlib
import sys
import tempfile
from typing import Iterator

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from measuring import Figures, Row, Runner  # noqa: E402
from peers import Peers  # noqa: E402
from worlds import BUNDLE, TOKEN, Renewed, Stored  # noqa: E402
from keyring import Session  # noqa: E402
from provider import Provider  # noqa: E402

FLOOR = "a static program that does nothing"
CACHE = "git-credential-cache, its daemon running"
SECRET_TOOL = "secret-tool lookup"
DEAD = ", gnome-keyring killed"
CURL = "curl, the same request"
NO_RUNTIME_FOLDER = ("XDG_RUNTIME_DIR",)


class Bench:
    """One run of everything."""

    def __init__(self, quick: bool, self_contained: str, shared: str):
        self._builds = {"self-contained": self_contained, "shared": shared}
        os.environ["GROK_AUTH_BINARY"] = self_contained  # signs in
        self._rounds = 1 if quick else 300
        self._storms = 1 if quick else 5
        self._refreshes = 2 if quick else 100
        self.single: dict[str, Figures] = {}
        self.at_once: dict[int, dict[str, Figures]] = {50: {}, 200: {}}
        self.refresh: dict[str, Figures] = {}

    def run(self) -> None:
        """Measures."""
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grok-auth-bench-")))
            self._runner = Runner(folder)
            provider = stack.enter_context(Provider(interval=1, members={"token": {"access_token": TOKEN}}))
            session = stack.enter_context(Session())
            self._cached(stack, folder, provider, session)
            renewed = Renewed(provider)
            stack.callback(renewed.close)
            self._renewed(renewed)

    def _cached(self, stack: contextlib.ExitStack, folder: pathlib.Path, provider: Provider, session: Session) -> None:
        in_file, in_keyring = Stored(provider), Stored(provider, session)
        stack.callback(in_file.program.close)
        stack.callback(in_keyring.program.close)
        (folder / "home").mkdir()
        environment = {**in_keyring.environment, "HOME": str(folder / "home"), "TMPDIR": str(folder)}
        mirror = [in_keyring.row(f"grok-auth {build}, mirror", binary) for build, binary in self._builds.items()]
        rows = [Row(FLOOR, [self._runner.floor], {})]
        for row, (build, binary) in zip(mirror, self._builds.items()):
            rows += [row, in_file.row(f"grok-auth {build}, file", binary),
                     in_keyring.row(f"grok-auth {build}, keyring", binary, NO_RUNTIME_FOLDER)]  # fmt: skip
        with Peers(folder, environment, TOKEN) as peers:
            rows += peers.rows()
            self.single = self._measure(rows, 1, self._rounds)
            for count, figures in self.at_once.items():
                for row in rows:
                    figures |= self._measure([row], count, self._storms)
                    if not session.daemon_pid or session.is_locked():
                        print(f"gnome-keyring did not outlive {count} at once of {row.name}")
                        session.unlock()
            session.kill_daemon()
            for count, figures in self.at_once.items():
                figures |= self._measure([row._replace(name=row.name + DEAD) for row in mirror], count, self._storms)
            assert not session.daemon_pid, "somebody asked for the keyring"

    def _renewed(self, renewed: Renewed) -> None:
        rows = [renewed.row(f"grok-auth {build}, headless refresh", binary) for build, binary in self._builds.items()]
        bundle = renewed.row("grok-auth self-contained, headless refresh, the bundle read", self._builds["self-contained"],
                             SSL_CERT_FILE=BUNDLE)
        rows += [bundle, renewed.curl(CURL)]
        self.refresh = self._measure(rows, 1, self._refreshes, renewed.trusting())

    def _measure(self, rows: list[Row], count: int, rounds: int, wrapper: tuple[str, ...] = ()) -> dict[str, Figures]:
        found = self._runner.measure(rows, count, rounds, wrapper)
        return {row.name: figures for row, figures in zip(rows, found)}


if __name__ == "__main__":
    b = Bench("--quick" in sys.argv, *sys.argv[-2:])
    b.run()
    for d in (b.single, b.at_once[50], b.at_once[200], b.refresh):
        print()
        for k, v in d.items():
            print(f"{k:60} {v.milliseconds:8.2f} {v.megabytes:6.1f} {v.runs} {v.failures}")
