"""xAI's account gate: a refresh that it refuses ends with status 4 and says what it is, that signing in again will not help,
and how an API key does. It ends no login and leads to no sign-in. Other issuers speak in their own words.

The tests run where auth.x.ai is this machine (tests/support/isolation.py). Where that cannot be they are skipped, but fail
when CI is set.
"""

import contextlib
import os
import sys
import time
import unittest
from typing import Iterator

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import isolation  # noqa: E402
from refresh_outcome import Ended, Kept, Login, RefreshTestCase, Row, Taken, print_figures  # noqa: E402
from scripted_provider import ScriptedProvider, refusal, tokens  # noqa: E402

XAI = "auth.x.ai"
XAI_CLIENT = "b1a00492-073a-47ea-816f-4c329264a828"
FAILED = "the refresh failed: the server answered "
NO_JSON = " without the JSON that the protocol asks for"
GATE = "the refresh was refused: xAI does not let this account use Grok this way (the account gate; the server says "
API_KEY = (
    "signing in again will not help: use a plan that includes Grok, or an API key from https://console.x.ai in XAI_API_KEY; "
    "the login is kept"
)


def gate(words: str) -> Kept:
    """The gate, whose reason the server told in these words."""
    return Kept(f"{GATE}{words})", API_KEY, 4)


NO_PLAN = {"code": "permission-denied", "error_description": "no plan"}
GATED = [
    Row("access_denied", refusal("access_denied"), gate("access_denied")),
    Row("access_denied with 401", refusal("access_denied", 401), gate("access_denied")),
    Row("access_denied with 403", refusal("access_denied", 403, error_description="tier 1"),
        gate("access_denied (tier 1)")),
    Row("invalid_grant with 403", refusal("invalid_grant", 403), gate("invalid_grant")),
    Row("another word with 403", refusal("permission_denied", 403), gate("permission_denied")),
    Row("403 without an OAuth error", (403, NO_PLAN), gate("HTTP status 403")),
    Row("403 with an error that is an object", (403, {"error": {"code": 7}}), gate("HTTP status 403")),
    Row("403 with no members", (403, {}), gate("HTTP status 403")),
]  # fmt: skip


class Xai(RefreshTestCase):
    """The built-in profile, whose endpoints must be on x.ai."""

    @contextlib.contextmanager
    def xai_login(self, answer: object, **members) -> Iterator[Login]:
        """A login at an auth.x.ai whose token endpoint gives this answer."""
        with ScriptedProvider(host=XAI, port=443, token=[answer]) as server:
            options = {"profile": "xai", "env": {"SSL_CERT_FILE": server.ca}, "client_id": XAI_CLIENT, **members}
            with self.login(server, config="", **options) as login:
                yield login

    def check(self, row: Row) -> str:
        with self.xai_login(row.answer) as login:
            return self.check_login(login, row).stderr

    def test_the_gate(self):
        for row in GATED:
            with self.subTest(row.name):
                self.check(row)

    def test_what_is_not_the_gate(self):
        rows = [
            Row("403 HTML", (403, "<html>challenge</html>"), Kept(FAILED + "403" + NO_JSON)),
            Row("403 empty", (403, ""), Kept(FAILED + "403" + NO_JSON)),
            Row("401 without an OAuth error", (401, NO_PLAN), Kept(FAILED + "401")),
            Row("access_denied with 503", refusal("access_denied", 503), Kept(FAILED + "503 access_denied")),
            Row("slow_down with 403", refusal("slow_down", 403), Kept("the server says slow_down")),
            Row("invalid_client", refusal("invalid_client"), Kept("does not accept the client", "the login is kept", 2)),
            Row("invalid_grant", refusal("invalid_grant"), Ended(hint="sign in with 'grok-auth login")),
            Row("a token", tokens(), Taken()),
        ]
        for row in rows:
            with self.subTest(row.name):
                self.assertNotRegex(self.check(row), "gate|XAI_API_KEY")

    def test_a_run_that_may_sign_in_does_not(self):
        """Not even while the stored token is still valid for a moment: the account cannot use it either."""
        now = int(time.time())
        for name, members in {"expired": {}, "valid": {"minted_at": now - 3500, "expires_at": now + 100}}.items():
            for row in GATED:
                with self.subTest(row.name, token=name), self.xai_login(row.answer, **members) as login:
                    self.assert_refused(login.program.as_grok(expired=False, env=login.env).wait(), row.outcome)
                    self.assertEqual((len(login.sent()), login.server.seen("device")), (1, []))

    def test_refresh_answers_in_json(self):
        with self.xai_login(GATED[0].answer) as login:
            result = login.run("refresh", "--json")
            self.assertEqual((result.status, result.json["ok"], result.json["error"]), (4, False, "access_denied"), result)
            self.assertIn("the account gate", result.json["message"])
            self.assertEqual(result.json["hint"], API_KEY)


class OtherIssuer(RefreshTestCase):
    def test_its_own_words(self):
        refused, ask = "the refresh was refused: the server says ", "ask the administrator of https://localhost:"
        denied, described = (Kept(f"{refused}access_denied{more}", ask, 4) for more in ("", " (tier 1)"))
        strange = Kept(refused + "permission_denied", ask)
        plain = Kept(FAILED + "403")
        outcomes = [denied, denied, described, Ended(), strange, plain, plain, plain]
        rows = [row._replace(outcome=outcome) for row, outcome in zip(GATED, outcomes, strict=True)]

        def check(row: Row) -> None:
            with ScriptedProvider(token=[row.answer]) as server, self.login(server) as login:
                self.assertNotRegex(self.check_login(login, row).stderr, r"(?i)xai|x\.ai|gate|api key|plan")

        self.check_rows(rows, check)


def setUpModule() -> None:
    isolation.require()


def tearDownModule() -> None:
    print_figures()


if __name__ == "__main__":
    isolation.enter(XAI)
    unittest.main()
