"""The real Grok with an API key that grok-auth keeps: `grok-auth exec -- grok`, and what wins beside a sign-in.

It runs in a network that has loopback only (tests/support/isolation.py). Where that cannot be the tests are skipped, but fail
when CI is set. `api` stands for api.x.ai, where Grok sends what it asks with a key, `chat` for the proxy that serves sign-ins.
"""

import os
import re
import shlex
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import grok_backend  # noqa: E402
import grok_program  # noqa: E402
import isolation  # noqa: E402
import provider  # noqa: E402
from grok_tui import Tui  # noqa: E402
from program import ProgramTestCase, config_for, sign_in_url  # noqa: E402

KEY = "xai-0123456789abcdefghijklmnopqrstuvwxyz"
PREFERRED = 'preferred_method = "api_key"\n'


def setUpModule():
    isolation.require()


class GrokWithAKey(ProgramTestCase):
    """The profile `keys` has a key. Grok's auth provider is the profile `test`, where somebody may be signed in."""

    def setUp(self):
        super().setUp()
        own = f'[profile.keys]\nissuer = "{self.provider.issuer}"\nclient_id = "none"\nstore = "file"\n'
        self.program.configure(config_for(self.provider) + own)
        stored = self.program.run("login", "--api-key", "--profile=keys", stdin=KEY)
        self.assertEqual(stored.status, 0, stored)
        self.api = self.enterContext(grok_backend.Backend())
        self.chat = self.enterContext(grok_backend.Backend())
        self.urls = {"GROK_XAI_API_BASE_URL": self.api.url, "GROK_CLI_CHAT_PROXY_BASE_URL": self.chat.url}
        self.runs = self.program.home / "runs"
        command = f'echo "${{GROK_AUTH_EXPIRED-unset}}" >>{shlex.quote(str(self.runs))}; exec {self.program.binary}'
        self.settings = grok_program.configure(self.program.home, command)

    def change(self, name: str, pattern: str, replacement: str) -> None:
        """Changes a file of Grok's settings."""
        text, count = re.subn(pattern, replacement, (self.settings / name).read_text())
        self.assertGreater(count, 0)
        (self.settings / name).write_text(text)

    def prefer_the_key(self) -> None:
        self.change("config.toml", r"\[auth\]\n", "[auth]\n" + PREFERRED)

    def start(self, *arguments: str):
        """Starts Grok by `grok-auth exec`."""
        grok = [str(grok_program.GROK), "--cwd", str(self.program.home), *arguments]
        return self.program.start("exec", "--profile=keys", "--", *grok, env=self.urls)

    def prompt(self) -> None:
        result = self.start("-p", "hello").wait(60)
        self.assertEqual((result.status, result.stdout.strip()), (0, grok_backend.ANSWER), result)

    def sign_in(self) -> str:
        """`grok login`: Grok has a session then, whose token is returned."""
        login = self.start("login")
        self.provider.approve(url=sign_in_url(login))
        self.assertEqual(login.wait(60).status, 0)
        self.runs.unlink()
        self.api.requests.clear()
        self.chat.requests.clear()
        return self.program.state_json(".json")["access_token"]

    def provider_runs(self) -> list[str]:
        """GROK_AUTH_EXPIRED in each run of the provider."""
        return self.runs.read_text().split() if self.runs.exists() else []

    @staticmethod
    def bearers(backend, path: str | None = None) -> set[str]:
        """Whom the backend knew its requests by; some are made without."""
        return {r.bearer for r in backend.requests if path in (None, r.path)} - {""}

    def assert_key_alone(self) -> None:
        self.assertEqual(self.provider_runs(), [])
        self.assertEqual(self.bearers(self.api, grok_backend.PROMPT_PATH), {KEY})
        self.assertEqual((self.bearers(self.api), self.chat.requests), ({KEY}, []))
        self.assertFalse((self.settings / "auth.json").exists())

    def test_preferred(self):
        self.prefer_the_key()
        self.prompt()
        self.assert_key_alone()

    def test_not_preferred_and_no_session(self):
        """The key is used all the same, and no provider is run for it."""
        self.prompt()
        self.assert_key_alone()

    def test_not_preferred_with_a_session(self):
        """The session wins; the key is not used for a prompt."""
        token = self.sign_in()
        self.prompt()
        self.assertEqual(self.bearers(self.chat, grok_backend.PROMPT_PATH), {token})
        self.assertEqual(self.bearers(self.api, grok_backend.PROMPT_PATH), set())

    def test_preferred_with_a_session(self):
        """The conversation goes by the key; the session still serves what is beside it, until `grok logout`."""
        token = self.sign_in()
        self.prefer_the_key()
        self.prompt()
        self.assertEqual(self.bearers(self.api, grok_backend.PROMPT_PATH), {KEY})
        self.assertIn(token, self.bearers(self.chat))
        self.assertEqual(self.start("logout").wait(60).status, 0)
        self.api.requests.clear()
        self.chat.requests.clear()
        self.prompt()
        self.assert_key_alone()

    def test_rejected_key(self):
        """Grok says so, and asks no provider for another."""
        self.prefer_the_key()
        self.api.rejected.add(KEY)
        result = self.start("-p", "hello").wait(60)
        self.assertEqual(result.status, 1, result)
        self.assertIn("Auth:      ApiKey", result.stderr)
        self.assertEqual(self.provider_runs(), [])

    def test_provider_with_a_key_only(self):
        """The headless run for an expired session fails; the conversation goes on by the key."""
        self.sign_in()
        self.prefer_the_key()
        self.change("config.toml", re.escape(self.program.binary), self.program.binary + " --profile=keys")
        self.change("auth.json", r'"(expires_at|create_time)": "\d{4}', r'"\1": "2020')
        self.prompt()
        self.assertEqual(set(self.provider_runs()), {"1"})
        self.assertEqual(self.bearers(self.api, grok_backend.PROMPT_PATH), {KEY})

    def window(self):
        command = [self.program.binary, "exec", "--profile=keys", "--", str(grok_program.GROK), "--cwd", str(self.program.home)]
        return Tui(shlex.join(command), {**self.program.environment, **self.urls}, 120, self.program.folder)

    def test_window_without_a_provider(self):
        """It opens, and the conversation goes by the key."""
        self.change("config.toml", "auth_provider_command.*", "")
        for prefer in (False, True):
            with self.subTest(prefer=prefer):
                if prefer:
                    self.prefer_the_key()
                self.assert_window_works()
                self.assert_key_alone()

    def test_window_with_a_session(self):
        """With a provider too it opens when there is a session, and the key serves the conversation if it is preferred."""
        token = self.sign_in()
        self.assert_window_works()
        self.assertEqual(self.bearers(self.chat, grok_backend.PROMPT_PATH), {token})
        self.prefer_the_key()
        self.assert_window_works()
        self.assertEqual(self.bearers(self.api, grok_backend.PROMPT_PATH), {KEY})
        self.assertEqual(self.provider_runs(), [])

    def test_window_with_a_provider(self):
        """Without a session Grok runs the provider before it opens a window, whatever it prefers. A provider that has an API key
        only says what to do, and Grok ends."""
        self.change("config.toml", re.escape(self.program.binary), self.program.binary + " --profile=keys")
        self.prefer_the_key()
        with self.window() as tui:
            tui.wait_for("Pane is dead")
            said = "".join(tui.screen.split("\n"))
        self.assertIn("hint: take auth_provider_command out of Grok's configuration and start it by", said)
        self.assertEqual(self.provider_runs(), ["unset"])

    def assert_window_works(self) -> None:
        with self.window() as tui:
            tui.wait_for(r"❯ *│\n.*Grok \d")
            tui.type("hello\r")
            tui.wait_for(re.escape(grok_backend.ANSWER))


if __name__ == "__main__":
    provider.install()
    grok_program.install()
    isolation.enter()
    unittest.main()
