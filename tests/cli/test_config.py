"""Configuration files: each mistake is one clear error that says where, before anything else happens."""

import os
import pathlib
import re
import unittest

from offline import ROOT, OfflineTestCase
from program import PROFILE

GOOD = '[profile.test]\nissuer = "https://127.0.0.1:9"\nclient_id = "grok-auth-test"\n'  # three lines

# What is wrong: the file, line and column of the complaint, and what the message must have.
BROKEN = {
    "no value": ("default_profile =\n", 1, 0, ""),
    "no closing quote": ('default_profile = "test\n', 1, 0, ""),
    "no closing bracket": ("[profile.test\n", 1, 0, ""),
    "no quotes": ("default_profile = test\n", 1, 0, ""),
    "two pairs in a line": ('default_profile = "a" profile = 3\n', 1, 0, ""),
    "not UTF-8": ("default_profile = '\udcff'\n", 1, 0, "utf-8"),
    "a control character": ("default_profile = 'a\x07b'\n", 1, 0, ""),
    "JSON": ('{"default_profile": "test"}\n', 1, 0, ""),
    "a later line": (GOOD + "\nscopes = [\n", 5, 0, ""),
    "a key twice": ('default_profile = "a"\ndefault_profile = "b"\n', 2, 0, "default_profile"),
    "a key of a profile twice": (GOOD + 'issuer = "https://127.0.0.1:9"\n', 4, 0, "issuer"),
    "a profile twice": (GOOD + "[profile.test]\n", 4, 0, "test"),
    "an unknown key": ('profil = "test"\n' + GOOD, 1, 1, "unknown key 'profil'"),
    "an unknown table": (GOOD + "[profiles.test]\n", 4, 0, "unknown key 'profiles'"),
    "an unknown key of a profile": (GOOD + 'client_secret = "x"\n', 4, 1, "unknown key 'client_secret'"),
    "a key with capitals": (GOOD + 'Flow = "auto"\n', 4, 1, "unknown key 'Flow'"),
    "a key with an escape": (GOOD + '"a\\u001b[31m" = 1\n', 4, 1, "unknown key"),
    "a profile for default_profile": ("default_profile = 3\n", 1, 19, "'default_profile' must be a string"),
    "an empty default_profile": ('default_profile = ""\n', 1, 19, "'default_profile' must be a string"),
    "profile is a number": ("profile = 3\n", 1, 11, "'profile' must be a table"),
    "a profile is a number": ("profile.test = 3\n", 1, 16, "'profile.test' must be a table"),
    "a bad profile name": ('[profile."a.b"]\n', 1, 10, "'a.b' cannot name a profile"),
    "an empty profile name": ('[profile.""]\n', 1, 10, "'' cannot name a profile"),
    "a long profile name": (f"[profile.{'x' * 65}]\n", 1, 10, "cannot name a profile"),
    "another name of xai": ("[profile.grok-oauth]\n", 1, 10, "'grok-oauth' cannot name a profile"),
    "another issuer for xai": ('[profile.xai]\nissuer = "https://idp.example"\n', 2, 10, "https://auth.x.ai"),
    "no issuer": ('[profile.test]\nclient_id = "x"\n', 1, 1, "profile 'test' has no 'issuer'"),
    "no client_id": ('[profile.test]\nissuer = "https://idp.example"\n', 1, 1, "profile 'test' has no 'client_id'"),
    "an issuer with http": ('[profile.test]\nissuer = "http://idp.example"\n', 2, 10, "plain http"),
    "a local issuer with http": ('[profile.test]\nissuer = "http://127.0.0.1:9"\n', 2, 10, "plain http"),
    "http elsewhere, though allowed": (
        '[profile.test]\nallow_http_loopback = true\nissuer = "http://127.0.0.1.example"\n', 3, 10, "plain http",
    ),
    "an issuer that is no URL": ('[profile.test]\nissuer = "idp.example"\n', 2, 10, "'idp.example' .*https URL"),
    "an issuer with user and password": ('[profile.test]\nissuer = "https://ada:hush@idp.example"\n', 2, 10, "password"),
    "an issuer with a query": ('[profile.test]\nissuer = "https://idp.example?a=b"\n', 2, 10, "query"),
    "an issuer with a fragment": ('[profile.test]\nissuer = "https://idp.example#a"\n', 2, 10, "fragment"),
    "an issuer without a host": ('[profile.test]\nissuer = "https:///path"\n', 2, 10, "https URL"),
    "an issuer with a blank": ('[profile.test]\nissuer = " https://idp.example"\n', 2, 10, "'issuer'"),
    "an issuer that is a number": ("[profile.test]\nissuer = 3\n", 2, 10, "'issuer' must be a string"),
    "an empty client_id": (GOOD.replace("grok-auth-test", ""), 3, 13, "'client_id' must be a string"),
    "a client_id with a line end": (GOOD.replace("grok-auth-test", "a\\nb"), 3, 13, "'client_id'"),
    "scopes as one string": (GOOD + 'scopes = "openid profile"\n', 4, 10, "'scopes' must be an array"),
    "scopes with a number": (GOOD + 'scopes = ["openid", 3]\n', 4, 21, "'scopes' must hold words"),
    "a scope with a blank": (GOOD + 'scopes = ["openid profile"]\n', 4, 11, "'scopes' must hold words"),
    "an unknown flow": (GOOD + 'flow = "devise"\n', 4, 8, "'flow' is 'devise'"),
    "an unknown store": (GOOD + 'store = "cloud"\n', 4, 9, "'store' is 'cloud'"),
    "device_pkce as a string": (GOOD + 'device_pkce = "true"\n', 4, 15, "'device_pkce' must be true or false"),
    "allow_http_loopback as a number": (GOOD + "allow_http_loopback = 1\n", 4, 23, "must be true or false"),
    "min_validity as a string": (GOOD + 'min_validity = "5"\n', 4, 16, "whole number from 0 to 86400"),
    "min_validity with a fraction": (GOOD + "min_validity = 5.0\n", 4, 16, "whole number from 0 to 86400"),
    "a negative min_validity": (GOOD + "min_validity = -1\n", 4, 16, "whole number from 0 to 86400"),
    "a huge min_validity": (GOOD + "min_validity = 86401\n", 4, 16, "whole number from 0 to 86400"),
    "a ca_file that is a list": (GOOD + 'ca_file = ["/a"]\n', 4, 11, "'ca_file' must be a string"),
    "an empty audience": (GOOD + 'audience = ""\n', 4, 12, "'audience' must be a string"),
    "authorize_params as a string": (GOOD + 'authorize_params = "a=b"\n', 4, 20, "must be a table of strings"),
    "authorize_params with a number": (GOOD + "authorize_params = { a = 1 }\n", 4, 26, "'a' must be a string"),
}  # fmt: skip


class Config(OfflineTestCase):
    """Status 2, an empty stdout, one error, and the stored login as it was."""

    def setUp(self):
        super().setUp()
        self.login = self.store()
        self.file = self.program.config_folder / "config.toml"

    def test_broken(self):
        """Each mistake is told with file, line and column, by every command, and touches nothing."""
        for name, (text, line, column, pattern) in BROKEN.items():
            with self.subTest(name):
                self.file.write_text(text, errors="surrogateescape")
                result = self.program.run("status")
                message = self.assertFails(result, 2)
                where = re.match(rf"{re.escape(str(self.file))}:(\d+):(\d+): ", message)
                self.assertTrue(where, message)
                self.assertEqual(int(where[1]), line, message)
                if column:  # where the parser stumbles within a line is its own affair
                    self.assertEqual(int(where[2]), column, message)
                self.assertRegex(message, "(?i)" + pattern)
                self.assertNotIn("hush", result.stderr)
        for command in ["token", "login", "logout", "refresh", "status"]:
            with self.subTest(command):
                self.assertFails(self.program.run(command), 2, "'a' must be a string")
        with self.subTest("headless"):
            self.assertFails(self.program.as_grok(expired=True).wait(), 2, "'a' must be a string")
        self.assertEqual(self.program.state(f"{PROFILE}.json"), self.login)

    def test_every_error_has_a_hint(self):
        """A mistake in the file is told with what to do about it."""
        for name, (text, *_) in BROKEN.items():
            with self.subTest(name):
                self.file.write_text(text, errors="surrogateescape")
                self.assertIn("\ngrok-auth: hint: ", self.program.run("status").stderr)

    def test_good(self):
        """What is allowed: nothing at all, comments, any order, the built-in profile changed, CRLF line ends."""
        good = {
            "empty": ("", "xai"),
            "comments": ("# nothing\n", "xai"),
            "the default is xai": (GOOD, "xai"),
            "order": (GOOD.replace("[profile.test]", 'default_profile = "test"\n[profile.test]'), "test"),
            "inline": (
                'profile = {test = {issuer = "https://127.0.0.1:9", client_id = "grok-auth-test"}}\n'
                'default_profile = "test"\n',
                "test",
            ),
            "CRLF": ('default_profile = "test"\r\n' + GOOD.replace("\n", "\r\n"), "test"),
            "xai": ('[profile.xai]\nmin_validity = 5\nscopes = ["openid"]\nissuer = "https://auth.x.ai"\n', "xai"),
            "another name of xai": ('default_profile = "grok-oauth"\n', "xai"),
            "http, local and allowed": (
                'default_profile = "a"\n[profile.a]\nissuer = "http://127.0.0.1:9"\nclient_id = "b"\n'
                "allow_http_loopback = true\n",
                "a",
            ),
        }
        for name, (text, profile) in good.items():
            with self.subTest(name):
                self.file.write_text(text)
                result = self.program.run("status", "--json")
                self.assertEqual((result.status, result.stderr), (0, ""), result)
                self.assertEqual(result.json["profile"], profile)
        with self.subTest("no file"):
            self.file.unlink()
            self.assertEqual(self.program.run("status", "--json").json["profile"], "xai")
        with self.subTest("no folder"):
            self.file.parent.rmdir()
            self.assertEqual(self.program.run("status", "--json").json["profile"], "xai")

    def test_unknown_profile(self):
        """A profile that is not there is an error that says who asked for it, and which there are."""
        self.file.write_text(GOOD)
        for args, env, origin in [
            (["--profile", "nope"], {}, "--profile"),
            ([], {"GROKAUTH_PROFILE": "nope"}, "GROKAUTH_PROFILE"),
        ]:
            with self.subTest(origin):
                result = self.program.run("status", *args, env=env)
                self.assertFails(result, 2, f"no profile 'nope' .*{origin}")
                self.assertRegex(result.stderr, "hint: .*test.*xai")
        with self.subTest("default_profile"):
            self.file.write_text('default_profile = "nope"\n' + GOOD)
            self.assertFails(self.program.run("status"), 2, "no profile 'nope' .*default_profile")
            self.assertEqual(self.program.run("status", "--profile", "test").status, 0)

    def test_named_file(self):
        """A file that was named must be there and be read, whoever named it."""
        folder = self.program.folder
        os.mkfifo(folder / "fifo")
        for path, pattern in [
            (folder / "nope.toml", "No such file or directory"),
            (folder, "directory"),
            (folder / "fifo", ""),
            ("", ""),
        ]:
            with self.subTest(path):
                result = self.program.run("status", f"--config={path}", timeout=5)
                self.assertFails(result, 2, re.escape(f"'{path}'") + ".*" + pattern)
                if path:
                    result = self.program.run("status", env={"GROKAUTH_CONFIG": str(path)}, timeout=5)
                    self.assertFails(result, 2, re.escape(f"'{path}'") + ".*" + pattern)
        with self.subTest("a name with control characters"):
            self.assertFails(self.program.run("status", "--config=a\x1b[31m\nb"), 2)
        with self.subTest("too large"):
            huge = folder / "huge.toml"
            huge.write_text("#" * 2 * 1024 * 1024)
            self.assertFails(self.program.run("status", f"--config={huge}"), 2, "huge.toml")

    def test_unreadable(self):
        """A file that may not be read is an error, and not the same as none."""
        self.file.chmod(0)
        self.assertFails(self.hand_over().run("status"), 2, re.escape(str(self.file)) + ".*Permission denied")

    def test_examples(self):
        """The example is accepted, and so is every profile in it."""
        source = pathlib.Path(os.environ.get("GROK_AUTH_SOURCE", ROOT))
        example = source / "examples/config.toml"
        profiles = re.findall(r"(?m)^\[profile\.([^.\s]+)\]$", example.read_text())
        self.assertEqual(profiles, ["work", "local"])
        for profile in profiles:
            with self.subTest(profile):
                result = self.program.run("status", "--json", "--config", str(example), "--profile", profile)
                self.assertEqual((result.status, result.stderr), (0, ""), result)
                self.assertEqual((result.json["profile"], result.json["status"]), (profile, "signed_out"))


if __name__ == "__main__":
    unittest.main()
