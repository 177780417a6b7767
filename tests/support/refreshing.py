"""What the tests of the refresh share: a login that needs one, the worker that does it, and a server that rotates refresh
tokens and lets a test do something at every moment of a request."""

import json
import os
import pathlib
import signal
import threading
import time
import unittest
from typing import Callable

from program import Program, ProgramTestCase
from running import Result, Running
from scripted_provider import ScriptedProvider, refusal, tokens

# Grok gives up on a headless run after this many seconds; the program promises 4.5.
GROKS_PATIENCE = 5


def age(token_set: dict, seconds: int = 7200) -> None:
    """Makes a stored token as old as if `seconds` had passed since."""
    token_set["minted_at"] -= seconds
    token_set["expires_at"] -= seconds


def wait_until(condition: Callable[[], object], complaint: str, timeout: float = 20):
    """Waits until `condition` gives something true, and returns that. AssertionError when it does not in time."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{complaint}, after {timeout} s")
        time.sleep(0.01)
    return result


def worker_of(run: Running) -> int:
    """The process id of the refresh worker that `run` has started, once it has."""

    def find() -> int:
        for pid in pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split():
            if b"--worker" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        return 0

    return wait_until(find, "no worker was started")


def state_of(pid: int) -> str:
    """The letter for what a process does (proc(5)): T is stopped, Z and X are dead; empty when there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def kill(pid: int) -> None:
    """SIGKILL, and waits until it has had its effect."""
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: state_of(pid) in "ZX", "the process does not die")


def stop(test: unittest.TestCase, pid: int) -> None:
    """SIGSTOP, and waits until it has had its effect. A process that is still stopped at the end of the test is killed."""
    os.kill(pid, signal.SIGSTOP)
    test.addCleanup(lambda: state_of(pid) == "T" and os.kill(pid, signal.SIGKILL))
    wait_until(lambda: state_of(pid) == "T", "the process does not stop")


class Gate:
    """Holds up whoever calls it, until it is opened."""

    def __init__(self):
        self._reached = threading.Event()
        self._opened = threading.Event()

    def __call__(self) -> None:
        self._reached.set()
        self._opened.wait(60)

    def wait_until_reached(self, timeout: float = 20) -> None:
        """Returns when somebody is held up. AssertionError when nobody is in time."""
        if not self._reached.wait(timeout):
            raise AssertionError(f"no request came within {timeout} s")

    def open(self) -> None:
        """Lets everybody pass from now on."""
        self._opened.set()


class RotatingProvider(ScriptedProvider):
    """An authorization server that takes each refresh token once. `before` and `after` are called, the next one for each
    refresh, before the server commits itself to a new refresh token, and after that, before it answers; a ConnectionError
    from them cuts the line."""

    def __init__(self):
        super().__init__(token=[self._token])
        self.before: list[Callable[[], None]] = []
        self.after: list[Callable[[], None]] = []
        self.sign_in_members: dict = {}  # of the answer that ends a sign-in
        self.live = {"stored-refresh-token"}
        self.reused = 0  # how often a refresh token came that had been exchanged before
        self.answered = 0  # requests of every kind whose answer has left
        self._count = 0
        self._turn = threading.Lock()

    def _token(self, form: dict, _connection):
        if form["grant_type"] != "refresh_token":
            return self._new_tokens(**self.sign_in_members)
        self._pass(self.before)
        with self._turn:
            sent = form["refresh_token"]
            if sent not in self.live:
                self.reused += 1
                return refusal("invalid_grant")
            self.live.remove(sent)
            answer = self._new_tokens()
        self._pass(self.after)
        return answer

    def _send(self, *answer) -> None:
        try:
            super()._send(*answer)
        finally:
            self.answered += 1

    def _pass(self, callbacks: list) -> None:
        if callbacks:
            callbacks.pop(0)()

    def _new_tokens(self, **members):
        self._count += 1
        self.live.add(f"refresh-{self._count}")
        return tokens(access_token=f"access-{self._count}", refresh_token=f"refresh-{self._count}", **members)

    def sent(self) -> list[str]:
        """The refresh tokens that came in, in order."""
        return [form["refresh_token"] for form in self.seen("token") if form["grant_type"] == "refresh_token"]

    def revoked(self) -> list[str]:
        """What came in to be revoked."""
        return [form["token"] for form in self.seen("revocation")]


def logged_in(server: ScriptedProvider) -> Program:
    """A world with a stored login at `server` that needs a refresh."""
    program = Program(server.config(store="file", flow="device"))
    program.write_state("test.json", server.token_set())
    program.write_state("test.id", json.dumps({"store_id": "scripted-store-id", "store": "file"}))
    return program


class ScriptedRefreshTestCase(unittest.TestCase):
    """A test with a `program` whose stored login, at the rotating `server`, needs a refresh."""

    def setUp(self) -> None:
        super().setUp()
        self.server = self.enterContext(RotatingProvider())
        self.program = logged_in(self.server)
        self.addCleanup(self.program.close)

    def tearDown(self) -> None:
        self.assertEqual(self.server.reused, 0, "a refresh token was sent again after its successor had been issued")
        super().tearDown()

    def held_run(self, gate: Gate, *args: str, expired: bool = True, env: dict | None = None) -> Running:
        """A run whose refresh request has come to `gate`, which must be the next of `server.before` or `server.after`."""
        run = self.program.as_grok(*args, expired=expired, env=env)
        gate.wait_until_reached()
        return run

    def hand_out(self, access_token: str | None = None, expired: bool = True, env: dict | None = None) -> Result:
        """Requires that a run prints a token, and which one."""
        result = self.program.as_grok(expired=expired, env=env).wait(30)
        self.assertEqual(result.status, 0, result)
        if access_token:
            self.assertEqual(result.json["access_token"], access_token)
        return result

    def decline(self, status: int = 1, env: dict | None = None) -> Result:
        """Requires that a headless run ends with this status and prints nothing."""
        result = self.program.as_grok(expired=True, env=env).wait(30)
        self.assertEqual((result.status, result.stdout), (status, ""), result)
        return result


class RefreshTestCase(ProgramTestCase):
    """A test at the real server with a login that needs a refresh."""

    provider_settings = {"interval": 1}

    def setUp(self) -> None:
        super().setUp()
        self.first = self.program.sign_in(self.provider)
        self.program.change_state_json(".json", age)
        self.provider.reset()

    def refreshes(self) -> int:
        """How often a refresh token was sent since the sign-in."""
        return sum(request["form"].get("grant_type") == "refresh_token" for request in self.provider.requests("token"))

    def held_run(self, *args: str) -> Running:
        """A headless run whose request the server has got."""
        run = self.program.as_grok(*args, expired=True)
        wait_until(self.refreshes, "no request came")
        return run
