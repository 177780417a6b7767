"""What the environment decides: where things are, which profile it is, and which stored token will do."""

import contextlib
import json
import unittest

from offline import ISSUER, NO_LEAK_CHECK, OfflineTestCase
from program import CLIENT_ID, PROFILE

OTHER = f"""
[profile.other]
issuer = "{ISSUER}"
client_id = "other"
"""


class Folders(OfflineTestCase):
    """Where configuration and state are looked for."""

    def profile_of(self, env: dict) -> str:
        """The profile that `status` speaks of: the name tells which file was read."""
        result = self.program.run("status", "--json", env=env)
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        return result.json["profile"]

    def test_xdg(self):
        """XDG_CONFIG_HOME and XDG_STATE_HOME are followed."""
        self.store()
        self.assertEqual(self.profile_of({}), PROFILE)
        self.assertHandsOut(self.program.run())

    def test_home(self):
        """Without them, and when they are empty, it is ~/.config and ~/.local/state."""
        home = self.program.home
        (home / ".local").mkdir()
        self.store()
        self.program.config_folder.parent.rename(home / ".config")
        self.program.state_folder.parent.rename(home / ".local/state")
        for value in [None, ""]:
            with self.subTest(value):
                env = {"XDG_CONFIG_HOME": value, "XDG_STATE_HOME": value}
                self.assertEqual(self.profile_of(env), PROFILE)
                self.assertHandsOut(self.program.run(env=env))

    def test_relative_folders_are_ignored(self):
        """A relative path in XDG_* does not count, even where it leads to something."""
        self.store()
        home = self.program.home / ".config"
        home.mkdir()
        (home / "grok-auth").mkdir()
        (home / "grok-auth/config.toml").write_text('default_profile = "other"\n' + OTHER)
        with contextlib.chdir(self.program.folder):
            for value in ["config", "./config", "../" + self.program.folder.name + "/config"]:
                with self.subTest(value):
                    self.assertEqual(self.profile_of({"XDG_CONFIG_HOME": value}), "other")
            for value in ["state", "./state"]:
                with self.subTest(value):
                    result = self.program.run("status", "--json", env={"XDG_STATE_HOME": value})
                    self.assertEqual((result.status, result.json["status"]), (0, "signed_out"), result)

    def test_relative_home_is_ignored(self):
        """A home that is a relative path does not put the login into whatever folder a run starts in."""
        self.store()
        (self.program.home / ".local").mkdir()
        self.program.state_folder.parent.rename(self.program.home / ".local/state")
        with contextlib.chdir(self.program.folder):
            result = self.program.run("token", "--no-interactive", env={"HOME": "home", "XDG_STATE_HOME": None})
        self.assertNotEqual(result.status, 0, result)
        self.assertEqual(result.stdout, "")

    def test_no_home(self):
        """HOME is not needed where XDG_* say everything, nor where the list of users does."""
        self.store()
        for value in [None, ""]:
            with self.subTest(value):
                self.assertHandsOut(self.program.run(env={"HOME": value}))
        with self.subTest("from the list of users"):
            self.hand_over()
            nothing = dict.fromkeys(["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"])
            result = self.program.run("status", "--json", env={**nothing, **NO_LEAK_CHECK})
            self.assertEqual((result.status, result.stderr), (0, ""), result)
            self.assertEqual((result.json["profile"], result.json["status"]), ("xai", "signed_out"))
            headless = self.program.as_grok(expired=True, env={**nothing, **NO_LEAK_CHECK}).wait()
            self.assertFails(headless, 3)

    def test_empty_environment(self):
        """Nothing at all in the environment is no reason to fail."""
        self.hand_over()
        nothing = dict.fromkeys(set(self.program.environment) - {"PATH"})
        self.assertEqual(self.program.run("status", env={**nothing, **NO_LEAK_CHECK}).status, 0)


class Choices(OfflineTestCase):
    """GROKAUTH_PROFILE, GROKAUTH_CONFIG, GROKAUTH_STORE, GROKAUTH_FLOW."""

    def setUp(self):
        super().setUp()
        config = self.program.config_folder / "config.toml"
        config.write_text(config.read_text() + OTHER)

    def profile_of(self, *args: str, **env) -> str:
        result = self.program.run("status", "--json", *args, env=env)
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        return result.json["profile"]

    def test_profile(self):
        """The option comes before the variable, and that before default_profile; empty counts as unset."""
        self.assertEqual(self.profile_of(), PROFILE)
        self.assertEqual(self.profile_of(GROKAUTH_PROFILE="other"), "other")
        self.assertEqual(self.profile_of(GROKAUTH_PROFILE=""), PROFILE)
        self.assertEqual(self.profile_of("--profile", "xai", GROKAUTH_PROFILE="other"), "xai")
        for name in ["xai", "xai-oauth", "grok-oauth", "x-ai-oauth", "xai-grok-oauth"]:
            with self.subTest(name):
                self.assertEqual(self.profile_of(GROKAUTH_PROFILE=name), "xai")
        self.assertFails(self.program.run(env={"GROKAUTH_PROFILE": "nope"}), 2, "no profile 'nope'")
        self.assertFails(self.program.run("status", env={"GROKAUTH_PROFILE": "../x"}), 2, "cannot name a profile")

    def test_config(self):
        """The option comes before the variable, and that before the usual place; empty counts as unset."""
        first, second = self.program.folder / "first.toml", self.program.folder / "second.toml"
        first.write_text('default_profile = "other"\n' + OTHER)
        second.write_text("")
        self.assertEqual(self.profile_of(GROKAUTH_CONFIG=str(first)), "other")
        self.assertEqual(self.profile_of(GROKAUTH_CONFIG=""), PROFILE)
        self.assertEqual(self.profile_of("--config", str(second), GROKAUTH_CONFIG=str(first)), "xai")
        first.unlink()
        self.assertFails(self.program.run("status", env={"GROKAUTH_CONFIG": str(first)}), 2, "first.toml")

    def test_config_reaches_the_worker(self):
        """A refresh by the second process follows --config and GROKAUTH_CONFIG too."""
        self.store(age=9000)
        elsewhere = self.program.folder / "elsewhere.toml"
        (self.program.config_folder / "config.toml").rename(elsewhere)
        for args, env in [
            (["--config", str(elsewhere)], {}),
            (["--config=elsewhere.toml"], {}),
            ([], {"GROKAUTH_CONFIG": str(elsewhere)}),
            ([], {"GROKAUTH_CONFIG": "elsewhere.toml"}),
        ]:
            with self.subTest(args=args, env=env), contextlib.chdir(self.program.folder):
                result = self.program.run("refresh", *args, env=env)
                self.assertFails(result, 1, "127.0.0.1")

    def test_store_and_flow(self):
        """What is not a word of the configuration is refused by every command; empty counts as unset."""
        self.store()
        for variable, words in {"GROKAUTH_STORE": ["auto", "file", ""], "GROKAUTH_FLOW": ["auto", "device", ""]}.items():
            for word in words:
                with self.subTest(variable, word=word):
                    self.assertHandsOut(self.program.run(env={variable: word}))
            for word in ["cloud", "AUTO", "device ", "1", "\x1b[31m"]:
                with self.subTest(variable, word=word):
                    result = self.program.run(env={variable: word})
                    self.assertFails(result, 2, f"{variable} is '")
                    self.assertIn("\ngrok-auth: hint: set it to auto", result.stderr)


class Freshness(OfflineTestCase):
    """Which token of the store will do; where none will, the unreachable issuer is noticed."""

    def assertFresh(self, *args: str, **env) -> dict:
        """Requires the stored token from a run that could not get another one; returns the answer."""
        result = self.program.run(*(args or ["--no-interactive"]), env=env)
        self.assertEqual(result.stderr, "", result)
        return self.assertHandsOut(result)

    def assertStale(self, *args: str, **env) -> None:
        """Requires that the run tries to refresh, and tells that the issuer cannot be reached."""
        before = self.program.state(f"{PROFILE}.json")
        self.assertFails(self.program.run(*(args or ["--no-interactive"]), env=env), 1, "127.0.0.1")
        self.assertEqual(self.program.state(f"{PROFILE}.json"), before)

    def test_early_invalidation(self):
        """GROK_AUTH_EARLY_INVALIDATION_SECS and 60 s more must be left, 360 s when it says nothing."""
        name = "GROK_AUTH_EARLY_INVALIDATION_SECS"
        self.store(age=1600, lifetime=2000)  # 400 s left
        for fresh in [{}, {name: ""}, {name: "0"}, {name: "300"}, {name: "abc"}, {name: "-1"}, {name: "500 "}]:
            with self.subTest(fresh):
                self.assertFresh(**fresh)
        for stale in ["345", "500", "4000000000"]:
            with self.subTest(stale):
                self.assertStale(**{name: stale})
        self.store(age=1700, lifetime=2000)  # 300 s left
        self.assertStale()
        self.assertStale(**{name: "abc"})
        self.assertFresh(**{name: "200"})

    def test_half_the_lifetime(self):
        """Never more than half of the lifetime is asked for, so that a short-lived token is used at all."""
        env = {"GROK_AUTH_EARLY_INVALIDATION_SECS": "4000000000"}
        self.store(age=40, lifetime=100)
        self.assertFresh(**env)
        self.assertFresh()
        self.store(age=60, lifetime=100)
        self.assertStale(**env)
        self.assertStale()
        self.assertFresh("--no-interactive", "--min-validity=30")

    def test_min_validity(self):
        """The option comes before the profile, and that before the environment."""
        config = self.program.config_folder / "config.toml"
        self.store(age=1600, lifetime=2000)  # 400 s left
        self.assertStale("--no-interactive", "--min-validity", "500")
        config.write_text(config.read_text() + "min_validity = 500\n")
        self.assertStale()
        self.assertStale(GROK_AUTH_EARLY_INVALIDATION_SECS="0")
        self.assertFresh("--no-interactive", "--min-validity", "300")

    def test_token_ttl(self):
        """GROK_AUTH_TOKEN_TTL is the lifetime of a token whose server did not say; without it, it lasts."""
        name = "GROK_AUTH_TOKEN_TTL"
        self.store(age=1000, lifetime=None)
        for env in [{}, {name: ""}, {name: "0"}, {name: "abc"}, {name: "-5"}, {name: "500.5"}]:
            with self.subTest(env):
                self.assertNotIn("expires_in", self.assertFresh(**env))
        self.assertAlmostEqual(self.assertFresh(**{name: "2000"})["expires_in"], 1000, delta=10)
        for stale in ["500", "1200"]:  # expired, and with less than 360 s left
            with self.subTest(stale):
                self.assertStale(**{name: stale})
        with self.subTest("the server's word counts"):
            self.store(age=100, lifetime=7200)
            self.assertAlmostEqual(self.assertFresh(**{name: "1"})["expires_in"], 7100, delta=10)

    def test_expired(self):
        """GROK_AUTH_EXPIRED asks for a token that the caller has not seen; 0 and empty count as unset."""
        self.store(age=100)
        for value in [None, "", "0"]:
            with self.subTest(value):
                self.assertFresh(GROK_AUTH_EXPIRED=value)
        self.store(age=10)
        for value in ["1", "true"]:
            with self.subTest(value, token="just minted"):
                self.assertFresh("token", GROK_AUTH_EXPIRED=value)
        for value in ["1", "true", "2"]:
            with self.subTest(value, token="seen"):
                self.store(age=100)
                self.assertStale("token", GROK_AUTH_EXPIRED=value)

    def test_refused(self):
        """The token that a headless run could not replace is handed out to no later run that can wait for a better one."""
        self.store(age=100)
        self.assertFresh()
        self.assertStale("token", GROK_AUTH_EXPIRED="1")
        self.assertStale()
        text = json.dumps(self.program.state_json(".last"))
        self.assertNotIn("access-token-of-the-test", text)

    def test_clock_set_back(self):
        """A token from the future is not trusted to last."""
        self.store(age=-1000, lifetime=7200)
        self.assertStale()

    def test_older_copy(self):
        """A token set that was replaced since, such as a restored backup, is not used."""
        self.store(generation=3)
        self.store_older_copy()
        result = self.program.run("--no-interactive")
        self.assertFails(result, 3, "older copy")

    def store_older_copy(self) -> None:
        """Puts generation 2 beside a record that knows of generation 3."""
        record = self.program.state(f"{PROFILE}.last")
        self.store(generation=2)
        self.program.write_state(f"{PROFILE}.last", record)

    def test_no_login(self):
        """Nothing stored: who must not ask a person ends with 3 at once, who may ask notices the issuer."""
        for args, env in [([], {"GROK_AUTH_EXPIRED": "1"}), (["--no-interactive"], {}), (["refresh"], {})]:
            with self.subTest(args=args, env=env):
                result = self.program.run(*args, env=env)
                self.assertFails(result, 3, "nobody is signed in")
                self.assertIn(f"hint: sign in with 'grok-auth login --profile {PROFILE}'", result.stderr)
                self.assertLess(result.seconds, 2)
        for args in [[], ["login"]]:
            with self.subTest(args):
                self.assertFails(self.program.run(*args), 1, "127.0.0.1")
        self.assertFalse(list(self.program.state_folder.glob("*.json")))

    def test_no_refresh_token(self):
        """A login that cannot be renewed ends with its token."""
        self.store(age=100, refresh_token=None)
        self.assertFresh()
        self.store(age=9000, refresh_token=None)
        self.assertFails(self.program.run("--no-interactive"), 3, "no refresh token")
        self.assertFails(self.program.as_grok(expired=True).wait(), 3, "no refresh token")

    def test_sign_in_run_falls_back(self):
        """Grok's sign-in run is given a token that has not expired when the issuer cannot be reached, with a warning."""
        self.store(age=1700, lifetime=2000)
        result = self.program.as_grok(expired=False).wait()
        self.assertHandsOut(result)
        warning = r"\Agrok-auth: warning: .*127\.0\.0\.1.*; the stored token is used while it lasts\n\Z"
        self.assertRegex(result.stderr, warning)
        with self.subTest("expired"):
            self.store(age=2100, lifetime=2000)
            result = self.program.as_grok(expired=False).wait()
            self.assertEqual((result.status, result.stdout), (1, ""), result)
            self.assertRegex(result.stderr, r"(?m)^grok-auth: error: .*127\.0\.0\.1")

    def test_client_is_the_profiles(self):
        """What was stored for the client of the tests is the login of its profile alone."""
        self.store()
        self.assertEqual(self.program.state_json(".json")["client_id"], CLIENT_ID)
        config = self.program.config_folder / "config.toml"
        config.write_text(config.read_text() + OTHER)
        self.assertFails(self.program.run("--no-interactive", "--profile=other"), 3)


if __name__ == "__main__":
    unittest.main()
