"""What a token costs with grok-auth and with other programs. Prints tables for README, and whether the targets are reached.

    bench.py [--quick] SELF_CONTAINED SHARED     two builds of grok-auth

--quick runs everything a few times, leaves the crowds to grok-auth, and looks at no time: only at failures, requests and
memory. Ends with status 1 when a target is missed; no target counts a failure of another program.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import sys
import tempfile
from typing import NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

import report  # noqa: E402
from keyring import Session  # noqa: E402
from measuring import Figures, Row, Runner  # noqa: E402
from peers import CACHE, SECRET_TOOL, Peers  # noqa: E402
from provider import Provider  # noqa: E402
from worlds import BUNDLE, TOKEN, Renewed, Stored  # noqa: E402

FLOOR = "a static program that does nothing"
DEAD = ", gnome-keyring killed"
OURS = "grok-auth self-contained, "
HASHED = OURS + "headless run"
CACHED = OURS + "mirror", OURS + "file"
BUNDLED = OURS + "made to read the bundle"
CURL = "curl, which reads the bundle"
CROWDS = 50, 200


class Scale(NamedTuple):
    """How often what is measured."""

    alone: int
    crowds: int
    refreshes: int


FULL = Scale(alone=300, crowds=3, refreshes=100)
QUICK = Scale(alone=20, crowds=1, refreshes=2)


class Bench:
    """One run of everything, within a `with`."""

    def __init__(self, scale: Scale, self_contained: str, shared: str):
        self._scale = scale
        self._builds = {"self-contained": self_contained, "shared": shared}
        self.alone: dict[str, Figures] = {}
        self.crowds: dict[int, dict[str, Figures]] = {count: {} for count in CROWDS}
        self.refreshes: dict[str, Figures] = {}
        self.refresh_requests = 0

    def __enter__(self) -> "Bench":
        self._stack = contextlib.ExitStack()
        with self._stack as stack:
            self._folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grok-auth-bench-")))
            self._runner = Runner(self._folder)
            answer = {"token": {"access_token": TOKEN}}
            self._provider = stack.enter_context(Provider(interval=1, members=answer))
            self._session = stack.enter_context(Session())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def measure_cached(self) -> None:
        """A token that is there already."""
        in_file, in_keyring = (self._stored(session) for session in (None, self._session))
        rows, crowded = [Row(FLOOR, [self._runner.floor], {})], []
        for build, binary in self._builds.items():
            mirror = in_keyring.row(f"grok-auth {build}, mirror", binary)
            file = in_file.row(f"grok-auth {build}, file", binary)
            keyring = in_keyring.row(f"grok-auth {build}, keyring", binary, without=("XDG_RUNTIME_DIR",))
            rows += [mirror, file, keyring]
            crowded += [mirror, file]
        (self._folder / "home").mkdir()
        folders = {"HOME": str(self._folder / "home"), "TMPDIR": str(self._folder)}
        with Peers(self._folder, {**in_keyring.environment, **folders}, TOKEN) as peers:
            rows += peers.rows()
            self.alone = self._measure(rows, 1, self._scale.alone)
            for row in crowded if self._scale is QUICK else rows:
                self._measure_crowds(row)
                if not self._session.daemon_pid or self._session.is_locked():
                    print(f"gnome-keyring did not outlive '{row.name}'")
                    self._session.unlock()
        self._session.kill_daemon()
        for row in crowded:
            if "mirror" in row.name:
                self._measure_crowds(row._replace(name=row.name + DEAD))
        assert not self._session.daemon_pid, "somebody asked for the keyring"

    def measure_refreshes(self) -> None:
        """A token that has expired."""
        renewed = Renewed(self._provider)
        self._stack.callback(renewed.close)
        rows = [
            *(renewed.row(f"grok-auth {build}, headless run", binary) for build, binary in self._builds.items()),
            renewed.row(BUNDLED, self._builds["self-contained"], SSL_CERT_FILE=BUNDLE),
            renewed.curl(CURL),
            renewed.curl("curl, given the one authority", "--cacert", self._provider.ca),
        ]
        self._provider.reset()
        self.refreshes = self._measure(rows, 1, self._scale.refreshes, renewed.trusting())
        self.refresh_requests = len(self._provider.requests("token"))

    def failures(self) -> dict[str, int]:
        """How many runs of each command failed, in the order of the tables; alone and in crowds."""
        found = collections.Counter()
        for figures in (self.alone, *self.crowds.values(), self.refreshes):
            found.update({name: of_command.failures for name, of_command in figures.items()})
        return dict(found)

    def _stored(self, session: Session | None) -> Stored:
        stored = Stored(self._provider, session)
        self._stack.callback(stored.program.close)
        return stored

    def _measure_crowds(self, row: Row) -> None:
        for count, found in self.crowds.items():
            found |= self._measure([row], count, self._scale.crowds)

    def _measure(self, rows: list[Row], count: int, rounds: int, wrapper: tuple[str, ...] = ()) -> dict[str, Figures]:
        found = self._runner.measure(rows, count, rounds, wrapper)
        return {row.name: figures for row, figures in zip(rows, found)}


class Target(NamedTuple):
    """Something that must not be more than `limit`."""

    name: str
    value: float
    limit: float

    def __str__(self) -> str:
        outcome = "reached" if self.value <= self.limit else "MISSED"
        return f"figure: target {outcome}: {self.name}: {self.value:.4g}, at most {self.limit:g}"


def failures(bench: Bench, quick: bool) -> dict[str, int]:
    """How many runs of a command failed, for those that a target counts: of many runs not those that ask the keyring, which
    can be too busy."""
    return {name: count for name, count in bench.failures().items()
            if name.startswith("grok-auth ") and (quick or ", keyring" not in name)}  # fmt: skip


def steady_targets(bench: Bench, quick: bool) -> list[Target]:
    """What is promised on a busy machine too."""
    runs = sum(figures.runs for figures in bench.refreshes.values())
    return [
        Target("failed runs, also 200 at once and with gnome-keyring killed", sum(failures(bench, quick).values()), 0),
        Target("token requests that are not one for each refresh", abs(bench.refresh_requests - runs), 0),
        *(Target(f"{name}, peak memory in MB", bench.alone[name].megabytes, 6) for name in CACHED),
    ]


def time_targets(bench: Bench) -> list[Target]:
    """What is promised of times. The worker of a refresh is part of it."""
    alone = {name: figures.milliseconds for name, figures in bench.alone.items()}
    refreshes = {name: figures.milliseconds for name, figures in bench.refreshes.items()}
    return [
        *(Target(f"{name} / {FLOOR}", alone[name] / alone[FLOOR], 4) for name in CACHED),
        *(Target(f"{name} / {CACHE}", alone[name] / alone[CACHE], 1.5) for name in CACHED),
        Target(f"grok-auth shared, mirror / {SECRET_TOOL}", alone["grok-auth shared, mirror"] / alone[SECRET_TOOL], 0.6),
        Target(f"{OURS}keyring / {SECRET_TOOL}", alone[OURS + "keyring"] / alone[SECRET_TOOL], 1.3),
        Target(f"{BUNDLED} / {CURL}", refreshes[BUNDLED] / refreshes[CURL], 1.6),
        Target(f"{HASHED} / {CURL}", refreshes[HASHED] / refreshes[CURL], 1),
    ]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("self_contained")
    parser.add_argument("shared")
    options = parser.parse_args()
    os.environ["GROK_AUTH_BINARY"] = options.self_contained  # signs in
    print(report.surroundings(), flush=True)
    with Bench(QUICK if options.quick else FULL, options.self_contained, options.shared) as bench:
        bench.measure_cached()
        bench.measure_refreshes()
    print("\n" + report.cached_table(bench.alone, bench.crowds, FLOOR))
    print("\n" + report.refresh_table(bench.refreshes, CURL) + "\n")
    counted = failures(bench, options.quick)
    others = [f"{count} of '{name}'" for name, count in bench.failures().items() if count and name not in counted]
    if others:
        print(f"figure: failed runs that no target counts: {', '.join(others)}")
    met = [*steady_targets(bench, options.quick), *([] if options.quick else time_targets(bench))]
    print(*met, sep="\n")
    return int(any(target.value > target.limit for target in met))


if __name__ == "__main__":
    sys.exit(main())
