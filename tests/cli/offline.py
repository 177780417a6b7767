"""What the tests without any server share: a world whose issuer refuses connections, stored logins, failure checks."""

import json
import os
import pathlib
import re
import shutil
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from program import PROFILE, Program, ProgramTestCase
from provider import CLIENT_ID
from running import Result

ISSUER = "https://127.0.0.1:9"  # the discard service, which nobody runs
NOBODY = 65534
ACCESS_TOKEN = "access-token-of-the-test"
REFRESH_TOKEN = "refresh-token-of-the-test"
# Under strace and for another user the leak checker of the asan preset cannot work.
NO_LEAK_CHECK = {"ASAN_OPTIONS": "detect_leaks=0"}


class Unreachable:
    """Stands where other tests have a server."""

    issuer = ISSUER
    ca = None

    def restore(self) -> None:
        """There is nothing to restore."""

    def reset(self) -> None:
        """There is nothing to forget."""


class OfflineTestCase(ProgramTestCase):
    """A test with a private world and no server."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.provider = Unreachable()

    def token_set(self, age: int = 100, lifetime: int | None = 7200, **changes) -> dict:
        """A token set as the program stores it, minted `age` seconds ago; None as a change leaves a member out."""
        minted_at = int(time.time()) - age
        members = {
            "version": 1,
            "store_id": "AAAAAAAAAAAAAAAAAAAAAA",
            "generation": 1,
            "issuer": ISSUER,
            "client_id": CLIENT_ID,
            "access_token": ACCESS_TOKEN,
            "token_type": "Bearer",
            "minted_at": minted_at,
            "refresh_token": REFRESH_TOKEN,
            "scope": "openid offline_access",
            "token_endpoint": f"{ISSUER}/token",
            "revocation_endpoint": f"{ISSUER}/revoke",
            "expires_at": None if lifetime is None else minted_at + lifetime,
            "account": {"sub": "ada", "email": "ada@example.com"},
            **changes,
        }
        return {name: value for name, value in members.items() if value is not None}

    def store(self, *args, program: Program | None = None, **changes) -> str:
        """Stores a login, as `token_set` describes it, that was delivered; returns the text of the token set."""
        tokens = self.token_set(*args, **changes)
        text = json.dumps(tokens)
        record = {name: tokens[name] for name in ("store_id", "generation")}
        record["delivered_generation"] = tokens["generation"]
        program = program or self.program
        program.write_state(f"{PROFILE}.json", text)
        program.write_state(f"{PROFILE}.id", json.dumps({"store_id": tokens["store_id"], "store": "file"}))
        program.write_state(f"{PROFILE}.last", json.dumps(record))
        return text

    def assertHandsOut(self, result: Result, token: str = ACCESS_TOKEN) -> dict:
        """Requires the JSON of a provider run, and returns it."""
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.json["access_token"], token)
        return result.json

    def assertFails(self, result: Result, status: int, pattern: str = ".", stdout: str = "") -> str:
        """Requires one clear error whose text has `pattern`, that status and nothing on stdout; returns the message."""
        self.assertEqual((result.status, result.stdout), (status, stdout), result)
        lines = result.stderr.splitlines()
        self.assertRegex(result.stderr, r"\A(grok-auth: error: .+\n)(grok-auth: hint: .+\n)?\Z")
        for line in lines:
            words = re.sub(r"^grok-auth: (error|hint): (\S+:\d+:\d+: )?", "", line)
            self.assertNotRegex(words, r"^[A-Z][a-z]", "a capital at the start")
            self.assertNotEqual(words[-1], ".", f"a full stop at the end: {line}")
            self.assertTrue(line.isprintable(), f"a control character: {line!r}")
            for secret in (ACCESS_TOKEN, REFRESH_TOKEN):
                self.assertNotIn(secret, line)
        message = lines[0].removeprefix("grok-auth: error: ")
        self.assertRegex(message, pattern)
        return message

    def needs_root(self) -> None:
        """Skips the test, and says so, unless it runs as root. Where CI is set that is a failure."""
        if os.geteuid() != 0:
            reason = f"{self.id()}: only root can make files of others and become somebody else"
            if os.environ.get("CI"):
                self.fail(reason)
            print(f"\nskipped: {reason}", file=sys.stderr)
            self.skipTest(reason)

    def hand_over(self, program: Program | None = None, user: int = NOBODY) -> Program:
        """Gives the world to another user and lets the program run as that one; needs root."""
        self.needs_root()
        program = program or self.program
        copy = program.folder / "grok-auth"  # the build folder may be closed to others
        if not copy.exists():
            shutil.copy(program.binary, copy)
            wrapper = program.folder / "as-user"
            wrapper.write_text(
                f'#!/bin/sh\nexec setpriv --reuid {user} --regid {user} --clear-groups --no-new-privs "{copy}" "$@"\n'
            )
            wrapper.chmod(0o755)
            program.binary = str(wrapper)
        for path in [program.folder, *program.folder.rglob("*")]:
            os.chown(path, user, user, follow_symlinks=False)
        return program
