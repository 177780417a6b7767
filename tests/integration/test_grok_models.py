"""The real Grok with grok-auth as the auth provider of one model: `[auth_provider.NAME]`, and a model that names it.

Grok's own documents (~/.grok/docs/user-guide/11-custom-models.md) give such a provider 30 s and no terminal; it must not
ask anybody. The first run of it has no mark; after a refusal it gets GROK_AUTH_EXPIRED=1 and the token that did not do. It
runs in a network that has loopback only (tests/support/isolation.py). Where that cannot be the tests are skipped, but fail
when CI is set.
"""

import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import grok_backend  # noqa: E402
import grok_program  # noqa: E402
import isolation  # noqa: E402
import provider  # noqa: E402
from program import PROFILE, ProgramTestCase  # noqa: E402

KEY = "xai-0123456789abcdefghijklmnopqrstuvwxyz"
CONFIG = """
[auth_provider.work]
command = {command}
args = {arguments}

[model.work]
model = "some-model"
base_url = "{url}"
api_backend = "responses"
auth_provider = "work"

[cli]
auto_update = false

[features]
telemetry = false
"""

# Stands where the program is named: notes the arguments and the environment of each run, in order, and what it said.
WRAPPER = """#!/bin/sh
number=$(ls {runs} | wc -l)
mkdir {runs}/$number
printf '%s\\0' "$@" >{runs}/$number/arguments
env -0 >{runs}/$number/environment
exec {program} "$@" 2>{runs}/$number/stderr
"""


def setUpModule():
    isolation.require()


class Run:
    """One run of the provider: what Grok gave it, and what it said on standard error."""

    def __init__(self, folder: pathlib.Path):
        self.arguments = (folder / "arguments").read_text().split("\0")[:-1]
        variables = (folder / "environment").read_text().split("\0")[:-1]
        self.environment = dict(variable.split("=", 1) for variable in variables)
        self.stderr = (folder / "stderr").read_text()

    @property
    def contract(self) -> dict[str, str]:
        """The variables of Grok's contracts with its auth providers."""
        return {name: value for name, value in self.environment.items() if name.startswith("GROK_AUTH")}


class GrokModels(ProgramTestCase):
    """Grok has no session. `api` is the server of the one model that has a provider, `chat` stands for xAI's own."""

    provider_settings = {"interval": 1, "access_token_ttl": 3600}

    def setUp(self):
        super().setUp()
        self.api = self.enterContext(grok_backend.Backend())
        self.chat = self.enterContext(grok_backend.Backend())
        self.noted = self.program.home / "runs"
        self.noted.mkdir()
        self.opened = self.program.home / "opened"
        self.wrapper = self.script("provider", WRAPPER.format(runs=self.noted, program=self.program.binary))
        self.browser = self.script("browser", f"#!/bin/sh\necho $1 >>{self.opened}\n")
        (self.program.home / ".grok").mkdir()
        self.configure("--bare", "--no-interactive")

    def script(self, name: str, text: str) -> str:
        path = self.program.home / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def configure(self, *options: str) -> None:
        """Makes `grok-auth token` with these options the provider of the model."""
        arguments = ["token", *options, "--profile", PROFILE]
        config = CONFIG.format(command=json.dumps(self.wrapper), arguments=json.dumps(arguments), url=self.api.url)
        (self.program.home / ".grok/config.toml").write_text(config)

    def sign_in(self) -> str:
        """Signs in to the profile, ten minutes ago: nobody takes the token for one that was just minted. Returns it."""
        token = self.program.sign_in(self.provider)["access_token"]
        self.program.change_state_json(".json", lambda tokens: tokens.update(minted_at=tokens["minted_at"] - 600))
        self.provider.reset()
        return token

    def prompt(self, status: int = 0) -> subprocess.CompletedProcess:
        """Sends a prompt to the model. It could open a browser, and has an API key that is not the model's."""
        world = {"GROK_CLI_CHAT_PROXY_BASE_URL": self.chat.url, "XAI_API_KEY": KEY, "DISPLAY": ":9", "BROWSER": self.browser}
        grok = [str(grok_program.GROK), "--debug-file", str(self.program.home / "log"), "--cwd", str(self.program.home)]
        run = subprocess.run([*grok, "-m", "work", "-p", "hello"], env={**self.program.environment, **world}, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=120, start_new_session=True)  # fmt: skip
        self.assertEqual(run.returncode, status, run)
        if status == 0:
            self.assertEqual(run.stdout.strip(), grok_backend.ANSWER, run)
        self.assertNotIn("eyJ", run.stderr, "a token was told")
        return run

    def runs(self) -> list[Run]:
        """The runs of the provider. None of them got what is Grok's own or could ask a person."""
        runs = [Run(self.noted / name) for name in sorted(os.listdir(self.noted), key=int)]
        for run in runs:
            self.assertNotIn("XAI_API_KEY", run.environment)
            self.assertEqual(run.environment["GIT_TERMINAL_PROMPT"], "0")
        self.assertFalse(self.opened.exists(), "a browser was opened")
        return runs

    def contracts(self) -> list[dict[str, str]]:
        """The variables of Grok's contract in each run of the provider."""
        return [run.contract for run in self.runs()]

    def prompts(self) -> list[tuple[str, int]]:
        """Token and status of the prompts that were answered, each once, in order."""
        self.assertEqual({r.bearer for r in self.chat.requests if r.path == grok_backend.PROMPT_PATH}, set())
        asked = [(r.bearer, r.status) for r in self.api.requests if r.path == grok_backend.PROMPT_PATH]
        return list(dict.fromkeys(asked))

    def refreshed_token(self) -> str:
        """The token of the one request that the authorization server got."""
        (request,) = self.provider.requests("token")
        self.assertEqual((request["form"]["grant_type"], request["status"]), ("refresh_token", 200))
        return request["answer"]["access_token"]

    def test_stored_token(self):
        """A prompt is answered with it. The first run of the provider has nothing of Grok's contract."""
        token = self.sign_in()
        self.prompt()
        (run,) = self.runs()
        self.assertEqual(run.arguments, ["token", "--bare", "--no-interactive", "--profile", PROFILE])
        self.assertEqual((run.contract, run.stderr), ({}, ""))
        self.assertEqual(self.prompts(), [(token, 200)])
        self.assertEqual(self.provider.requests(), [])

    def test_refused_token(self):
        """A token that the model's server takes no longer is refreshed, and the prompt goes on with the new one."""
        first = self.sign_in()

        def refuse_late():
            # Grok asks for no other token than one that it has had for 30 s (PROVIDER_TOKEN_FRESH_MINT_GUARD).
            if not self.api.rejected:
                time.sleep(31)
                self.api.rejected.add(first)

        self.api.before_answer = refuse_late
        self.prompt()
        token = self.refreshed_token()
        self.assertEqual(self.prompts(), [(first, 401), (token, 200)])
        cold, again = self.contracts()
        self.assertEqual(cold, {})
        self.assertEqual((again.pop("GROK_AUTH_EXPIRED"), again.pop("GROK_AUTH_PROVIDER_ACCESS_TOKEN")), ("1", first))
        self.assertEqual(list(again), ["GROK_AUTH_PROVIDER_EXPIRES_AT"])

    def test_token_that_is_about_to_expire(self):
        """Grok brings it back a minute before; in the JSON form it knows the end of any token."""
        self.configure("--no-interactive")
        first = self.sign_in()
        now = int(time.time())
        self.program.change_state_json(".json", lambda tokens: tokens.update(minted_at=now - 5, expires_at=now + 55))
        self.prompt()
        self.assertEqual(self.prompts(), [(self.refreshed_token(), 200)])
        cold, again = self.contracts()
        self.assertEqual(cold, {})
        expiry = datetime.fromisoformat(again.pop("GROK_AUTH_PROVIDER_EXPIRES_AT")[:19] + "+00:00")  # it has nanoseconds
        self.assertAlmostEqual(expiry.timestamp(), now + 55, delta=2)
        self.assertEqual(again, {"GROK_AUTH_EXPIRED": "1", "GROK_AUTH_PROVIDER_ACCESS_TOKEN": first})

    def test_token_that_is_refused_at_once(self):
        """Grok does not ask for another; `grok-auth refresh` helps."""
        first = self.sign_in()
        self.api.rejected.add(first)
        self.assertIn("[auth_provider.work]", self.prompt(status=1).stderr)
        self.assertEqual(self.contracts(), [{}])
        self.assertEqual(self.program.run("refresh").status, 0)
        self.prompt()
        self.assertEqual(self.prompts(), [(first, 401), (self.refreshed_token(), 200)])

    def test_nobody_is_signed_in(self):
        """It fails within Grok's 30 s, and nobody is asked."""
        start = time.monotonic()
        self.assertIn("[auth_provider.work]", self.prompt(status=1).stderr)
        self.assertLess(time.monotonic() - start, 30)
        self.assertEqual({run.stderr.splitlines()[0] for run in self.runs()}, {"grok-auth: error: nobody is signed in"})
        self.assertEqual(self.provider.requests(), [])
        self.assertEqual(self.prompts(), [("", 401)])


if __name__ == "__main__":
    provider.install()
    grok_program.install()
    isolation.enter()
    unittest.main()
