"""Grok's own window with grok-auth as its auth provider: what a person sees of a sign-in, at 80 and 120 columns.

As in test_grok.py, Grok has a network of its own and cannot reach the outside.
"""

import json
import os
import re
import shlex
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import grok_backend  # noqa: E402
import grok_program  # noqa: E402
import isolation  # noqa: E402
import provider  # noqa: E402
from grok_tui import Tui  # noqa: E402
from program import ProgramTestCase, user_code_of  # noqa: E402
from refreshing import wait_until  # noqa: E402

SIGNED_IN = r"❯ *│\n.*Grok \d"  # the prompt, and the model that answers it
WIDTHS = (80, 120)


def setUpModule():
    isolation.require()
    if shutil.which("tmux") is None:
        if os.environ.get("CI"):
            raise RuntimeError("tmux is not installed, and CI must not go without")
        raise unittest.SkipTest("tmux is not installed")


class TuiTestCase(ProgramTestCase):
    def setUp(self):
        super().setUp()
        self.backend = self.enterContext(grok_backend.Backend())

    def new_grok(self, columns: int) -> Tui:
        """Grok's window in a new world, from its first start on."""
        self.program = self.new_program()
        home = self.program.home
        self.settings = grok_program.configure(home, f"exec {shlex.quote(self.program.binary)}")
        self.log_file = home / "log"
        command = [str(grok_program.GROK), "--debug-file", str(self.log_file), "--cwd", str(home)]
        environment = {**self.program.environment, "GROK_CLI_CHAT_PROXY_BASE_URL": self.backend.url}
        return Tui(shlex.join(command), environment, columns, self.program.folder)

    def start_signed_in(self, tui: Tui) -> None:
        """The first start, at which Grok leaves the terminal to its provider; the person approves."""
        url = tui.wait_for(r"Sign in at (https://\S+)\n").group(1)
        tui.wait_for(f"Code: {user_code_of(url)}")
        self.assertTrue(url.startswith(self.provider.issuer + "/"), url)
        self.provider.approve(url=url)
        tui.wait_for(SIGNED_IN)

    def log_in(self, tui: Tui) -> str:
        """Types /login in Grok's window. Returns the address that Grok's log says it got from the provider."""
        known = len(self.addresses())
        tui.type("/login")
        tui.wait_for("Log in or re-authenticate")
        tui.type("\r")
        return self.next_address(known)

    def next_address(self, known: int) -> str:
        wait_until(lambda: len(self.addresses()) > known, "Grok's log has no new address", 30)
        return self.addresses()[-1]

    def addresses(self) -> list[str]:
        """The addresses that Grok was given for its sign-in screen, as its log says."""
        return re.findall(r'"auth_url":"([^"]*)","external_provider":true,"mode":"command"', self.log())

    def wait_for_log(self, pattern: str) -> None:
        wait_until(lambda: re.search(pattern, self.log()), f"{self.log_file} has no {pattern!r}", 30)

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def credential(self) -> str:
        """The token that Grok has stored."""
        (credential,) = json.loads((self.settings / "auth.json").read_text()).values()
        self.assertEqual((credential["auth_mode"], credential["oidc_issuer"]), ("external", self.provider.issuer))
        return credential["key"]

    def newest_token(self) -> str:
        return self.provider.requests("token")[-1]["answer"].get("access_token", "")


class SignInTest(TuiTestCase):
    def test_login(self):
        """/login shows the whole address on demand, nothing else is needed, and the approval ends the waiting."""
        for columns in WIDTHS:
            with self.subTest(columns=columns), self.new_grok(columns) as tui:
                self.start_signed_in(tui)
                first = self.newest_token()
                self.assertEqual(self.credential(), first)
                self.assertEqual(self.program.run("logout").status, 0)  # else /login is answered with the stored token
                url = self.log_in(tui)
                self.assertTrue(url.startswith(self.provider.issuer + "/"), url)
                self.wait_for_log(re.escape(f'provider stderr line="Sign in at {url}"'))
                tui.wait_for("A browser window will open for authentication")
                tui.click("here to show full URL")
                tui.wait_for(rf"(?m)^ *{re.escape(url)} *$")
                self.provider.approve(url=url)
                tui.wait_for(SIGNED_IN)
                self.assertNotEqual(self.newest_token(), first)
                self.assertEqual(self.credential(), self.newest_token())
                self.assertFalse(self.newest_token() in self.log(), "the token is in Grok's log")

    def test_login_while_signed_in(self):
        """Nobody is asked again: Grok gets the stored token."""
        with self.new_grok(80) as tui:
            self.start_signed_in(tui)
            self.provider.reset()
            tui.type("/login")
            tui.wait_for("Log in or re-authenticate")
            tui.type("\r")
            self.wait_for_log("running external auth provider(?s:.*)external provider login complete")
            tui.wait_for(SIGNED_IN)
            self.assertEqual((self.addresses(), self.provider.requests()), ([], []))

    def test_declined(self):
        """Grok does not show the provider's words, but its log has them; it tries a sign-in of its own, which fails here.

        Then its sign-in screen offers ours again, which begins with a new code.
        """
        with self.new_grok(80) as tui:
            self.start_signed_in(tui)
            self.assertEqual(self.program.run("logout").status, 0)
            declined = self.log_in(tui)
            self.provider.deny(url=declined)
            words = "declined in the browser, or this account is refused"
            self.wait_for_log(f'provider stderr line="grok-auth: error: the sign-in was {words}')
            self.wait_for_log("external auth provider failed.*exit status: 4")
            self.assertNotIn(words, tui.screen)
            tui.wait_for("Login with grok-auth", timeout=90)
            known = len(self.addresses())
            tui.click("Login with grok-auth")
            again = self.next_address(known)
            self.assertNotEqual(user_code_of(again), user_code_of(declined))
            self.provider.approve(url=again)
            tui.wait_for(SIGNED_IN)
            self.assertEqual(self.credential(), self.newest_token())


if __name__ == "__main__":
    provider.install()
    grok_program.install()
    isolation.enter()
    unittest.main()
