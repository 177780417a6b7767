"""The credential helper by both its names, without any server."""

import json
import os
import re
import subprocess
import unittest

from offline import ACCESS_TOKEN, ISSUER, OfflineTestCase
from program import PROFILE, config_for
from running import Result

HOST = "git.example"
REQUEST = f"protocol=https\nhost={HOST}\n\n"


class Credential(OfflineTestCase):
    """Somebody is signed in to the profile that answers for a host."""

    def setUp(self) -> None:
        super().setUp()
        self.program.configure(config_for(self.provider) + f'[profile.{PROFILE}.git]\nhosts = ["{HOST}"]\n')
        self.store()
        self.own = self.program.binary
        self.expires_at = self.program.state_json(".json")["expires_at"]
        self.answer = f"username=oauth2\npassword={ACCESS_TOKEN}\npassword_expiry_utc={self.expires_at}\n"

    def link(self, name: str = "git-credential-grok-auth", folder: str = "links") -> str:
        """Makes a link to the program, which is run from then on; returns its path."""
        path = self.program.folder / folder / name
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(self.own)
        self.program.binary = str(path)
        return str(path)

    def ask(self, *arguments: str, text: str = REQUEST, env: dict | None = None) -> Result:
        return self.program.run(*arguments, stdin=text, env=env)

    def assertSilent(self, result: Result) -> None:
        self.assertEqual((result.status, result.stdout, result.stderr), (0, "", ""), result)

    def test_as_a_command(self):
        result = self.ask("credential", "get")
        self.assertEqual((result.status, result.stdout, result.stderr), (0, self.answer, ""), result)

    def test_as_a_link(self):
        """git starts helpers as `git-credential-NAME OPERATION`: by an absolute path, a relative one, or from PATH."""
        self.link()
        with self.subTest("absolute"):
            self.assertEqual(self.ask("get").stdout, self.answer)
        with self.subTest("in PATH"):
            folder = os.path.dirname(self.program.binary)
            self.program.binary = "/usr/bin/env"
            result = self.ask("git-credential-grok-auth", "get", env={"PATH": f"{folder}:{os.environ['PATH']}"})
            self.assertEqual(result.stdout, self.answer, result)
        with self.subTest("a link to the link"):
            self.own = os.path.join(folder, "git-credential-grok-auth")
            self.link(folder="further")
            self.assertEqual(self.ask("get").stdout, self.answer)

    def test_the_request_ends_at_an_empty_line(self):
        """Whoever keeps the pipe open gets an answer, too."""
        helper = subprocess.Popen([self.program.binary, "credential", "get"], env=self.program.environment,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.addCleanup(helper.kill)
        helper.stdin.write(REQUEST)
        helper.stdin.flush()
        self.assertEqual(helper.stdout.read(), self.answer)
        helper.stdin.close()
        helper.stdout.close()
        self.assertEqual(helper.wait(10), 0)

    def test_options_come_before_the_operation(self):
        """As git puts them with `helper = grok-auth --profile NAME`."""
        self.link()
        self.assertEqual(self.ask("--profile", PROFILE, "get").stdout, self.answer)
        self.assertEqual(self.ask(f"--profile={PROFILE}", "--no-interactive", "--verbose", "get").stdout, self.answer)
        self.assertSilent(self.ask("--profile", "xai", "get"))
        self.assertFails(self.ask("--profile", "none", "get"), 2, "no profile 'none'")

    def test_by_another_name_it_is_the_program(self):
        for name in ["git-credential-grok", "git-credential-grok-auth.old", "grok-auth"]:
            with self.subTest(name):
                self.link(name)
                self.assertFails(self.ask("get"), 2, "no command 'get'")
                self.assertEqual(self.ask("token", "--bare").stdout, ACCESS_TOKEN + "\n")

    def test_a_link_has_no_other_commands(self):
        """They are operations that it does not know."""
        self.link()
        for command in ["token", "status", "logout", "credential"]:
            with self.subTest(command):
                self.assertSilent(self.ask(command))
        self.assertIsNotNone(self.program.state_json(".json"))

    def test_help_of_a_link(self):
        self.link()
        for option in ["--help", "--version"]:
            with self.subTest(option):
                self.program.binary, link = self.own, self.program.binary
                expected = self.ask("credential", option)
                self.program.binary = link
                self.assertEqual(self.ask(option).stdout, expected.stdout)
                self.assertEqual(expected.status, 0)

    def test_usage(self):
        self.link()
        self.assertFails(self.ask(), 2, "what to do: get, store or erase")
        self.assertFails(self.ask("get", "erase"), 2, "unexpected argument 'erase'")
        self.assertFails(self.ask("--frobnicate", "get"), 2, "no option '--frobnicate'")

    def test_operations_without_an_answer(self):
        for operation in ["store", "capability", "frobnicate", ""]:
            with self.subTest(operation):
                self.assertSilent(self.ask("credential", operation))

    def test_a_large_input_is_read(self):
        """Whoever writes it must not find the pipe broken, whatever becomes of it."""
        text = "x=" + "a" * 60_000 + "\n"
        self.assertSilent(self.ask("credential", "store", text=text * 20))
        self.assertFails(self.ask("credential", "get", text=text * 20), 2)
        self.assertEqual(self.ask("credential", "get", text=text + REQUEST).stdout, self.answer)

    def test_erase(self):
        """The token is out of use; nothing can renew it here, and nothing else is handed out."""
        self.assertSilent(self.ask("credential", "erase", text=REQUEST.strip() + f"\npassword={ACCESS_TOKEN}\n"))
        self.assertEqual(self.program.state_json(".json")["expires_at"], self.expires_at)
        self.assertNotIn(ACCESS_TOKEN, json.dumps(self.program.state_json(".last")))
        self.assertFails(self.ask("credential", "get"), 1, re.escape(ISSUER.removeprefix("https://").partition(":")[0]))


if __name__ == "__main__":
    unittest.main()
