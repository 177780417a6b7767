"""An API key in a profile: how it gets there, what it is good for, and what it is not."""

import os
import signal
import stat
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from keyring import KeyringTestCase  # noqa: E402
from program import ProgramTestCase, sign_in_url  # noqa: E402
from refreshing import wait_until  # noqa: E402
from tmux import Tmux  # noqa: E402

KEY = "xai-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PRINT_KEY = ("exec", "--", "sh", "-c", "printf %s $XAI_API_KEY")
PROMPT = r"^API key for profile 'test' \(not shown\):"
STORED = "The API key of profile 'test' is stored; 'grok-auth exec' hands it out.\n"


class FromAPipe(ProgramTestCase):
    def store(self, text: str = KEY + "\n", *args: str):
        return self.program.run("login", "--api-key", *args, stdin=text)

    def test_life_of_a_key(self):
        self.assertEqual(self.store()[:3], (0, "", STORED))
        file = self.program.state_folder / "test.json"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEqual(self.program.run("status").stdout,
                         f"profile:       test\nissuer:        {self.provider.issuer}\nstatus:        connected\n"
                         f"credential:    API key\nstored in:     {file}\n")
        answer = self.program.run("status", "--json").json
        self.assertEqual((answer["status"], answer["credential"], answer["refreshable"]), ("connected", "api_key", False))
        self.assertEqual(self.program.run(*PRINT_KEY)[:3], (0, KEY, ""))
        for expired in (False, True):
            run = self.program.as_grok(expired=expired).wait()
            self.assertEqual((run.status, run.stdout), (3, ""), run)
            self.assertIn("hint: take auth_provider_command out of Grok's configuration and start it by ", run.stderr)
            self.assertIn("'grok-auth exec --profile test -- grok'", run.stderr)
        refresh = self.program.run("refresh")
        self.assertEqual((refresh.status, refresh.stdout), (2, ""), refresh)
        self.assertIn("error: there is nothing to renew", refresh.stderr)
        self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)
        logout = self.program.run("logout")
        self.assertEqual((logout.status, logout.stdout), (0, ""), logout)
        self.assertIn("It stays valid until you delete it where you got it.", logout.stderr)
        self.assertEqual(self.program.run(*PRINT_KEY)[:2], (3, ""))
        self.assertEqual(self.provider.requests(), [])

    def test_first_line_is_the_key(self):
        for text in (f"  {KEY}\t\r\nanother line\n", KEY):
            self.assertEqual(self.store(text).status, 0)
            self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)

    def test_what_is_no_key(self):
        self.store()
        for text in ("", "\n" + KEY, "short\n", "XAI_API_KEY = " + KEY, "x" * 70000, KEY + "\0\n"):
            with self.subTest(text[:20]):
                result = self.store(text, "--json")
                self.assertEqual((result.status, result.json["error"]), (2, "usage"), result)
                self.assertNotIn(KEY, result.stdout + result.stderr)
                self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)
        self.assertEqual(self.program.run("login", "--api-key").status, 2)  # /dev/null

    def test_pipe_that_brings_nothing_can_be_left(self):
        pipe = self.program.folder / "pipe"
        os.mkfifo(pipe)
        wrapper = self.program.folder / "wrapper"
        wrapper.write_text(f'#!/bin/sh\nexec "{self.program.binary}" "$@" <>"{pipe}"\n')
        wrapper.chmod(0o700)
        self.program.binary = str(wrapper)
        run = self.program.start("login", "--api-key", "--verbose")
        run.wait_for_line("grok-auth: profile 'test'")
        run.signal(signal.SIGTERM)
        self.assertIn(run.wait().status, (143, -signal.SIGTERM))

    def test_instead_of_a_login(self):
        """It is not revoked; and a login takes the place of the key again."""
        token = self.program.sign_in(self.provider)["access_token"]
        self.provider.reset()
        before = self.provider.counters()
        result = self.store()
        self.assertEqual(result.stderr, STORED + "The login that it replaces was not revoked at the server.\n")
        self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)
        self.assertEqual((self.provider.requests(), self.provider.counters()), ([], before))
        login = self.program.start("login")
        self.provider.approve(url=sign_in_url(login))
        self.assertEqual(login.wait().status, 0)
        given = self.program.run(*PRINT_KEY).stdout
        self.assertNotIn(given, (KEY, token))
        for file in self.program.state_folder.iterdir():
            self.assertNotIn(KEY, file.read_text())

    def test_while_somebody_signs_in(self):
        """The sign-in ends, and what the server has given for it meanwhile is revoked."""
        for is_approved in (False, True):
            with self.subTest(is_approved=is_approved):
                self.provider.reset()
                before = self.provider.counters()
                run = self.program.as_grok(expired=False)
                url = sign_in_url(run)
                run.wait_for_line("Waiting for you")
                if is_approved:
                    self.provider.settings(delay_token_after_ms=2000)
                    self.provider.approve(url=url)
                    issued = before["refresh_tokens_issued"]
                    wait_until(lambda: self.provider.counters()["refresh_tokens_issued"] > issued, "no token was given")
                self.assertEqual(self.store().status, 0)
                result = run.wait()
                self.assertEqual((result.status, result.stdout), (3, ""), result)
                self.assertIn("error: the sign-in was given up: an API key was stored in the profile meanwhile", result.stderr)
                self.assertEqual(self.provider.counters()["live_refresh_tokens"], before["live_refresh_tokens"])
                self.assertEqual(len(self.provider.requests("revocation")), int(is_approved))
                self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)
                self.program.run("logout")

    def test_while_the_login_is_renewed(self):
        """What the refresh brings is dropped, and the key not taken for it."""
        self.program.sign_in(self.provider)
        self.program.change_state_json(".json", lambda tokens: tokens.update(expires_at=tokens["minted_at"]))
        self.provider.reset()
        self.provider.settings(delay_token_after_ms=1500)
        run = self.program.as_grok(expired=False)
        wait_until(lambda: self.provider.requests("token"), "nothing was asked")
        self.assertEqual(self.store().status, 0)
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertIn("error: profile 'test' has an API key", result.stderr)
        self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)


class AtTheTerminal(ProgramTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.terminal = self.enterContext(Tmux(self.program.environment, columns=100))

    def ask(self, more: str = "") -> None:
        self.terminal.begin(f"{self.program.binary} login --api-key {more}; echo status $?")
        self.terminal.wait_for(PROMPT)

    def assert_as_before(self) -> None:
        """The terminal shows what is typed again, and nothing of the key was ever to be seen."""
        self.terminal.wait_for_prompt()
        self.assertLessEqual({"echo", "icanon", "isig", "icrnl"}, self.terminal.modes())
        self.assertNotIn(KEY[:12], self.terminal.everything())
        self.terminal.enter("echo $((20 + 3))")
        self.terminal.wait_for(r"^\$ echo \$\(\(20 \+ 3\)\)\n23\n\$\Z")

    def test_typed_and_pasted(self):
        for give in (self.terminal.type, self.terminal.paste):
            self.ask()
            self.assertLessEqual({"-echo", "icanon"}, self.terminal.modes())
            give(KEY)
            self.terminal.keys("Enter")
            self.terminal.wait_for(r"\(not shown\):\nThe API key of profile 'test' is stored; .*\nstatus 0\n")
            self.assert_as_before()
            self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)
            self.program.run("logout")

    def test_output_of_errors_elsewhere(self):
        self.ask("2>/dev/null")
        self.terminal.type(KEY)
        self.terminal.keys("Enter")
        self.terminal.wait_for(r"\(not shown\):\nstatus 0\n")
        self.assert_as_before()
        self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)

    def test_given_up(self):
        for key, status in (("C-c", 130), ("C-d", 2), ("Enter", 2)):
            with self.subTest(key):
                self.ask()
                if key == "C-c":
                    self.terminal.type(KEY)
                self.terminal.keys(key)
                self.terminal.wait_for(f"^status {status}$")
                self.assert_as_before()
        self.assertFalse((self.program.state_folder / "test.json").exists())

    def test_ended_by_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
            with self.subTest(number):
                self.ask()
                self.terminal.type(KEY)
                program, = self.terminal.children()
                os.kill(program, number)
                self.terminal.wait_for(f"^status {128 + number}$")
                self.assert_as_before()

    def test_stopped(self):
        """The shell that the person comes back to shows what is typed; going on asks again."""
        self.ask()
        self.terminal.keys("C-z")
        self.terminal.wait_for("Stopped")
        self.assert_as_before()
        self.terminal.enter("fg")
        self.terminal.wait_for(PROMPT + r"(.*\n)+API key for profile")
        self.terminal.type(KEY)
        self.terminal.keys("Enter")
        self.terminal.wait_for_prompt()
        self.assertNotIn(KEY[:12], self.terminal.everything())
        self.assertEqual(self.program.run(*PRINT_KEY).stdout, KEY)


class InTheKeyring(KeyringTestCase):
    def test_item(self):
        result = self.program.run("login", "--api-key", stdin=KEY, env=self.session.environment)
        self.assertEqual(result[:3], (0, "", STORED))
        item = self.session.item()
        self.assertEqual(item.label, "grok-auth: test (API key)")
        self.assertEqual(item.secret["access_token"], KEY)
        for file in self.program.state_folder.iterdir():
            self.assertNotIn(KEY, file.read_text())
        self.assertEqual(self.command(*PRINT_KEY).stdout, KEY)
        status = self.command("status", "--json").json
        self.assertEqual((status["credential"], status["store"]), ("api_key", "libsecret"))
        self.grok(status=3)
        self.command("logout")
        self.assertEqual(self.session.items(), [])
        self.assertEqual(self.provider.requests(), [])

    def test_instead_of_a_login(self):
        """The old item goes, and the new one has an id of its own."""
        self.sign_in()
        before = self.session.item().attributes["store_id"]
        self.program.run("login", "--api-key", stdin=KEY, env=self.session.environment)
        self.assertNotEqual(self.session.item().attributes["store_id"], before)
        self.assertEqual(self.command(*PRINT_KEY).stdout, KEY)


if __name__ == "__main__":
    unittest.main()
