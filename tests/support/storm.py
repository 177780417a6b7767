"""What the storm, the kill sweeps and the save window share: a login that can be made old wherever it is kept, runs let go at
one moment, a refresh worker that can be killed, and the figures that are printed at the end.

They are short unless GROK_AUTH_STORM is "long" (`tests/run.sh --long`), and shorter still under AddressSanitizer.
"""

import contextlib
import fcntl
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time
from typing import Callable, Iterator, NamedTuple

from keyring import KeyringTestCase
from program import GROK_ENVIRONMENT, PROFILE, Program, ProgramTestCase, is_sanitized
from refreshing import age, wait_until
from running import Result, Running

PATIENCE = 80  # seconds: a worker waits 65 s for its answer

_figures: list[str] = []


def scaled(short: int, long: int, sanitized: int) -> int:
    """A number of the storm: for its short form, its long form, or a program that AddressSanitizer slows down."""
    if os.environ.get("GROK_AUTH_STORM") == "long":
        return long
    return sanitized if is_sanitized() else short


def figure(line: str) -> None:
    """Keeps a line for `print_figures`."""
    _figures.append(line)


def print_figures() -> None:
    """What README quotes, one fact per line. `tests/run.sh` shows the lines that begin so."""
    print("\n" + "\n".join("figure: " + line for line in _figures), flush=True)


class StoredInFile(ProgramTestCase):
    """Tests of one login, which is kept in the state folder. `environment` is what a run needs to reach it."""

    where = "file"
    provider_settings = {"interval": 1}
    environment: dict[str, str] = {}

    def setUp(self) -> None:
        super().setUp()
        self.begin_login()

    def begin_login(self) -> None:
        """Signs in."""
        self.program.sign_in(self.provider, env=self.environment)

    def stored(self) -> dict:
        """The stored token set."""
        return self.program.state_json(".json")

    def change_stored(self, change: Callable[[dict], None]) -> None:
        """Lets `change` work on the stored token set."""
        self.program.change_state_json(".json", change)

    def expire(self) -> dict:
        """Makes the stored token old, and the server forget what it was asked. Returns what is stored."""
        self.change_stored(age)
        self.provider.reset()
        return self.stored()

    def headless(self) -> Running:
        """Starts a headless run."""
        return self.program.as_grok(expired=True, env=self.environment)

    def environment_of(self, *, expired: bool) -> dict[str, str]:
        """All that a run of Grok's has in its environment."""
        marker = {"GROK_AUTH_EXPIRED": "1"} if expired else {}
        return {**self.program.environment, **GROK_ENVIRONMENT, **self.environment, **marker}

    def answers(self) -> list:
        """How the server answered each refresh since `expire`: 200 or the error. Waits for answers that are under way."""
        wait_until(lambda: all(request["status"] for request in self.provider.requests("token")), "no answer", PATIENCE)
        asked = self.provider.requests("token")
        refreshes = [request for request in asked if request["form"].get("grant_type") == "refresh_token"]
        return [request["error"] or request["status"] for request in refreshes]

    def wait_for_worker(self) -> None:
        """Returns when no refresh is under way: the lock is held from before the request to after the save."""
        lock = self.program.state_folder / f"{PROFILE}.lock"
        wait_until(lambda: _is_free(lock), "the refresh does not end", PATIENCE)


class StoredInKeyring(StoredInFile, KeyringTestCase):
    """The same with the login in a real gnome-keyring; or in the file, while the keyring has not taken it."""

    where = "keyring"

    @property
    def environment(self) -> dict[str, str]:
        return self.session.environment

    def stored(self) -> dict:
        return super().stored() or self.session.item().secret

    def change_stored(self, change: Callable[[dict], None]) -> None:
        if super().stored():
            super().change_stored(change)
        else:
            self.change_login(change)


def _is_free(lock: pathlib.Path) -> bool:
    try:
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True  # nobody has ever refreshed
    except BlockingIOError:
        return False
    return True


class Worker:
    """The refresh worker of a run, while it runs or after."""

    def __init__(self, pid: int):
        self._handle = os.pidfd_open(pid)

    def wait(self, seconds: float) -> bool:
        """Waits for its end, but no longer than that. Whether it has ended."""
        return bool(select.select([self._handle], [], [], seconds)[0])

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        os.close(self._handle)


@contextlib.contextmanager
def worker_of(run: Running) -> Iterator[Worker]:
    """The worker that `run` starts. AssertionError when the run ends without one."""
    children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children")
    while not (pids := children.read_text().split()):
        if not run.is_alive():
            raise AssertionError(f"the run ended without a worker: {run.wait()}")
        time.sleep(0.001)
    with contextlib.closing(Worker(int(pids[0]))) as worker:
        yield worker


class Call(NamedTuple):
    """A run of the program: what it gets."""

    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    stdin: str = ""


def at_once(program: Program, calls: list[Call]) -> list[Result]:
    """Lets these runs go, all at the same moment; `seconds` count from there to the run's last word. One that does not end
    is killed after PATIENCE.

    Each waits in a shell of its own at a gate, a pipe that is closed when all are there. What they write goes to files,
    whose times of change tell when, however late this process gets its turn.
    """
    with tempfile.TemporaryDirectory(dir=program.folder) as name:
        folder = pathlib.Path(name)
        gate, opener = os.pipe()
        runs = []
        for index, call in enumerate(calls):
            (folder / f"{index}.in").write_text(call.stdin)
            with open(folder / f"{index}.out", "wb") as out, open(folder / f"{index}.err", "wb") as err:
                command = ["sh", "-c", 'read -r gate; in=$1; shift; exec "$0" "$@" <"$in"', program.binary]
                run = subprocess.Popen([*command, str(folder / f"{index}.in"), *call.arguments], env=call.environment,
                                       stdin=gate, stdout=out, stderr=err, start_new_session=True)  # fmt: skip
            runs.append(run)
        os.close(gate)
        opened = time.time()
        os.close(opener)
        deadline = time.monotonic() + PATIENCE
        return [_result(_end(run, deadline), folder / str(index), opened) for index, run in enumerate(runs)]


def _end(run: subprocess.Popen, deadline: float) -> int:
    try:
        return run.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        run.kill()
        return run.wait()


def _result(status: int, path: pathlib.Path, opened: float) -> Result:
    out, err = path.with_suffix(".out"), path.with_suffix(".err")
    written = max(out.stat().st_mtime, err.stat().st_mtime)
    return Result(status, out.read_text(), err.read_text(), written - opened)
