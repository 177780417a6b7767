"""The real program in a private world, run as people, scripts and Grok run it.

The executable is named by the environment variable GROK_AUTH_BINARY. `Program` is one world: home, configuration, state and
runtime folder of its own, and an environment without display, keyring or proxy. `ProgramTestCase` gives each test one.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest
from typing import Callable
from urllib.parse import parse_qs, urlsplit

from provider import CLIENT_ID, SCOPES, Provider
from running import OnTerminal, Result, Running

PROFILE = "test"

# The last line of a sign-in at the provider, as a pattern; seconds of the hour have passed already.
SIGNED_IN = r"Signed in as ada@example\.com \(SuperGrok\), valid for (?:1 h|59 min), renewed without you\."

# What Grok adds to the environment of its auth provider, beside GROK_AUTH_EXPIRED.
GROK_ENVIRONMENT = {
    **dict.fromkeys(["PAGER", "GIT_PAGER", "GH_PAGER", "MANPAGER", "SYSTEMD_PAGER"], "cat"),
    **dict.fromkeys(["GIT_EDITOR", "GIT_SEQUENCE_EDITOR"], "true"),
    "AWS_PAGER": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GPG_TTY": "",
}


class Program:
    """One private world for the program. `close` ends what still runs and removes the world, or keeps it and says where."""

    def __init__(self, config: str | None = None, binary: str | None = None):
        self.binary = binary or os.environ.get("GROK_AUTH_BINARY", "")
        if not os.access(self.binary, os.X_OK):
            raise RuntimeError("GROK_AUTH_BINARY must name the grok-auth executable to test")
        self.binary = os.path.abspath(self.binary)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="grok-auth-test-"))
        self.home = self._make("home")
        self.config_folder = self._make("config") / "grok-auth"
        self.state_folder = self._make("state") / "grok-auth"
        # In memory, as the program wants it.
        self.runtime_folder = pathlib.Path(tempfile.mkdtemp(prefix="grok-auth-test-", dir="/dev/shm"))
        self._runs: list[Running] = []
        if config is not None:
            self.configure(config)

    @property
    def environment(self) -> dict[str, str]:
        """The environment that every run starts with."""
        kept = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(self.config_folder.parent),
            "XDG_STATE_HOME": str(self.state_folder.parent),
            "XDG_RUNTIME_DIR": str(self.runtime_folder),
        }

    def configure(self, text: str) -> None:
        """Writes config.toml."""
        self.config_folder.mkdir(mode=0o700, exist_ok=True)
        (self.config_folder / "config.toml").write_text(text)

    # Runs. `env` adds to the environment; None as a value takes a variable away.

    def run(self, *args: str, env: dict | None = None, timeout: float = 20, stdin: str | None = None) -> Result:
        """Runs to the end. AssertionError when that takes longer than `timeout`."""
        return self.start(*args, env=env, stdin=stdin).wait(timeout)

    def start(self, *args: str, env: dict | None = None, stdin: str | None = None) -> Running:
        """Starts a run, with `stdin` as its standard input or none, and outputs that can be read while it goes on."""
        return self._start([self.binary, *args], env, stdin)

    def as_grok(self, *args: str, expired: bool, env: dict | None = None) -> Running:
        """Starts the program as Grok does: by the shell, without standard input, in a session of its own."""
        marker = {"GROK_AUTH_EXPIRED": "1" if expired else None}
        command = " ".join(["exec", self.binary, *args])
        return self._start(["sh", "-c", command], {**GROK_ENVIRONMENT, **marker, **(env or {})}, None)

    def as_tty(self, *args: str, env: dict | None = None) -> OnTerminal:
        """Starts a run on a terminal of its own."""
        return self._keep(OnTerminal([self.binary, *args], self._environment({"TERM": "xterm-256color", **(env or {})})))

    def sign_in(self, provider: Provider, *args: str, env: dict | None = None, timeout: float = 20) -> dict:
        """Signs in by the device flow as Grok's user does: the run's first line has the URL to open. Returns the answer.

        AssertionError when that line has no URL, or the run does not end with status 0.
        """
        run = self.as_grok(*args, expired=False, env=env)
        provider.approve(url=sign_in_url(run, timeout))
        result = run.wait(timeout)
        if result.status != 0:
            raise AssertionError(f"the sign-in failed: {result}")
        return result.json

    # The state folder.

    def state(self, name: str) -> str | None:
        """The text of a file of the state folder; None when it is not there."""
        try:
            return (self.state_folder / name).read_text()
        except FileNotFoundError:
            return None

    def state_json(self, suffix: str, profile: str = PROFILE) -> dict | None:
        """The file `<profile><suffix>` parsed: `.json` is the token set, `.last` the record of the last refresh."""
        text = self.state(profile + suffix)
        return None if text is None else json.loads(text)

    def write_state(self, name: str, text: str, mode: int = 0o600) -> None:
        """Writes a file of the state folder, as the program would: whole, and for its owner alone."""
        self.state_folder.mkdir(mode=0o700, exist_ok=True)
        fresh = self.state_folder / f".{name}.test"
        fresh.write_text(text)
        fresh.chmod(mode)
        fresh.rename(self.state_folder / name)

    def change_state_json(self, suffix: str, change: Callable[[dict], None], profile: str = PROFILE) -> None:
        """Lets `change` work on the parsed file `<profile><suffix>`, which must exist, and writes it back."""
        value = self.state_json(suffix, profile)
        change(value)
        self.write_state(profile + suffix, json.dumps(value))

    @property
    def mirror(self) -> pathlib.Path:
        """The copy of the access token of a login that is in the keyring."""
        return self.runtime_folder / "grok-auth" / PROFILE

    def change_mirror(self, change: Callable[[dict], None]) -> None:
        """Lets `change` work on the mirror, where there is one."""
        if self.mirror.exists():
            value = json.loads(self.mirror.read_text())
            change(value)
            self.mirror.write_text(json.dumps(value))

    def close(self, keep: bool = False) -> None:
        """Ends every run that is still going on, then removes the world unless it is to be kept."""
        for run in self._runs:
            run.end()
        shutil.rmtree(self.runtime_folder, ignore_errors=True)
        if keep:
            print(f"\nkept for inspection: {self.folder}")
            return
        # A refresh goes on in a process of its own when its run is killed, and may still be writing.
        for _ in range(20):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.05)

    def _start(self, command: list[str], env: dict | None, stdin: str | None) -> Running:
        with tempfile.TemporaryFile("w+") as source:  # a pipe could fill up, or break
            source.write(stdin or "")
            source.seek(0)
            out, out_end = os.pipe()
            err, err_end = os.pipe()
            streams = {"stdin": subprocess.DEVNULL if stdin is None else source, "stdout": out_end, "stderr": err_end}
            run = Running(command, self._environment(env), start_new_session=True, **streams)
        os.close(out_end)
        os.close(err_end)
        return self._keep(run.read("stdout", out).read("stderr", err))

    def _keep(self, run):
        self._runs.append(run)
        return run

    def _environment(self, changes: dict | None) -> dict[str, str]:
        merged = {**self.environment, **(changes or {})}
        return {name: value for name, value in merged.items() if value is not None}

    def _make(self, name: str) -> pathlib.Path:
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        return folder


def sign_in_url(run: Running, timeout: float = 10) -> str:
    """What Grok's sign-in screen would open: the first https:// word of the run's first line on stderr."""
    first = run.wait_for(r"\A[^\n]*\n", timeout).group()
    words = [word for word in first.split() if word.startswith("https://")]
    if not words:
        raise AssertionError(f"no https:// word in the first line: {first!r}")
    return words[0]


def user_code_of(url: str) -> str:
    """The user code in a `verification_uri_complete` of the test provider."""
    return parse_qs(urlsplit(url).query)["user_code"][0]


def is_sanitized() -> bool:
    """Whether the program is built with AddressSanitizer."""
    return b"__asan_init" in pathlib.Path(os.environ["GROK_AUTH_BINARY"]).read_bytes()


def config_for(provider: Provider, top: str = "", **changes) -> str:
    """A config.toml whose one profile, `test`, signs in at `provider` by the device flow and stores in the state folder.

    `changes` are keys of the profile, None to leave one out; `top` goes before the profile.
    """
    profile = {
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "scopes": SCOPES,
        "ca_file": provider.ca,
        "flow": "device",
        "store": "file",
        **changes,
    }
    lines = [f"{name} = {_toml(value)}" for name, value in profile.items() if value is not None]
    return "\n".join([f'default_profile = "{PROFILE}"', top, f"[profile.{PROFILE}]", *lines, ""])


def _toml(value) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + " }"
    return json.dumps(value)  # strings, numbers, booleans and lists of them are written alike


class ProgramTestCase(unittest.TestCase):
    """A test of the program against the real server: `provider` is shared by the class, `program` is new for every test.

    Before each test the server gets its `provider_settings` back and forgets what it was asked. The world of a test that
    failed is kept, and the place is printed.
    """

    provider_settings: dict = {}
    provider: Provider
    program: Program

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.provider = Provider(**cls.provider_settings).start()
        cls.addClassCleanup(cls.provider.stop)

    def setUp(self) -> None:
        super().setUp()
        self.provider.restore()
        self.provider.reset()
        self.program = self.new_program()

    def new_program(self, **changes) -> Program:
        """A further private world; `changes` as for `config_for`."""
        program = Program(config_for(self.provider, **changes))
        self._programs.append(program)
        return program

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Runs the test and then closes its worlds: only after the clean-ups is it known whether the test has failed."""
        self._programs: list[Program] = []
        result = result if result is not None else self.defaultTestResult()
        before = _failures(result)
        try:
            return super().run(result)
        finally:
            for program in self._programs:
                program.close(keep=_failures(result) > before)


def _failures(result: unittest.TestResult) -> int:
    return len(result.errors) + len(result.failures) + len(result.unexpectedSuccesses)
