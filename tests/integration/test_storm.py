"""The storm: any number of runs over one expired login make one request, and every one of them gets the new token."""

import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from models_api import Issuer, ModelsApi  # noqa: E402
from pki import Certificate  # noqa: E402
from program import config_for  # noqa: E402
from storm import Call, StoredInFile, StoredInKeyring, at_once, figure, print_figures, scaled  # noqa: E402


class StormInFile(StoredInFile):
    runs = scaled(short=200, long=200, sanitized=40)
    rounds = scaled(short=3, long=20, sanitized=2)

    def test_storm(self):
        """Headless and normal runs in turn. No round may cost a second request, a failure or another token."""
        slowest = 0.0
        for _ in range(self.rounds):
            before = self.expire()
            calls = [Call(self.environment_of(expired=index % 2 == 0)) for index in range(self.runs)]
            results = at_once(self.program, calls)
            self.assertEqual([result for result in results if result.status != 0], [])
            self.assertEqual({result.stderr for result in results}, {""})
            after = self.stored()
            self.assertEqual(after["generation"], before["generation"] + 1)
            self.assertEqual({result.json["access_token"] for result in results}, {after["access_token"]})
            self.assertEqual(self.answers(), [200])
            slowest = max(slowest, *(result.seconds for result in results))
        figure(f"storm ({self.where}): {self.runs} processes at once x {self.rounds} rounds, 1 refresh request "
               f"per round, 0 failures, slowest answer {slowest:.1f} s")


class StormInKeyring(StormInFile, StoredInKeyring):
    """gnome-keyring serves one at a time, and every call is bounded to 2 s: hundreds at once are served by the mirror."""

    runs = scaled(short=100, long=200, sanitized=10)

    def test_cached_storm(self):
        """Nobody refreshes, and nobody asks the keyring: it can be gone."""
        self.program.mirror.unlink()
        first = self.program.as_grok(expired=False, env=self.environment).wait()  # makes the mirror
        self.provider.reset()
        slowest = 0.0
        for happens in (lambda: None, self.session.kill_daemon):
            happens()
            for _ in range(self.rounds):
                results = at_once(self.program, [Call(self.environment_of(expired=False))] * self.runs)
                self.assertEqual({(result.status, result.stderr) for result in results}, {(0, "")})
                self.assertEqual({result.json["access_token"] for result in results}, {first.json["access_token"]})
                slowest = max(slowest, *(result.seconds for result in results))
        self.assertEqual(self.session.daemon_pid, 0)  # who asks makes the bus start another one
        self.assertEqual(self.answers(), [])
        figure(f"cached storm (keyring): {self.runs} processes at once x {self.rounds} rounds, and as many while the keyring "
               f"is dead, 0 failures, slowest answer {slowest:.1f} s")


class MixedStorm(StoredInFile):
    """Everybody who can want a token, at the same moment: Grok's two kinds of run, the provider of a model that brings the old
    token back, git, and the command models, which asks the API with it."""

    runs = scaled(short=100, long=200, sanitized=20)
    rounds = scaled(short=2, long=20, sanitized=1)
    kinds = ("headless", "sign-in", "model", "git", "models")

    def setUp(self) -> None:
        super().setUp()
        folder = pathlib.Path(self.provider.ca).parent
        certificate = Certificate(str(folder / "server.pem"), str(folder / "server.key"))
        issuer = Issuer(self.provider.issuer, self.provider.ca)
        self.api = self.enterContext(ModelsApi(certificate, issuer.issued))
        hosts = '[profile.test.git]\nhosts = ["git.example"]\n'
        self.program.configure(config_for(self.provider, api_base=self.api.base) + hosts)

    def call(self, kind: str, old: str) -> Call:
        """A run of that kind; `old` is the token that has expired."""
        environment = self.environment_of(expired=kind in ("headless", "model"))
        match kind:
            case "model":
                handback = {"GROK_AUTH_PROVIDER_ACCESS_TOKEN": old}
                return Call({**environment, **handback}, ("token", "--bare", "--no-interactive"))
            case "git":
                return Call(environment, ("credential", "get"), "protocol=https\nhost=git.example\n\n")
            case "models":
                return Call(environment, ("models", "--force"))
        return Call(environment)

    @staticmethod
    def token_in(kind: str, text: str) -> str:
        """The token that a run of that kind has printed."""
        match kind:
            case "model":
                return text.removesuffix("\n")
            case "git":
                return dict(line.split("=", 1) for line in text.splitlines())["password"]
        return json.loads(text)["access_token"]

    def test_refused_token(self):
        """A token that would last, and that Grok brings back in all of its runs for models."""
        self.change_stored(lambda tokens: tokens.update(minted_at=tokens["minted_at"] - 600))
        self.provider.reset()
        old = self.stored()["access_token"]
        results = at_once(self.program, [self.call("model", old)] * self.runs)
        self.assertEqual({(result.status, result.stderr) for result in results}, {(0, "")})
        self.assertEqual({self.token_in("model", result.stdout) for result in results}, {self.stored()["access_token"]})
        self.assertNotEqual(self.stored()["access_token"], old)
        self.assertEqual(self.answers(), [200])

    def test_storm(self):
        """No round may cost a second request, a failure or another token, whoever wants it."""
        slowest = 0.0
        for _ in range(self.rounds):
            before = self.expire()
            self.api.seen.clear()
            kinds = [self.kinds[index % len(self.kinds)] for index in range(self.runs)]
            results = at_once(self.program, [self.call(kind, before["access_token"]) for kind in kinds])
            self.assertEqual([(kind, result) for kind, result in zip(kinds, results) if result.status != 0], [])
            self.assertEqual({result.stderr for result in results}, {""})
            after = self.stored()
            self.assertEqual(after["generation"], before["generation"] + 1)
            got = {self.token_in(kind, result.stdout) for kind, result in zip(kinds, results) if kind != "models"}
            self.assertEqual(got, {after["access_token"]})
            self.assertEqual(self.api.tokens, [after["access_token"]] * kinds.count("models"))
            self.assertEqual(self.answers(), [200])
            slowest = max(slowest, *(result.seconds for result in results))
        figure(f"mixed storm: {self.runs} processes at once x {self.rounds} rounds (provider runs, git credential, models), "
               f"1 refresh request per round, 0 failures, slowest answer {slowest:.1f} s")


def tearDownModule() -> None:
    print_figures()


if __name__ == "__main__":
    unittest.main()
