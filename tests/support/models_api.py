"""A stand-in for the API that tokens are for: it lists models to whoever has a token of the authorization server."""

import base64
import hashlib
import json
import ssl
import time
import urllib.request
from typing import Callable

from scripted_server import Connection, ScriptedServer, answer

# As api.x.ai names its models: those of October 2026, some of them.
OFFER = ["grok-imagine-video", "grok-4.5", "grok-4.20-multi-agent-0309", "grok-4.3", "grok-imagine-image", "grok-code-fast-1"]

# The DER head of a SHA-256 digest in a PKCS #1 signature (RFC 8017 section 9.2, note 1).
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


class ModelsApi:
    """Listens over TLS; a context manager. `is_valid(token)` decides who may see the models, unless `answers` has something:
    pairs or triples of status, body (JSON unless it is text) and further header lines, used up in order. `refused` are tokens
    that it no longer takes; `seen` has the Host header, the path and the bearer token of each request."""

    def __init__(self, certificate, is_valid: Callable[[str], bool], port: int = 0):
        self.answers: list[tuple] = []
        self.refused: set[str] = set()
        self.models = list(OFFER)
        self.seen: list[tuple[str, str, str | None]] = []
        self._is_valid = is_valid
        self.server = ScriptedServer(self._serve, certificate, port=port)
        self.base = f"https://localhost:{self.server.port}/v1"

    def __enter__(self) -> "ModelsApi":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """Closes the listener."""
        self.server.stop()

    @property
    def tokens(self) -> list[str | None]:
        """The bearer tokens that came, in order."""
        return [token for _, _, token in self.seen]

    def _serve(self, connection: Connection) -> None:
        request = connection.read_request()
        if request is None:
            return
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        token = token if scheme == "Bearer" else None
        path = request.line.split(" ")[1]
        self.seen.append((request.header("Host") or "", path, token))
        status, body, *headers = self._answer(path, token)
        is_json = not isinstance(body, str)
        data = json.dumps(body) if is_json else body
        kind = "application/json" if is_json else "text/html"
        connection.send(answer(data, f"{status} X", kind, "".join(headers)))
        connection.close()

    def _answer(self, path: str, token: str | None) -> tuple:
        if self.answers:
            return self.answers.pop(0)
        if path != "/v1/models":
            return 404, "not here"
        if token is None or token in self.refused or not self._is_valid(token):
            return 401, {"code": "unauthenticated:bad-credentials", "error": "Invalid or expired credentials."}
        return 200, {"object": "list", "data": [{"id": name, "object": "model", "owned_by": "xai"} for name in self.models]}


class Issuer:
    """Whether tokens are those of a real authorization server: signed by one of its keys, and not expired."""

    def __init__(self, issuer: str, ca: str):
        context = ssl.create_default_context(cafile=ca)

        def fetch(url: str) -> dict:
            with urllib.request.urlopen(url, context=context) as response:
                return json.load(response)

        self.issuer = issuer
        self._keys = fetch(fetch(f"{issuer}/.well-known/openid-configuration")["jwks_uri"])["keys"]

    def issued(self, token: str) -> bool:
        """Signature by RS256 (RFC 7518 section 3.3), `iss` and `exp`."""
        try:
            head, claims, signature = token.split(".")
            header, members = json.loads(_decode(head)), json.loads(_decode(claims))
        except ValueError:
            return False
        return (
            header.get("alg") == "RS256"
            and any(_is_signed(f"{head}.{claims}".encode(), _decode(signature), key) for key in self._keys)
            and members.get("iss") == self.issuer
            and members.get("exp", 0) > time.time()
        )


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _is_signed(text: bytes, signature: bytes, key: dict) -> bool:
    if key.get("kty") != "RSA":
        return False
    modulus, exponent = (int.from_bytes(_decode(key[name]), "big") for name in ("n", "e"))
    size = (modulus.bit_length() + 7) // 8
    found = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    digest = _SHA256 + hashlib.sha256(text).digest()
    return found == b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
