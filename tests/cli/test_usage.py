"""Command lines that are right, and what becomes of those that are not."""

import json
import re
import unittest

from offline import OfflineTestCase
from program import PROFILE

COMMANDS = ["token", "login", "logout", "refresh", "status"]
WITH_HELP = [*COMMANDS, "ssh"]  # what follows its options is another program's
WITH_JSON = ["login", "logout", "refresh", "status"]
COMMON = ["--profile", "--config", "--verbose", "--help", "--version"]


class Usage(OfflineTestCase):
    """Every failure has status 2, an empty stdout, one error and one hint."""

    def refused(self, *args: str, pattern: str = ".", env: dict | None = None) -> str:
        """Runs a command line that must be refused for its usage, with a hint."""
        result = self.program.run(*args, env=env)
        message = self.assertFails(result, 2, pattern)
        self.assertIn("\ngrok-auth: hint: ", result.stderr)
        return message

    def test_unknown_command(self):
        """A command that does not exist, with capitals, shortened, empty or hostile, is named in the error."""
        for command in ["frobnicate", "Status", "stat", "statuss", "help", "worker"]:
            with self.subTest(command):
                self.refused(command, pattern=f"no command '{command}'")
        with self.subTest("empty"):
            self.refused("", pattern="no command ''")
        with self.subTest("control characters"):
            self.assertNotIn("\x1b", self.refused("\x1b[31mstatus\n"))

    def test_unknown_option(self):
        """Options that do not exist, or belong to another command, are errors of every command."""
        for command in COMMANDS:
            for option in ["--frobnicate", "--frobnicate=1", "--JSON", "--no-json", "-x", "-p", "-vv"]:
                with self.subTest(f"{command} {option}"):
                    self.refused(command, option, pattern=re.escape(option.split("=")[0]))
        for args in [["token", "--json"], ["status", "--bare"], ["login", "--min-validity=5"], ["refresh", "--timeout=5"]]:
            with self.subTest(args):
                self.refused(*args, pattern=f"'{args[0]}' has no option '{args[1].split('=')[0]}'")
        with self.subTest("before any command"):
            self.refused("--frobnicate")
        with self.subTest("control characters"):
            self.assertNotIn("\x1b", self.refused("status", "--\x1b[31m"))

    def test_abbreviation(self):
        """An option cannot be shortened, however clear it would be."""
        for args in [["--prof", PROFILE], ["--verb"], ["--versio"], ["--hel"], ["--js"], ["--conf=/dev/null"]]:
            with self.subTest(args):
                self.refused("status", *args, pattern=f"no option '{args[0].split('=')[0]}'")

    def test_missing_value(self):
        """An option that takes a value needs one."""
        for command, option in [
            ("status", "--profile"),
            ("status", "--config"),
            ("token", "--timeout"),
            ("token", "--min-validity"),
            ("login", "--timeout"),
        ]:
            with self.subTest(f"{command} {option}"):
                self.refused(command, option, pattern=option.removeprefix("--"))

    def test_superfluous(self):
        """Arguments nobody asked for, values of flags and repeated options are errors."""
        for args in [["status", "extra"], ["token", PROFILE], ["status", "--", "extra"], ["status", "-"]]:
            with self.subTest(args):
                self.refused(*args, pattern=f"unexpected argument '{args[-1]}'")
        for args in [["status", "--json=1"], ["token", "--bare=yes"], ["status", "--verbose=2"]]:
            with self.subTest(args):
                self.refused(*args)
        for args in [["--verbose", "--verbose"], ["--profile", PROFILE, "--profile", PROFILE]]:
            with self.subTest(args):
                self.refused("status", *args, pattern="more than once")

    def test_bad_number(self):
        """Seconds are a whole number from 0 to 86400."""
        for option in ["--timeout", "--min-validity"]:
            for value in ["abc", "-1", "1.5", "5s", "0x10", "+5", "5 ", "86401", "99999999999999999999"]:
                with self.subTest(f"{option} {value!r}"):
                    self.refused("token", f"{option}={value}", pattern=f"{option} is ")
        self.store()
        for value in ["0", "1", "86400"]:
            with self.subTest(value):
                self.assertHandsOut(self.program.run("token", "--timeout", value, "--min-validity", value))

    def test_bad_profile_name(self):
        """A profile name that could be a path, or is too long, is refused whatever exists."""
        for name in ["", "../xai", "a/b", "a b", "a.b", "ä", "a\n", "x" * 65]:
            with self.subTest(name):
                self.refused("status", f"--profile={name}", pattern="cannot name a profile")
                if name:
                    self.refused("status", env={"GROKAUTH_PROFILE": name}, pattern="GROKAUTH_PROFILE")
        with self.subTest("well-formed, but not there"):
            self.refused("status", "--profile", "x" * 64, pattern="no profile 'x{64}'")

    def test_worker_is_not_for_people(self):
        """The option that the program gives itself does nothing when somebody else gives it."""
        text = self.store()
        self.refused("refresh", "--worker")
        self.assertEqual(self.program.state(f"{PROFILE}.json"), text)

    def test_json_failure(self):
        """With --json a failure is one JSON object on stdout, and still told on stderr."""
        self.program.configure("profile = 3\n")
        cases = [([command], {}, "config") for command in WITH_JSON]
        cases += [([command, "--profile=../x"], {"GROKAUTH_CONFIG": "/dev/null"}, "usage") for command in WITH_JSON]
        cases += [(["refresh"], {"GROKAUTH_CONFIG": "/dev/null"}, "login_required")]
        for args, env, word in cases:
            with self.subTest(args):
                result = self.program.run(*args, "--json", env=env)
                answer = result.json
                self.assertTrue(result.stdout.endswith("}\n") and result.stdout.count("\n") == 1, result)
                self.assertIs(answer["ok"], False)
                self.assertEqual(answer["error"], word)
                message = self.assertFails(result, 3 if word == "login_required" else 2, stdout=result.stdout)
                self.assertEqual(answer["message"], message)
                self.assertEqual("hint" in answer, "hint: " in result.stderr)

    def test_json_usage_failure(self):
        """With --json a command line that is refused is answered in JSON too."""
        for args in [["--frobnicate"], ["extra"], ["--profile"]]:
            with self.subTest(args):
                result = self.program.run("status", "--json", *args)
                self.assertEqual((result.json["ok"], result.json["error"]), (False, "usage"))
                self.assertFails(result, 2, stdout=result.stdout)

    def test_help(self):
        """Help is on stdout, has every command, and every option of a command."""
        general = self.program.run("--help")
        self.assertEqual((general.status, general.stderr), (0, ""))
        self.assertTrue(general.stdout.startswith("usage: grok-auth "), general)
        for command in WITH_HELP:
            with self.subTest(command):
                self.assertRegex(general.stdout, rf"(?m)^  {command} +\S")
                result = self.program.run(command, "--help")
                self.assertEqual((result.status, result.stderr), (0, ""))
                self.assertTrue(result.stdout.startswith(f"usage: grok-auth {command} "), result)
                for option in COMMON:
                    self.assertRegex(result.stdout, rf"(?m)^{option}\b")
                self.assertEqual("--json" in result.stdout, command in WITH_JSON)
                self.assertNotIn("--worker", result.stdout)
                self.assertLessEqual(max(map(len, result.stdout.splitlines())), 80)

    def test_version(self):
        """The version is one line on stdout, whatever else is asked and however broken the configuration."""
        self.program.configure("profile = 3\n")
        for args in [["--version"], ["status", "--version"], ["status", "--json", "--version"]]:
            with self.subTest(args):
                result = self.program.run(*args)
                self.assertEqual((result.status, result.stderr), (0, ""))
                self.assertRegex(result.stdout, r"\Agrok-auth \d+\.\d+\.\d+\n\Z")

    def test_default_command(self):
        """Options without a command belong to `token`; both ways to give a value mean the same."""
        self.store()
        for args in [[], ["--profile", PROFILE], [f"--profile={PROFILE}"], ["token"], ["--verbose"]]:
            with self.subTest(args):
                self.assertHandsOut(self.program.run(*args))

    def test_json_answer_is_one_object(self):
        """An answer in JSON that is no failure has ok=true."""
        result = self.program.run("status", "--json")
        self.assertEqual((result.status, json.loads(result.stdout)["ok"]), (0, True))


if __name__ == "__main__":
    unittest.main()
