"""A git server over TLS, as companies have it: git's own http-backend behind a web server that asks for a token.

The token comes as the password of Basic authentication, or as a Bearer token, and is checked against the keys of the
authorization server.
"""

import base64
import http.server
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
from typing import NamedTuple

import pki
from provider import Provider
from token_check import TokenCheck


class Seen(NamedTuple):
    """A request as the server saw it. `scheme` and `username` are empty without authentication."""

    path: str
    scheme: str
    username: str
    token: str
    status: int


class GitServer:
    """Serves `team/repo.git`, and whatever else lies under `root`, to those who have a token of `provider`.

    `refused` holds tokens that it takes no longer, whoever signed them. `url` ends with a slash, `ca` vouches for it.
    `challenges` are the values of WWW-Authenticate.
    """

    def __init__(self, provider: Provider, challenges: tuple[str, ...] = ('Basic realm="git"',)):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="grok-auth-git-server-"))
        self.root = self._folder / "root"
        self.refused: set[str] = set()
        self.challenges = challenges
        self.seen: list[Seen] = []
        self.check = TokenCheck(provider)
        authority = pki.make(self._folder / "pki")
        self.ca = authority.ca
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.server)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.host = f"localhost:{self._server.server_address[1]}"
        self.url = f"https://{self.host}/"
        self.add_repository("team/repo.git")
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def add_repository(self, path: str) -> None:
        """Makes a bare repository with one commit of one file, `README`."""
        bare = self.root / path
        work = self._folder / "work" / path
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "GIT_CONFIG_NOSYSTEM": "1"}
        author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]

        def git(*arguments, folder: pathlib.Path) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)

        git("init", "--quiet", "--initial-branch=main", folder=work)
        (work / "README").write_text("hello\n")
        git("add", "README", folder=work)
        git(*author, "commit", "--quiet", "--message=first", folder=work)
        git("clone", "--quiet", "--bare", str(work), str(bare), folder=self._folder)
        git("config", "http.receivepack", "true", folder=bare)

    def close(self) -> None:
        """Ends it and removes its folder."""
        self._server.shutdown()
        self._server.server_close()
        self.check.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    owner: GitServer

    def log_message(self, *_) -> None:
        """Nothing: the tests look at `seen`."""

    def do_GET(self) -> None:  # noqa: N802
        self._serve()

    def do_POST(self) -> None:  # noqa: N802
        self._serve()

    def _serve(self) -> None:
        body = self._read_body()
        scheme, username, token = self._credentials()
        accepted = bool(token) and token not in self.owner.refused and not self.owner.check.fault(token)
        if not accepted:
            self._note(scheme, username, token, 401)
            self.send_response(401)
            for challenge in self.owner.challenges:
                self.send_header("WWW-Authenticate", challenge)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, fields, answer = self._run_backend(body, username or "bearer")
        self._note(scheme, username, token, status)
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _note(self, scheme: str, username: str, token: str, status: int) -> None:
        self.owner.seen.append(Seen(self.path, scheme, username, token, status))

    def _credentials(self) -> tuple[str, str, str]:
        """Scheme, user name and token of the Authorization field; empty ones when there is none."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            username, _, token = base64.b64decode(value).decode().partition(":")
            return "Basic", username, token
        return ("Bearer", "", value) if scheme.lower() == "bearer" else ("", "", "")

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _run_backend(self, body: bytes, user: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """What git http-backend answers (a CGI program): status, header fields, body."""
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.owner.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",  # the repositories may be another user's
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "REMOTE_USER": user,
            "REMOTE_ADDR": "127.0.0.1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        run = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True)
        head, _, answer = run.stdout.partition(b"\r\n\r\n")
        fields = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
        return status, [field for field in fields if field[0] != "Status"], answer
