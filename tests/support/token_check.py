"""What a resource server does with an access token: checks it against the keys of the authorization server."""

import os
import subprocess
import threading

from provider import HERE, NODE, Provider


class TokenCheck:
    """Checks the access tokens that `provider` issued: signature, issuer and expiry. `close` when done."""

    def __init__(self, provider: Provider):
        environment = {**os.environ, "NODE_EXTRA_CA_CERTS": provider.ca}
        self._process = subprocess.Popen(
            [NODE, HERE / "token_check.mjs", provider.issuer, f"{provider.issuer}/jwks"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lock = threading.Lock()

    def fault(self, token: str) -> str:
        """Why the token is not valid; empty when it is."""
        with self._lock:
            self._process.stdin.write(token.replace("\n", " ") + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline().strip()
        if not answer:
            raise RuntimeError("the token check has ended")
        return "" if answer == "ok" else answer

    def close(self) -> None:
        """Ends it."""
        self._process.stdin.close()
        self._process.wait(5)
        self._process.stdout.close()
