"""The real Grok with the configuration that `grok-auth setup --write` makes, of files written in every way.

As in test_grok.py, Grok has a network of its own and cannot reach the outside.
"""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import grok_backend  # noqa: E402
import grok_program  # noqa: E402
import isolation  # noqa: E402
import provider  # noqa: E402
from program import ProgramTestCase, sign_in_url  # noqa: E402

QUIET = "cli.auto_update = false\nfeatures.telemetry = false\n"
OTHER = "auth_provider_command = 'echo wrong >&2; exit 1'"
# Grok's file before `setup --write`, without the settings that keep Grok quiet.
FORMS = {
    "no table": "",
    "a table": "[auth]\nauth_token_ttl = 3600\n",
    "a table with another provider": f"[auth]\n{OTHER}\nauth_provider_label = 'Other'\n",
    "a table without a line end": f"[auth] # \u20ac\n{OTHER}",
    "a table below": '[auth.oauth2]\nreferrer = "x"\n',
    "CRLF": f"[auth]\r\n{OTHER}\r\n[ui]\r\n",
    "an inline table": "auth = { auth_token_ttl = 3600 }\n",
    "dotted keys": "auth.auth_token_ttl = 3600\n",
    "the table that wins": f"[grok_com_config]\n{OTHER}\n[auth]\n{OTHER}\n",
    "the table that wins, without a command": "[grok_com_config]\nauth_token_ttl = 3600\n",
}


def setUpModule():
    isolation.require()


class SetupTest(ProgramTestCase):
    """Each test has a world of its own, and Grok's file as `configure` says."""

    def setUp(self):
        super().setUp()
        self.backend = self.enterContext(grok_backend.Backend())
        self.settings = self.program.home / ".grok"
        self.settings.mkdir()

    def test_sign_in(self):
        """After setup the first `grok login` signs a person in through grok-auth, and prompts are answered."""
        self.configure("")
        self.set_up()
        login = self.grok("login")
        self.provider.approve(url=sign_in_url(login))
        self.assertEqual(login.wait().status, 0)
        self.assertEqual(self.token(), self.program.state_json(".json")["access_token"])
        self.assert_answered(self.token())

    def test_forms(self):
        """Grok reads what setup makes of each form, and runs grok-auth."""
        token = self.program.sign_in(self.provider)["access_token"]
        for name, text in FORMS.items():
            with self.subTest(name):
                self.configure(text)
                self.set_up()
                self.assert_signed_in(token)

    def test_printed_lines(self):
        """The printed lines do the same, appended to the file or in the environment; the file wins."""
        token = self.program.sign_in(self.provider)["access_token"]
        lines = self.program.run("setup").stdout
        self.configure(lines)
        self.assert_signed_in(token, GROK_AUTH_PROVIDER_COMMAND="exit 1")
        self.configure("")
        self.assert_signed_in(token, GROK_AUTH_PROVIDER_COMMAND=f"exec {self.program.binary}")

    def test_api_key_beside(self):
        """An API key is used while there is no login, and not even then where Grok's file says so: what doctor tells."""
        token = self.program.sign_in(self.provider)["access_token"]
        self.configure("")
        self.set_up()
        self.assert_answered("the-key", XAI_API_KEY="the-key")
        self.assert_signed_in(token)
        self.assert_answered(token, XAI_API_KEY="the-key")
        for setting in ("disable_api_key_auth = true", 'force_login_team_uuid = "a-team"'):
            self.configure(f"[auth]\n{setting}\n")
            self.set_up()
            (self.settings / "auth.json").unlink(missing_ok=True)
            self.assert_not_signed_in(XAI_API_KEY="the-key")

    def test_preferred_method(self):
        """Where an API key is preferred, the login is not used: what setup and doctor tell."""
        token = self.program.sign_in(self.provider)["access_token"]
        self.configure('[auth]\npreferred_method = "api_key"\n')
        self.assertIn('preferred_method = "api_key"', self.set_up())
        self.assert_signed_in(token)
        self.assert_not_signed_in()

    def configure(self, text: str) -> None:
        path = self.settings / "config.toml"
        path.write_bytes((QUIET + text).encode())

    def set_up(self) -> str:
        """Runs setup, which must change the file. Returns what it said."""
        result = self.program.run("setup", "--write")
        self.assertEqual(result.status, 0, result)
        self.assertIn(" makes Grok run: ", result.stderr)
        return result.stderr

    def grok(self, *arguments: str, **env: str):
        """Starts Grok."""
        words = [str(grok_program.GROK), "--cwd", str(self.program.home), *arguments]
        environment = {"GROK_CLI_CHAT_PROXY_BASE_URL": self.backend.url, **env}
        binary, self.program.binary = self.program.binary, words[0]
        try:
            return self.program.start(*words[1:], env=environment)
        finally:
            self.program.binary = binary

    def assert_signed_in(self, token: str, **env: str) -> None:
        """Requires that `grok login` gets this token from grok-auth."""
        (self.settings / "auth.json").unlink(missing_ok=True)
        result = self.grok("login", **env).wait()
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.token(), token)

    def assert_answered(self, token: str, **env: str) -> None:
        """Requires that a prompt is answered, and sent with this token alone."""
        self.backend.requests.clear()
        result = self.prompt(**env).wait()
        self.assertEqual((result.status, result.stdout.strip()), (0, grok_backend.ANSWER), result)
        self.assertEqual({r.bearer for r in self.backend.requests if r.path == grok_backend.PROMPT_PATH}, {token})

    def assert_not_signed_in(self, **env: str) -> None:
        """Requires that a prompt is not even sent."""
        self.backend.requests.clear()
        result = self.prompt(**env).wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertIn("Not signed in", result.stderr)
        self.assertNotIn(grok_backend.PROMPT_PATH, [request.path for request in self.backend.requests])

    def prompt(self, **env: str):
        """Starts Grok with a prompt; requests with an API key go to the backend too."""
        return self.grok("-p", "hello", GROK_XAI_API_BASE_URL=self.backend.url, **env)

    def token(self) -> str:
        """The token of the one entry of Grok's auth.json."""
        (credential,) = json.loads((self.settings / "auth.json").read_text()).values()
        return credential["key"]


if __name__ == "__main__":
    provider.install()
    grok_program.install()
    isolation.enter()
    unittest.main()
