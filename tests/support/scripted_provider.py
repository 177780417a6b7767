"""An authorization server that answers what a test tells it to: for the answers a real one never gives."""

import json
import pathlib
import shutil
import tempfile
import time
from typing import Callable
from urllib.parse import parse_qsl

import pki
from scripted_server import Connection, ScriptedServer

CLIENT_ID = "grok-auth-test"

# An answer: status, body (JSON unless it is text) and further header fields.
Answer = tuple


def tokens(**changes) -> Answer:
    """A successful answer of the token endpoint; a member changed to None is left out."""
    members = {
        "access_token": "scripted-access-token",
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": "scripted-refresh-token",
        "scope": "openid",
        **changes,
    }
    return 200, {name: value for name, value in members.items() if value is not None}


def refusal(error: str, status: int = 400, **members) -> Answer:
    """An OAuth error (RFC 6749 section 5.2)."""
    return status, {"error": error, **members}


class ScriptedProvider:
    """A context manager. `answers[route]` is a list of answers or functions (form) -> answer, used up in order, the last one
    for ever; a function may also take the connection over and return None. Routes: discovery, oauth_discovery, device, token,
    revocation. `seen(route)` has the forms that came in."""

    def __init__(self, certificate: str = "server", **answers):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="grok-auth-scripted-"))
        self._pki = pki.make(self._folder)
        self.ca = str(self._pki.ca)
        self.answers: dict[str, list] = {name: list(value) for name, value in answers.items()}
        self._seen: list[tuple[str, dict]] = []
        self.server = ScriptedServer(self._serve, getattr(self._pki, certificate))
        self.issuer = f"https://localhost:{self.server.port}"

    def __enter__(self) -> "ScriptedProvider":
        return self

    def __exit__(self, *_) -> None:
        self.server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def metadata(self) -> dict:
        """The discovery document, unless `answers` says otherwise."""
        return {
            "issuer": self.issuer,
            "token_endpoint": f"{self.issuer}/token",
            "authorization_endpoint": f"{self.issuer}/authorize",
            "device_authorization_endpoint": f"{self.issuer}/device",
            "revocation_endpoint": f"{self.issuer}/revocation",
        }

    @property
    def device_answer(self) -> dict:
        """The device authorization response, unless `answers` says otherwise."""
        return {
            "device_code": "scripted-device-code",
            "user_code": "WDJB-MJHT",
            "verification_uri": f"{self.issuer}/verify",
            "verification_uri_complete": f"{self.issuer}/verify?user_code=WDJB-MJHT",
            "expires_in": 600,
            "interval": 1,
        }

    def config(self, **changes) -> str:
        """A config.toml whose profile `test` signs in here."""
        profile = {"issuer": self.issuer, "client_id": CLIENT_ID, "ca_file": self.ca, **changes}
        lines = [f"{name} = {json.dumps(value)}" for name, value in profile.items() if value is not None]
        return "\n".join(['default_profile = "test"', "[profile.test]", *lines, ""])

    def token_set(self, **changes) -> str:
        """A stored login at this server whose access token has expired an hour ago."""
        return stored_login(self.issuer, **changes)

    def seen(self, route: str) -> list[dict]:
        """The forms that were sent to `route`, in order."""
        return [form for name, form in self._seen if name == route]

    def _serve(self, connection: Connection) -> None:
        request = connection.read_request()
        if request is None:
            return
        route = self._route(request.line.split(" ")[1])
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        self._seen.append((route, form))
        answer = self._answer(route, form, connection)
        if answer is not None:
            self._send(connection, *answer)

    def _route(self, path: str) -> str:
        names = {
            "/.well-known/openid-configuration": "discovery",
            "/.well-known/oauth-authorization-server": "oauth_discovery",
            "/device": "device",
            "/token": "token",
            "/revocation": "revocation",
        }
        return names.get(path, path)

    def _answer(self, route: str, form: dict, connection: Connection):
        script = self.answers.get(route)
        if not script:
            known = {"discovery": self.metadata, "device": self.device_answer, "revocation": {}}
            return (200, known[route]) if route in known else (404, "not here")
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Callable):
            answer = answer(form, connection)
        return answer

    def _send(self, connection: Connection, status: int, body, headers: dict | None = None) -> None:
        is_json = not isinstance(body, (str, bytes))
        data = json.dumps(body).encode() if is_json else body.encode() if isinstance(body, str) else body
        fields = {
            "Content-Type": "application/json" if is_json else "text/html",
            "Content-Length": str(len(data)),
            "Connection": "close",
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        connection.send(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + data)
        connection.close()


def stored_login(issuer: str, **changes) -> str:
    """A stored login at `issuer`; its access token has expired an hour ago unless `changes` say otherwise."""
    now = int(time.time())
    members = {
        "version": 1,
        "store_id": "scripted-store-id",
        "generation": 1,
        "issuer": issuer,
        "client_id": CLIENT_ID,
        "access_token": "stored-access-token",
        "token_type": "Bearer",
        "minted_at": now - 7200,
        "expires_at": now - 3600,
        "refresh_token": "stored-refresh-token",
        "scope": "openid",
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revocation",
        **changes,
    }
    return json.dumps({name: value for name, value in members.items() if value is not None})
