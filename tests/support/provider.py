"""The authorization server of the tests, started from Python.

`Provider` runs provider/provider.mjs, a certified OpenID Provider over TLS on 127.0.0.1, and talks to its control interface.
Everything a test may change while it runs is listed at the top of provider.mjs.
"""

import base64
import fcntl
import hashlib
import http.client
import json
import os
import pathlib
import queue
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import pki

HERE = pathlib.Path(__file__).resolve().parent / "provider"
CLIENT_ID = "grok-auth-test"
SCOPES = ["openid", "profile", "email", "offline_access"]
NODE = os.environ.get("NODE", "node")


def install() -> None:
    """Makes sure that the npm packages of the server are there; processes that ask at the same time wait for the first."""
    wanted = HERE / "package-lock.json"
    installed = HERE / "node_modules" / ".package-lock.json"  # npm writes it last
    with open(wanted, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime:
            return
        npm = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if npm.returncode != 0:
            raise RuntimeError(f"npm ci in {HERE} failed:\n{npm.stdout}{npm.stderr}")


class Provider:
    """A running server, as a context manager or between `start` and `stop`.

    `issuer` is its URL and `ca` the file with the authority that vouches for it. With `address` it is not at localhost but
    at that IP address of this machine. The other keyword arguments are settings.
    """

    def __init__(self, port: int = 0, address: str | None = None, **settings):
        self.issuer = ""
        self.ca = ""
        self._port = port
        self._address = address
        self._settings = settings
        self._control = ""
        self._process = None
        self._folder = None

    def __enter__(self) -> "Provider":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self, timeout: float = 20) -> "Provider":
        """Starts the server and returns when it listens. RuntimeError with what it wrote when it does not."""
        install()
        self._folder = tempfile.mkdtemp(prefix="grok-auth-provider-")
        try:
            authority = pki.make(self._folder, *([f"IP:{self._address}"] if self._address else []))
            self.ca = str(authority.ca)
            cert, key = authority.server
            command = [NODE, HERE / "provider.mjs", "--cert", cert, "--key", key, "--port", str(self._port)]
            command += ["--address", self._address] if self._address else []
            self._run([*map(str, command), "--settings", json.dumps(self._settings)], timeout)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends the server, and repeats on stderr what it complained of. Does nothing when it is not running."""
        if self._process:
            self._process.stdin.close()
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None
            if self.issuer:
                sys.stderr.write(self._complaints())
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def approve(self, user_code: str | None = None, url: str | None = None) -> None:
        """Goes through the server's pages and allows the device: opens `url`, or types `user_code` at the plain page."""
        self._ask("POST", "/approve", _person(user_code, url))

    def deny(self, user_code: str | None = None, url: str | None = None) -> None:
        """Goes through the server's pages and presses their "abort"."""
        self._ask("POST", "/deny", _person(user_code, url))

    def requests(self, route: str | None = None) -> list[dict]:
        """What was asked since the last `reset`, oldest first, requests that still wait for their answer included.

        Each has `time`, `route` (authorization, token, device_authorization, revocation, introspection, userinfo, jwks,
        discovery), `method`, `path` and `form`; once answered also `status`, `error`, `seconds` and, for a POST, `answer`.
        `injected` marks an answer of `fail_next`, `dropped` one that was never sent.
        """
        seen = self._ask("GET", "/requests")
        return [request for request in seen if route in (None, request["route"])]

    def reset(self) -> None:
        """Forgets the requests and the reuse detections seen so far. Settings, grants and tokens stay."""
        self._ask("POST", "/reset")

    def settings(self, **changes) -> dict:
        """Changes settings and returns them all. RuntimeError for one that does not exist."""
        return self._ask("POST", "/settings", changes)

    def restore(self) -> None:
        """Gives every setting the value it had when the server started."""
        self._ask("POST", "/restore")

    def revoke_all(self) -> int:
        """Ends every grant, so that the next refresh gets invalid_grant; returns how many there were."""
        return self._ask("POST", "/revoke_all")["revoked"]

    def counters(self) -> dict[str, int]:
        """Numbers: `refresh_tokens_issued`, `live_refresh_tokens`, `live_grants`, `reuse_detections`.

        A reuse detection is a token request with a refresh token that had been exchanged for a new one before.
        """
        return self._ask("GET", "/grants")

    def device_pkce_holds(self) -> bool:
        """Whether every token request of the device flow proved the challenge of its device authorization request.

        The server itself ignores PKCE in the device flow (RFC 7636 is about the authorization code). True means too that
        there was such a request, and no challenge was sent without its verifier.
        """
        challenges = {
            request["answer"]["device_code"]: request["form"].get("code_challenge")
            for request in self.requests("device_authorization")
            if request["status"] == 200
        }
        polls = [request["form"] for request in self.requests("token") if "device_code" in request["form"]]
        return bool(polls) and all(
            challenges.get(poll["device_code"]) == challenge_of(poll.get("code_verifier", "")) for poll in polls
        )

    def _run(self, command: list[str], timeout: float) -> None:
        with open(pathlib.Path(self._folder, "stderr"), "w") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )
        first_line = queue.SimpleQueue()
        threading.Thread(target=lambda: first_line.put(self._process.stdout.readline()), daemon=True).start()
        try:
            line = first_line.get(timeout=timeout)
        except queue.Empty:
            line = ""
        if not line.startswith("READY "):
            raise RuntimeError(f"not ready (limit {timeout} s): {shlex.join(command)}\n{self._complaints()}")
        ready = json.loads(line.removeprefix("READY "))
        self.issuer = ready["issuer"]
        self._control = urllib.parse.urlsplit(ready["control"]).netloc

    def _complaints(self) -> str:
        return pathlib.Path(self._folder, "stderr").read_text()

    def _ask(self, method: str, path: str, body: dict | None = None):
        connection = http.client.HTTPConnection(self._control, timeout=30)
        try:
            connection.request(method, path, json.dumps(body or {}))
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {answer['error']}")
        return answer


def challenge_of(code_verifier: str) -> str:
    """The S256 code challenge of a code verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()


def _person(user_code: str | None, url: str | None) -> dict:
    return {"user_code": user_code} if url is None else {"url": url}
