"""What the tests of the loopback sign-in share: curl in the place of the browser, and a free or a taken port."""

import contextlib
import fcntl
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest
from typing import Iterator, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from program import Program, sign_in_url
from running import Running
from scripted_provider import ScriptedProvider

REGISTERED_PORT = 56121


class Page(NamedTuple):
    """What a browser was shown. `headers` have lower-case names; of a repeated one the last."""

    status: int
    headers: dict[str, str]
    body: str
    url: str
    seconds: float


def visit(url: str, *options: str, ca: str | None = None) -> Page:
    """Opens `url` with curl, and goes where it is sent when `ca` says whom to trust, cookies included."""
    with tempfile.TemporaryDirectory() as folder:
        head, body = pathlib.Path(folder, "head"), pathlib.Path(folder, "body")
        follow = ["--location", "--cookie", "", "--cacert", ca] if ca else []
        command = ["curl", "-q", "--silent", "--show-error", "--max-time", "15", "--noproxy", "*", *follow, *options]
        command += ["-D", str(head), "-o", str(body), "-w", "%{http_code} %{time_total} %{url_effective}", url]
        curl = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if curl.returncode != 0:
            raise AssertionError(f"{command}: {curl.stderr}")
        status, seconds, final = curl.stdout.split(" ", 2)
        last = head.read_text().strip().split("\n\n")[-1]
        fields = [line.partition(": ") for line in last.splitlines()[1:]]
        headers = {name.lower(): value for name, _, value in fields}
        return Page(int(status), headers, body.read_text() if body.exists() else "", final, float(seconds))


def asked(url: str) -> dict[str, str]:
    """The parameters of an authorization URL. AssertionError when one of them comes twice."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    if len(pairs) != len(dict(pairs)):
        raise AssertionError(f"a parameter is repeated: {url}")
    return dict(pairs)


def redirect(url: str, **answer) -> str:
    """Where the server sends the browser after `url`: with a code and the right state, but for what `answer` says; None takes
    a parameter out."""
    parameters = {"code": "scripted-code", "state": asked(url)["state"], **answer}
    text = urlencode({name: value for name, value in parameters.items() if value is not None})
    return asked(url)["redirect_uri"] + ("?" + text if text else "")


def port_of(url: str) -> int:
    """The port of an authorization URL's redirect URI."""
    return urlsplit(asked(url)["redirect_uri"]).port


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether somebody who shares with nobody could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


@contextlib.contextmanager
def registered_port() -> Iterator[int]:
    """The port that sign-ins ask for first, kept from other tests that use it."""
    with open(os.path.join(tempfile.gettempdir(), f"grok-auth-test-port-{REGISTERED_PORT}"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield REGISTERED_PORT


def pending_entries(program: Program) -> list[str]:
    """The files of the program's pending sign-ins."""
    if not program.state_folder.exists():
        return []
    return [name for name in os.listdir(program.state_folder) if ".pending-" in name]


class LoopbackTestCase(unittest.TestCase):
    """Tests against scripted servers; every program has a port of its own."""

    def serve(self, **answers) -> ScriptedProvider:
        """A server until the test's end."""
        return self.enterContext(ScriptedProvider(**answers))

    def new_program(self, server: ScriptedProvider, more: str = "", **changes) -> Program:
        """A world whose profile signs in there by the loopback flow; `more` are further lines of the profile."""
        profile = {"flow": "loopback", "store": "file", "redirect_port": free_port(), "scopes": ["openid"], **changes}
        program = Program(server.config(**profile) + more)
        self.addCleanup(program.close)
        return program

    def begin(self, server: ScriptedProvider, *args: str, **changes) -> tuple[Program, Running, str]:
        """A sign-in that waits for its browser: the program, the run and the address."""
        program = self.new_program(server, **changes)
        run = program.as_grok(*args, expired=False)
        return program, run, sign_in_url(run)

    def assert_refused(self, program: Program, run: Running, message: str, status: int = 1):
        """The run ends with `status` and an error that matches `message`; nothing is handed out, kept or left pending."""
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (status, ""), result)
        self.assertRegex(result.stderr, f"(?m)^grok-auth: error: .*{message}")
        self.assertIsNone(program.state("test.json"))
        self.assertEqual(pending_entries(program), [])
        return result
