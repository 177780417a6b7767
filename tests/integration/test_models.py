"""The command models: what a login can use, kept for an hour.

The tokens are those of the real authorization server. xAI's API cannot be reached from here: in its place stands a small
server over TLS (tests/support/models_api.py), which lists models to whoever brings a token that the authorization server has
signed and that has not expired. The tests run where auth.x.ai and api.x.ai are this machine (tests/support/isolation.py).
Where that cannot be they are skipped, but fail when CI is set.
"""

import atexit
import functools
import json
import os
import pathlib
import shutil
import stat
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import isolation  # noqa: E402
import pki  # noqa: E402
import provider  # noqa: E402
from models_api import OFFER, Issuer, ModelsApi  # noqa: E402
from program import Program, ProgramTestCase, config_for  # noqa: E402
from running import Result  # noqa: E402
from scripted_provider import ScriptedProvider, refusal, stored_login, tokens  # noqa: E402

AUTH, API, OTHER_API = "auth.x.ai", "api.x.ai", "eu-west-1.api.x.ai"
XAI_CLIENT = "b1a00492-073a-47ea-816f-4c329264a828"
BAD_CREDENTIALS = {"code": "unauthenticated:bad-credentials", "error": "The OAuth2 access token could not be validated."}
SHOWN = ["grok-4.3", "grok-4.20-multi-agent-0309", "grok-4.5", "grok-code-fast-1"]
TABLE = """\
MODEL                                LANE
xai-grok/grok-4.3                    chat  (default)
xai-grok/grok-4.20-multi-agent-0309  responses
xai-grok/grok-4.5                    chat
xai-grok/grok-code-fast-1            chat
"""


def names(result: Result) -> list[str]:
    return [model["model"] for model in result.json["models"]]


class ModelsTestCase(ProgramTestCase):
    """A login at the real server, and an API that takes its tokens."""

    provider_settings = {"interval": 1, "access_token_ttl": 3600}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.issuer = Issuer(cls.provider.issuer, cls.provider.ca)
        folder = pathlib.Path(cls.provider.ca).parent
        cls.certificate = pki.Certificate(str(folder / "server.pem"), str(folder / "server.key"))
        cls.wrong_certificate = pki.Certificate(str(folder / "wrong.pem"), str(folder / "wrong.key"))

    def setUp(self) -> None:
        super().setUp()
        self.api = self.new_api()
        self.program.configure(config_for(self.provider, api_base=self.api.base))
        self.token = self.program.sign_in(self.provider)["access_token"]
        self.provider.reset()

    def new_api(self, certificate=None) -> ModelsApi:
        return self.enterContext(ModelsApi(certificate or self.certificate, self.issuer.issued))

    def models(self, *arguments: str, status: int = 0, env: dict | None = None) -> Result:
        result = self.program.run("models", *arguments, env=env)
        self.assertEqual(result.status, status, result)
        return result

    def failure(self, status: int, *arguments: str) -> str:
        """The one error and the one hint that the command ends with; its standard output stays empty."""
        result = self.models(*arguments, status=status)
        lines = result.stderr.splitlines()
        self.assertEqual([line.split(": ")[:2] for line in lines], [["grok-auth", "error"], ["grok-auth", "hint"]], result)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def refreshes(self) -> int:
        return sum(request["form"].get("grant_type") == "refresh_token" for request in self.provider.requests("token"))

    @property
    def cache(self) -> pathlib.Path:
        return self.program.home / ".cache" / "grok-auth"

    def age_cache(self, seconds: int) -> None:
        path = self.cache / "test.models"
        kept = json.loads(path.read_text())
        kept["fetched_at"] -= seconds
        path.write_text(json.dumps(kept))


class Models(ModelsTestCase):
    def test_the_stand_in_takes_tokens_of_the_server_only(self):
        """What the other tests build on."""
        head, claims, signature = self.token.split(".")
        for token in (f"{head}.{claims}.{signature[:-4]}AAAA", "stored-access-token", ""):
            self.assertFalse(self.issuer.issued(token), token)
        self.assertTrue(self.issuer.issued(self.token))

    def test_fetched_once_and_kept(self):
        first = self.models()
        self.assertEqual((first.stdout, first.stderr), (TABLE, ""))
        self.assertEqual(self.api.seen, [(self.api.base.split("/")[2], "/v1/models", self.token)])

        with self.subTest("a second run asks nobody"):
            self.assertEqual(self.models().stdout, TABLE)
            self.assertEqual((len(self.api.seen), self.provider.requests()), (1, []))

        with self.subTest("not even for a token that has expired, or when the servers are gone"):
            self.program.change_state_json(".json", lambda t: t.update(minted_at=1, expires_at=2))
            self.api.stop()
            self.assertEqual((names(self.models("--json")), self.provider.requests()), (SHOWN, []))

        with self.subTest("for its owner alone"):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (self.cache, *self.cache.iterdir())}
            self.assertEqual(modes, {"grok-auth": 0o700, "test.models": 0o600})

        with self.subTest("and without a token"):
            text = (self.cache / "test.models").read_text()
            self.assertNotIn(self.token, text)

    def test_answer_in_json(self):
        answer = self.models("--json", "--all").json
        self.assertEqual(set(answer), {"ok", "models", "fetched_at", "stale"})
        self.assertEqual((answer["ok"], answer["stale"]), (True, False))
        self.assertRegex(answer["fetched_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        first = {"id": "xai-grok/grok-4.3", "model": "grok-4.3", "lane": "chat", "default": True}
        self.assertEqual(answer["models"][0], first)
        rest = answer["models"][1:]
        self.assertEqual([model["model"] for model in rest], sorted(set(OFFER) - {"grok-4.3"}))
        self.assertEqual({model["model"] for model in rest if model["lane"] == "responses"}, {"grok-4.20-multi-agent-0309"})
        self.assertFalse(any(model["default"] for model in rest))

    def test_asked_again(self):
        self.models()
        self.api.models = ["grok-5"]
        self.assertEqual(names(self.models("--json")), SHOWN)
        self.assertEqual(names(self.models("--json", "--force")), ["grok-5"])
        self.assertEqual(names(self.models("--json")), ["grok-5"])
        self.api.models = ["grok-6"]
        self.age_cache(3600)
        self.assertEqual(names(self.models("--json")), ["grok-6"])
        self.assertEqual(len(self.api.seen), 3)

    def test_an_old_list_when_the_server_cannot_say(self):
        self.models()
        self.age_cache(3 * 3600)
        limit = {"code": "subscription:free-usage-exhausted", "error": "Used up."}
        for reason, answer in {
            "the server answered 503": (503, "<html>"),
            "429 subscription:free-usage-exhausted": (429, limit),
            "the connection": None,
        }.items():
            with self.subTest(reason):
                if answer:
                    self.api.answers = [answer]
                else:
                    self.api.stop()
                    reason = "the request for the models failed: "
                result = self.models("--json")
                self.assertEqual((names(result), result.json["stale"]), (SHOWN, True))
                self.assertRegex(result.stderr, r"\Agrok-auth: warning: this list is 3 h( \d min)? old: .*\n\Z")
                self.assertIn(reason, result.stderr)

    def test_an_old_list_when_the_token_cannot_be_renewed(self):
        self.models()
        self.age_cache(7200)
        self.program.change_state_json(".json", lambda t: t.update(minted_at=t["minted_at"] - 7200, expires_at=2))
        self.provider.settings(fail_next={"route": "token", "status": 503})
        result = self.models("--json")
        self.assertEqual((names(result), result.json["stale"]), (SHOWN, True))
        self.assertIn("the refresh failed: the server answered 503", result.stderr)
        self.assertEqual(len(self.api.seen), 1)

    def test_an_expired_token_is_renewed_first(self):
        self.program.change_state_json(".json", lambda t: t.update(minted_at=t["minted_at"] - 7200, expires_at=2))
        self.assertEqual(names(self.models("--json")), SHOWN)
        self.assertEqual((self.refreshes(), len(self.api.seen)), (1, 1))
        self.assertNotEqual(self.api.tokens, [self.token])

    def test_a_refused_token_is_renewed_once(self):
        for status, body in {401: {"error": {"message": "expired"}}, 403: BAD_CREDENTIALS}.items():
            with self.subTest(status):
                before = self.program.run("token", "--bare").stdout.strip()
                self.provider.reset()
                self.api.seen.clear()
                self.api.answers = [(status, body)]
                result = self.models("--force")
                self.assertEqual((result.stdout, result.stderr), (TABLE, ""))
                self.assertEqual((self.refreshes(), self.api.tokens[0], len(self.api.tokens)), (1, before, 2))
                self.assertEqual(self.program.run("token", "--bare").stdout.strip(), self.api.tokens[1])

    def test_a_new_token_that_is_refused_too(self):
        self.api.answers = [(401, {"error": "no"}), (403, BAD_CREDENTIALS)]
        text = self.failure(3)
        self.assertIn("the server refuses the new token too: it answered 403 unauthenticated:bad-credentials", text)
        self.assertIn("sign in with 'grok-auth login --profile test'", text)
        self.assertEqual((self.refreshes(), len(set(self.api.tokens)), len(self.api.tokens)), (1, 2, 2))

    def test_a_refused_token_of_an_ended_login(self):
        self.api.refused.add(self.token)
        self.provider.revoke_all()
        text = self.failure(3)
        self.assertIn("the server refuses the token (401 unauthenticated:bad-credentials", text)
        self.assertIn("the login has ended: the server no longer accepts it: invalid_grant", text)
        self.assertEqual(self.api.tokens, [self.token])

    def test_failures(self):
        gone = {"code": "not-found", "error": "No such team."}
        rows = [
            (403, {"error": "No permission."}, 4, ["this account may not use it; the server answered 403 (No permission)",
                                                   f"hint: ask the administrator of {self.api.base}"]),
            (403, {"code": "personal-team-blocked:spending-limit"}, 4, ["no credits left", "spending-limit"]),
            (403, "<html>", 1, ["something in between answered for the API; the server answered 403 without JSON"]),
            (404, gone, 2, [f"there is no list of models at {self.api.base}/models; the server answered 404 not-found",
                            "hint: check api_base of profile 'test'"]),
            (429, {"error": "slow"}, 1, ["a limit of this account is used up", "429 (slow)", "the server asks to wait 1 min"],
             "Retry-After: 77\r\n"),
            (503, "", 1, ["the server answered 503 without JSON", "hint: try again later"]),
            (200, "<html>welcome</html>", 1, ["the server's answer is no list of models"]),
            (200, {"data": []}, 1, ["the server's answer is no list of models"]),
            (200, {"data": [{"id": "a\x1b[2J"}]}, 1, ["the server's answer is no list of models"]),
        ]  # fmt: skip
        for status, body, expected, parts, *headers in rows:
            with self.subTest(status=status, body=body):
                self.api.answers = [(status, body, *headers)]
                text = self.failure(expected)
                for part in parts:
                    self.assertIn(part, text)
                self.assertNotIn("x.ai", text)
        self.assertEqual((self.refreshes(), self.cache.exists()), (0, False))

    def test_a_failure_in_json(self):
        self.api.answers = [(429, {"code": "rate", "error": "slow"})]
        result = self.models("--json", status=1)
        self.assertEqual((result.json["ok"], result.json["error"]), (False, "server"))
        self.assertIn("429 rate (slow)", result.json["message"])

    def test_nobody_is_signed_in(self):
        self.program.run("logout")
        self.provider.reset()
        self.assertIn("sign in with 'grok-auth login --profile test'", self.failure(3))
        self.assertEqual((self.api.seen, self.provider.requests()), ([], []))

    def test_a_sign_out_removes_the_list(self):
        self.models()
        self.assertEqual(self.program.run("logout").status, 0)
        self.assertEqual(list(self.cache.iterdir()), [])

    def test_another_login_never_sees_the_list(self):
        self.models()
        self.provider.settings(account="grace")
        self.program.run("logout")
        token = self.program.sign_in(self.provider)["access_token"]
        self.api.models = ["grok-for-grace"]
        self.assertEqual(names(self.models("--json")), ["grok-for-grace"])
        self.assertEqual(self.api.tokens[-1], token)
        with self.subTest("nor does one that takes its place without a sign-out"):
            run = self.program.start("login")
            self.provider.approve(url=run.wait_for(r"https://\S+").group())
            self.assertEqual(run.wait().status, 0)
            self.models()
            self.assertEqual(len(self.api.seen), 3)

    def test_another_profile_never_sees_the_list(self):
        config = self.program.config_folder / "config.toml"
        text = config.read_text()
        config.write_text(text + text.split("\n", 1)[1].replace("[profile.test]", "[profile.other]"))
        self.models()
        self.provider.settings(account="grace")
        self.program.sign_in(self.provider, "--profile", "other")
        self.api.models = ["grok-for-grace"]
        self.assertEqual(names(self.models("--json", "--profile", "other")), ["grok-for-grace"])
        self.assertEqual(names(self.models("--json")), SHOWN)
        self.program.run("logout", "--profile", "other")
        self.assertEqual([path.name for path in self.cache.iterdir()], ["test.models"])

    def test_another_api_is_asked_anew(self):
        self.models()
        other = self.new_api()
        other.models = ["grok-elsewhere"]
        self.program.configure(config_for(self.provider, api_base=other.base + "/"))
        self.assertEqual(names(self.models("--json")), ["grok-elsewhere"])

    def test_a_cache_that_cannot_be_used(self):
        target = self.program.folder / "elsewhere"
        target.mkdir()
        link = self.program.folder / "link"
        link.mkdir()
        (link / "grok-auth").symlink_to(target)
        for folder in ("/proc/nowhere", link):
            with self.subTest(folder):
                env = {"XDG_CACHE_HOME": str(folder)}
                result = self.models(env=env)
                self.assertEqual((result.stdout, result.stderr), (TABLE, ""))
                self.assertIn("grok-auth: the list of models is not kept: ", self.models("--verbose", env=env).stderr)
        self.assertEqual(list(target.iterdir()), [])
        with self.subTest("damaged"):
            self.models()
            (self.cache / "test.models").write_bytes(b"\x00\xff{")
            count = len(self.api.seen)
            self.assertEqual((self.models().stdout, len(self.api.seen)), (TABLE, count + 1))

    def test_xdg_cache_home(self):
        folder = self.program.folder / "cache"
        self.models(env={"XDG_CACHE_HOME": str(folder)})
        self.assertTrue((folder / "grok-auth/test.models").exists())
        self.assertFalse(self.cache.exists())

    def test_the_token_goes_to_the_api_only(self):
        with self.subTest("not to a server whose certificate is for another name"):
            other = self.new_api(self.wrong_certificate)
            self.program.configure(config_for(self.provider, api_base=other.base))
            self.assertIn("certificate", self.failure(1))
            self.assertEqual(other.seen, [])
        with self.subTest("not where a redirect points"):
            target = self.new_api()
            self.program.configure(config_for(self.provider, api_base=self.api.base))
            self.api.answers = [(302, "", f"Location: {target.base}/models\r\n")]
            self.assertIn("api_base", self.failure(2))
            self.assertEqual((len(self.api.seen), target.seen), (1, []))
        with self.subTest("not to XAI_BASE_URL, which is for xAI's accounts"):
            self.models(env={"XAI_BASE_URL": target.base})
            self.assertEqual((len(self.api.seen), target.seen), (2, []))
        with self.subTest("not where nothing is configured"):
            self.program.configure(config_for(self.provider))
            text = self.program.run("models", env={"XAI_BASE_URL": target.base})
            self.assertEqual(text.status, 2)
            self.assertIn("add to [profile.test] in the configuration file: api_base = ", text.stderr)
            self.assertEqual((len(self.api.seen), target.seen), (2, []))

    def test_no_token_in_any_message(self):
        self.api.answers = [(401, {"error": f"bad token {self.token}"}), (403, {"error": f"no: {self.token}"})]
        result = self.program.run("models", "--verbose")
        self.assertIn(f"GET {self.api.base}/models: 401", result.stderr)
        result = result.stderr + result.stdout
        for token in self.api.tokens:
            self.assertNotIn(token, result)


@functools.cache
def xai_pki() -> pki.Pki:
    folder = tempfile.mkdtemp(prefix="grok-auth-models-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return pki.make(folder, f"DNS:{OTHER_API}")


class Xai(unittest.TestCase):
    """The built-in profile. The real authorization server cannot be at auth.x.ai, so the login is a made one."""

    def setUp(self) -> None:
        self.api = self.enterContext(ModelsApi(xai_pki().server, lambda token: token == "stored-access-token", port=443))
        self.program = Program()
        self.addCleanup(self.program.close)
        now = int(time.time())
        login = {"client_id": XAI_CLIENT, "minted_at": now - 60, "expires_at": now + 3600}
        self.program.write_state("xai.json", stored_login(f"https://{AUTH}", **login))

    def models(self, *arguments: str, status: int = 0, base_url: str | None = None) -> Result:
        env = {"SSL_CERT_FILE": xai_pki().ca, "XAI_BASE_URL": base_url}
        result = self.program.run("models", *arguments, env=env)
        self.assertEqual(result.status, status, result)
        return result

    def test_the_api_of_xai(self):
        self.assertEqual(self.models().stdout, TABLE)
        self.assertEqual(self.api.seen, [(API, "/v1/models", "stored-access-token")])

    def test_another_api_of_xai(self):
        for url in (f"https://{OTHER_API}/v1", f"https://{OTHER_API}:443/v1/"):
            with self.subTest(url):
                result = self.models("--force", base_url=url)
                self.assertEqual((result.stdout, result.stderr), (TABLE, ""))
                self.assertEqual(self.api.seen[-1][0].removesuffix(":443"), OTHER_API)

    def test_a_gateway_does_not_get_the_token(self):
        with ModelsApi(xai_pki().server, lambda _: True) as gateway:
            for url in (gateway.base, "http://api.x.ai/v1", f"https://u:p@{API}/v1", f"https://{API}/v1?key=1", "nonsense"):
                with self.subTest(url):
                    result = self.models("--force", base_url=url)
                    self.assertEqual(result.stdout, TABLE)
                    self.assertRegex(result.stderr, r"\Agrok-auth: warning: XAI_BASE_URL .*, and is passed over: the models")
                    self.assertNotIn(url, result.stderr)
            self.assertEqual(gateway.seen, [])
        self.assertEqual({host for host, _, _ in self.api.seen}, {API})

    def test_a_configured_gateway_is_refused(self):
        self.program.configure('[profile.xai]\napi_base = "https://localhost/v1"\n')
        self.assertIn("config.toml:2:12: 'api_base' is not on x.ai", self.models(status=2).stderr)

    def test_refusals(self):
        credits = "You have run out of credits or need a Grok subscription."
        limit = {"code": "subscription:free-usage-exhausted", "error": "Used up."}
        denied = {"error": "The caller does not have permission to execute the specified operation"}
        rows = [
            (403, denied, 4, "xAI does not let this account use the API this way (the account gate); the server answered"),
            (403, {"code": "personal-team-blocked:spending-limit", "error": credits}, 4, "the account has no credits left"),
            (402, {"code": "personal-team-blocked:spending-limit"}, 4, "the account has no credits left"),
            (429, limit, 1, "a limit of this account is used up; the server answered 429 subscription:free-usage-exhausted"),
        ]
        for status, body, expected, part in rows:
            with self.subTest(status=status, body=body):
                self.api.answers = [(status, body)]
                text = self.models(status=expected).stderr
                self.assertIn(part, text)
                self.assertIn("an API key from https://console.x.ai works without a plan", text)
                self.assertEqual("signing in again will not help" in text, expected == 4)


class XaiRefused(unittest.TestCase):
    """A dead token at api.x.ai, which says 403. One server plays both hosts: they are the same port of this machine."""

    def test_it_is_renewed_once(self):
        offer = {"data": [{"id": name} for name in OFFER]}
        for answers, status in (([(403, BAD_CREDENTIALS), (200, offer)], 0), ([(403, BAD_CREDENTIALS)], 3)):
            with self.subTest(status=status), ScriptedProvider(host=AUTH, port=443, token=[tokens()]) as server:
                server.answers["/v1/models"] = answers
                result = self.run_models(server)
                self.assertEqual(result.status, status, result)
                self.assertEqual([len(server.seen(route)) for route in ("/v1/models", "token")], [2, 1])
                self.assertEqual("the server refuses the new token too" in result.stderr, status == 3)

    def test_it_cannot_be_renewed(self):
        with ScriptedProvider(host=AUTH, port=443, token=[refusal("access_denied", 403)]) as server:
            server.answers["/v1/models"] = [(403, BAD_CREDENTIALS)]
            result = self.run_models(server)
            self.assertEqual((result.status, len(server.seen("/v1/models"))), (4, 1), result)
            self.assertIn("the server refuses the token (403 unauthenticated:bad-credentials", result.stderr)
            self.assertIn("the account gate", result.stderr)

    def run_models(self, server: ScriptedProvider) -> Result:
        program = Program()
        self.addCleanup(program.close)
        now = int(time.time())
        program.write_state("xai.json", server.token_set(client_id=XAI_CLIENT, minted_at=now - 60, expires_at=now + 3600))
        return program.run("models", env={"SSL_CERT_FILE": server.ca})


def setUpModule() -> None:
    isolation.require()


if __name__ == "__main__":
    provider.install()
    isolation.enter(AUTH, API, OTHER_API)
    unittest.main()
