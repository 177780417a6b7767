"""An authorization server that answers what a test tells it to: for the answers a real one never gives."""

import atexit
import base64
import functools
import json
import shutil
import tempfile
import time
from typing import Callable
from urllib.parse import parse_qsl, urlencode

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


def raw(data: bytes) -> Callable:
    """An answer byte by byte as it goes over the wire."""

    def send(_form: dict, connection: Connection) -> None:
        connection.send(data)
        connection.close()

    return send


def jwt(**claims) -> str:
    """A JWT with these claims and a signature that is none; a claim that is None is left out."""
    parts = [{"alg": "RS256", "kid": "scripted"}, {name: value for name, value in claims.items() if value is not None}]
    texts = [json.dumps(part).encode() for part in parts] + [b"signature"]
    return ".".join(base64.urlsafe_b64encode(text).rstrip(b"=").decode() for text in texts)


@functools.cache
def _authority() -> pki.Pki:
    """One for all servers of the process: certificates take longer to make than a server to start."""
    folder = tempfile.mkdtemp(prefix="grok-auth-scripted-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return pki.make(folder)


class ScriptedProvider:
    """A context manager. `answers[route]` is a list of answers or functions (form) -> answer, used up in order, the last one
    for ever; a function may also take the connection over and return None. Routes: discovery, oauth_discovery, authorize,
    device, token, revocation. `seen(route)` has the forms that came in; of `authorize`, the queries. `host` is that of the
    issuer: `localhost`, `idp.test` or `auth.x.ai`; a `port` of 443 is not written."""

    def __init__(self, certificate: str = "server", host: str = "localhost", port: int = 0, **answers):
        self.ca = _authority().ca
        self.answers: dict[str, list] = {name: list(value) for name, value in answers.items()}
        self._seen: list[tuple[str, dict]] = []
        self.server = ScriptedServer(self._serve, getattr(_authority(), certificate), port=port)
        self.issuer = f"https://{host}" + ("" if port == 443 else f":{self.server.port}")

    def __enter__(self) -> "ScriptedProvider":
        return self

    def __exit__(self, *_) -> None:
        self.server.stop()

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
        path, _, query = request.line.split(" ")[1].partition("?")
        route = self._route(path)
        form = dict(parse_qsl(request.body.decode() or query, keep_blank_values=True))
        self._seen.append((route, form))
        answer = self._answer(route, form, connection)
        if answer is not None:
            self._send(connection, *answer)

    def _route(self, path: str) -> str:
        names = {
            "/.well-known/openid-configuration": "discovery",
            "/.well-known/oauth-authorization-server": "oauth_discovery",
            "/authorize": "authorize",
            "/device": "device",
            "/token": "token",
            "/revocation": "revocation",
        }
        return names.get(path, path)

    def _answer(self, route: str, form: dict, connection: Connection):
        script = self.answers.get(route)
        if not script:
            if route == "authorize":
                return self._redirect(form)
            known = {"discovery": self.metadata, "device": self.device_answer, "revocation": {}}
            return (200, known[route]) if route in known else (404, "not here")
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Callable):
            answer = answer(form, connection)
        return answer

    def _redirect(self, asked: dict) -> Answer:
        """Everybody is let in at once."""
        answer = urlencode({"code": "scripted-code", "state": asked.get("state", "")})
        return 302, "", {"Location": f"{asked.get('redirect_uri', '')}?{answer}"}

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
