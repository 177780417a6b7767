"""Nobody is logged out by us: of all that a token endpoint can answer to a refresh, only `invalid_grant` ends a login, every
other answer keeps it, and a token that came is printed and stored. Each failure says what failed, why, and what to do."""

import gzip
import json
import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import sign_in_url  # noqa: E402
from refresh_outcome import (  # noqa: E402
    NEW, NEXT_RUN, STORED, Ended, Kept, RefreshTestCase, Row, Taken, print_figures)
from scripted_provider import ScriptedProvider, raw, refusal, tokens  # noqa: E402
from scripted_server import answer, chunked  # noqa: E402

MEBIBYTE = 1024 * 1024
NOT_NOW = (408, 429, 500, 502, 503, 504)
STATUSES = (400, 401, 403, 404, 405, 410, 418, *NOT_NOW)
JSON_FIELD = "Content-Type: application/json\r\n"
GOOD = json.dumps(tokens()[1])
CUT = '{"error": "invalid_grant"}'  # whole JSON, but not the whole of what was announced

NO_JSON = " without the JSON that the protocol asks for"
REFUSED = "the refresh was refused: the server says "
CLIENT = "the refresh was refused: the server does not accept the client 'grok-auth-test': "
UNUSABLE = "the refresh failed: the server's answer has no usable access_token"
ASK = "try again later; if it goes on, ask the administrator of https://localhost:"
UNCHANGED = "try again; nothing that is stored was changed"
TRUNCATED = Kept("the refresh failed: the answer is truncated", UNCHANGED)
MALFORMED = Kept("the refresh failed: the answer is not a valid HTTP answer", UNCHANGED)


def all_like(outcome: Kept | Ended | Taken, answers: dict[str, object]) -> list[Row]:
    """Rows of one outcome."""
    return [Row(name, given, outcome) for name, given in answers.items()]


def json_text(text: str | bytes) -> tuple:
    """An answer that says it is JSON, and reads like this."""
    return 200, text, {"Content-Type": "application/json"}


def rows_of_status(status: int) -> list[Row]:
    """What a server that is down, moved or overloaded, or something in front of it, answers with that status."""
    answered = f"the refresh failed: the server answered {status}"
    not_now = status in NOT_NOW
    rows = {
        "JSON of another kind": ((status, {"message": "invalid_grant", "code": 7}), Kept(answered)),
        "an error that is an object": ((status, {"error": {"code": "invalid_grant"}}), Kept(answered)),
        "HTML": ((status, "<html>invalid_grant</html>"), Kept(answered + NO_JSON)),
        "nothing": ((status, ""), Kept(answered + NO_JSON)),
        "a body cut short": (raw(answer(CUT, f"{status} X").replace(b"Length: ", b"Length: 9")), TRUNCATED),
        "no last chunk": (raw(chunked(CUT, status=f"{status} X")), TRUNCATED),
        "invalid_request": (
            refusal("invalid_request", status),
            Kept(f"{answered} invalid_request") if not_now else Kept(f"{REFUSED}invalid_request", ASK),
        ),
        "invalid_grant": (
            refusal("invalid_grant", status), Kept(f"{answered} invalid_grant") if not_now else Ended()
        ),
    }  # fmt: skip
    return [Row(f"{status} with {name}", *row) for name, row in rows.items()]


class Refusals(RefreshTestCase):
    def test_oauth_errors(self):
        gone = refusal("invalid_grant", error_description="Token has been revoked.")
        self.check_rows([
            Row("invalid_grant with a description", gone, Ended("invalid_grant (Token has been revoked.)")),
            Row("invalid_grant with 200", refusal("invalid_grant", 200), Ended()),
            Row("invalid_client", refusal("invalid_client"), Kept(CLIENT + "invalid_client", "the login is kept", 2)),
            Row("unsupported_grant_type", refusal("unsupported_grant_type"), Kept(CLIENT, "the login is kept", 2)),
            *[Row(error, refusal(error), Kept(REFUSED + error, "sign in with 'grok-auth login", 3))
              for error in ("interaction_required", "login_required", "consent_required")],
            Row("invalid_client with 401", refusal("invalid_client", 401), Kept(CLIENT, "check client_id of profile", 2)),
            Row("unauthorized_client", refusal("unauthorized_client"), Kept(CLIENT, "allowed to use this flow", 2)),
            Row("invalid_scope", refusal("invalid_scope"), Kept(REFUSED + "invalid_scope", "check scopes and audience", 2)),
            Row("access_denied", refusal("access_denied", error_description="no seat left"),
                Kept(REFUSED + "access_denied (no seat left)", "ask the administrator of https://localhost:", 4)),
            *[Row(error, refusal(error), Kept(REFUSED + error, ASK))
              for error in ("strange", "INVALID_GRANT", "invalid_grant2")],
            *[Row(error, refusal(error), Kept("the refresh failed: the server says " + error))
              for error in ("temporarily_unavailable", "server_error", "slow_down")],
            Row("no word", refusal(""), Kept("the refresh failed: the server answered 400")),
            Row("no text", (400, {"error": ["invalid_grant"]}), Kept("the refresh failed: the server answered 400")),
        ])  # fmt: skip

    def test_only_the_very_word_ends_a_login(self):
        """What is left out for the sake of the terminal must not make the word."""
        self.check_rows([Row(repr(error), refusal(error), Kept(REFUSED, ASK))
                         for error in ("invalid_grant\n", "\x1binvalid_grant", "invalid\x07_grant", "invalid_grant\u202e")])

    def test_what_the_server_says_is_harmless(self):
        """No terminal escape, no line end, no change of direction; and no more of it than fits on a screen."""
        wild = "\x1b]0;title\x07\x1b[2J\x9b1m\r\n\t\x00\u202e\u2066"
        self.check_rows([
            Row("error", refusal(f"strange{wild}word"), Kept(REFUSED + "strange]0;title[2J", ASK)),
            Row("long error", refusal("strange" * 2000), Kept(REFUSED + "strangestrange", ASK)),
            Row("description", refusal("strange", error_description=f"why{wild}" * 500), Kept("strange (why]0;title", ASK)),
            Row("long description", refusal("strange", error_description="d" * 10240), Kept("strange (dddd", ASK)),
            Row("token_type", tokens(token_type=f"strange{wild}", refresh_token=None), Kept("of type 'strange]0;title[2J")),
            Row("invalid_grant", refusal("invalid_grant", error_description=wild * 500), Ended("invalid_grant (]0;title")),
        ])  # fmt: skip

    def test_retry_after_is_told_and_blocks_no_later_run(self):
        date = "Fri, 21 Nov 2036 02:00:00 GMT"
        told = {"7": "7", date: date, "9" * 30: "9" * 30, "soon\x1b[2J\x07" + "y" * 1000: "soon[2Jyyy"}
        self.check_rows([Row(f"{status}, {field}", (status, "", {"Retry-After": field}),
                             Kept(str(status), f"{NEXT_RUN}; the server asks to wait: Retry-After {text}"))
                         for field, text in told.items() for status in (429, 503)])

    def test_every_status_with_every_kind_of_body(self):
        self.check_rows([row for status in STATUSES for row in rows_of_status(status)])

    def test_redirects_are_not_followed(self):
        with ScriptedProvider(token=[tokens()]) as elsewhere:
            self.check_rows([Row(f"{status} to {place}", (status, "", {"Location": place}),
                                 Kept(f"the refresh failed: the server answered {status}{NO_JSON}"))
                             for status in (301, 302, 303, 307, 308) for place in ("/token", f"{elsewhere.issuer}/token")])
            self.assertEqual(elsewhere.server.connections, 0)


class AnswersWithoutToken(RefreshTestCase):
    def test_bodies(self):
        zipped = gzip.compress(GOOD.encode())
        kept = Kept("the refresh failed: the server answered 200" + NO_JSON)
        self.check_rows([
            *all_like(kept, {
                "HTML": (200, "<html>portal</html>"),
                "nothing": json_text(""),
                "JSON that breaks off": json_text(GOOD[:-1]),
                "an array": json_text(f"[{GOOD}]"),
                "null": json_text("null"),
                "a text": json_text(json.dumps(GOOD)),
                "zipped, without saying so": json_text(zipped),
                "nested without end": json_text('{"access_token": ' + "[" * 100_000),
            }),
            *all_like(Kept(UNUSABLE), {"no members": (200, {}), "nested": (200, {"data": tokens()[1]})}),
            *all_like(TRUNCATED, {
                "cut short": raw(answer(GOOD)[:-1]),
                "less than announced": raw(answer(GOOD).replace(b"Content-Length: ", b"Content-Length: 9")),
                "no last chunk": raw(chunked(GOOD)),
                "cut in a chunk": raw(chunked(GOOD)[:-9]),
                "cut in the head": raw(answer(GOOD)[:40]),
            }),
            *all_like(MALFORMED, {
                "another protocol": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
                "switched protocols": raw(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + answer(GOOD)),
                "a length that is none": raw(answer(GOOD).replace(b"Content-Length: ", b"Content-Length: x")),
            }),
            Row("zipped", raw(answer(zipped, headers="Content-Encoding: gzip\r\n")), Kept("is compressed", UNCHANGED)),
            Row("1 MiB and a byte", json_text(GOOD.ljust(MEBIBYTE + 1)), Kept("answer larger than 1 MiB", UNCHANGED)),
            Row("204", raw(b"HTTP/1.1 204 No Content\r\n\r\n"), Kept("the server answered 204" + NO_JSON)),
        ])  # fmt: skip

    def test_new_refresh_token_beside_no_usable_access_token(self):
        """The stored one may be used up by now: the new one takes its place, although the run fails."""
        self.check_rows([
            *all_like(Kept(UNUSABLE, sends=NEW), {
                "no access_token": tokens(access_token=None),
                "empty": tokens(access_token=""),
                "a number": tokens(access_token=7),
                "a newline": tokens(access_token="a\nb"),
            }),
            *[Row(kind, tokens(token_type=kind), Kept(f"a token of type '{kind}' instead of 'Bearer'", sends=NEW))
              for kind in ("DPoP", "mac", "N_A")],
            Row("no refresh token either", tokens(access_token=None, refresh_token=None), Kept(UNUSABLE)),
            Row("none that can be used", tokens(access_token=None, refresh_token=7), Kept(UNUSABLE)),
        ])  # fmt: skip


class AnswersWithToken(RefreshTestCase):
    def test_forms_of_the_answer(self):
        nested = {"a": [1, -2.5e3, True, None, {"access_token": "another"}]}
        self.check_rows(all_like(Taken(), {
            "text/html": (200, GOOD, {"Content-Type": "text/html"}),
            "no content type": raw(answer(GOOD).replace(JSON_FIELD.encode(), b"")),
            "in chunks": raw(chunked(GOOD[:9], GOOD[9:], "")),
            "to the end of the connection": raw(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD.encode()),
            "after interim answers": raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + answer(GOOD)),
            "1 MiB": json_text(GOOD.ljust(MEBIBYTE)),
            "blank lines around it": json_text(f"\r\n\n {GOOD}\n"),
            "a byte order mark": json_text("\ufeff" + GOOD),
            "a text that is not UTF-8": json_text(GOOD.encode().replace(b"openid", b"\xe9")),
            "201": (201, tokens()[1]),
            "203": (203, tokens()[1]),
            "further members": tokens(nested=nested, error_description=""),
            "no scope": tokens(scope=None),
            "members of the wrong type": tokens(scope=["openid"], id_token=7),
            "an ID token that is none": tokens(id_token="e30"),
            "error that is null": (200, {**tokens()[1], "error": None}),
            "error that is empty": tokens(error=""),
        }))  # fmt: skip

    def test_duplicate_members(self):
        """The last one counts, for both tokens alike: a pair that does not belong together would be lost at the next use."""
        twice = GOOD[:-1] + ', "access_token": "second-access", "refresh_token": "second-refresh"}'
        self.check_rows([Row("twice", json_text(twice), Taken("second-refresh", access_token="second-access"))])

    def test_token_types(self):
        self.check_rows([Row(repr(kind), tokens(token_type=kind), Taken()) for kind in ("Bearer", "bearer", "BEARER", None)])

    def test_lifetimes(self):
        lifetimes = [(1800, 1800), ("1800", 1800), (1800.0, 1800), (1800.9, 1800), (1.8e3, 1800), (None, None), ("", None),
                     ("soon", None), (0, None), (-5, None), (10**30, None), (2**63, None), (2**64, None), (1e308, None),
                     (True, None), ([1800], None), ({}, None)]  # fmt: skip
        rows = [Row(repr(given), tokens(expires_in=given), Taken(expires_in=seconds)) for given, seconds in lifetimes]
        null = (200, {**tokens()[1], "expires_in": None})
        self.check_rows([*rows, Row("null", null, Taken(expires_in=None))])

    def test_refresh_tokens(self):
        """The old one stays when no new one came. RFC 6749, appendix A.17: it may hold any printable character."""
        rows = [Row(f"new: {token:.20}", tokens(refresh_token=token), Taken(token))
                for token in (STORED, "with a space", "~!\"#$%&'()+/=?", "r" * 200_000)]
        rows += [Row(f"none: {given!r}", tokens(refresh_token=given), Taken(STORED))
                 for given in (None, "", 7, ["new"], {}, True)]
        self.check_rows(rows)

    def test_long_access_token(self):
        self.check_rows([Row("200 kB", tokens(access_token="a" * 200_000), Taken(access_token="a" * 200_000))])


class Afterwards(RefreshTestCase):
    def test_ended_login_is_replaced_by_a_sign_in(self):
        with ScriptedProvider(token=[refusal("invalid_grant"), tokens()]) as server, self.login(server) as login:
            self.assertEqual(login.headless().status, 3)
            run = login.program.as_grok(expired=False)
            self.assertIn("/verify", sign_in_url(run))
            self.assertEqual(run.wait().status, 0)
            self.assertEqual(login.run("refresh").status, 0)
            self.assertEqual(login.sent(), [STORED, NEW])

    def test_invalid_grant_for_a_token_that_another_process_has_just_replaced(self):
        """The newer login, refreshed or of a new sign-in, is the login: it is handed out, and nothing is marked as dead."""
        for name, members in (("refreshed", {}), ("signed in anew", {"store_id": "another-store-id", "generation": 1})):
            with self.subTest(name), ScriptedProvider() as server, self.login(server) as login:
                now = int(time.time())
                newer = server.token_set(**{"generation": 2, "access_token": "newer", "refresh_token": "newer-refresh",
                                            "minted_at": now, "expires_at": now + 3600, **members})  # fmt: skip

                def save_then_refuse(_form, _connection, login=login, newer=newer):
                    login.program.write_state("test.json", newer)
                    return refusal("invalid_grant")

                server.answers["token"] = [save_then_refuse]
                result = login.headless()
                self.assertEqual((result.status, result.stderr), (0, ""), result)
                self.assertEqual((result.json["access_token"], login.stored()), ("newer", json.loads(newer)))
                self.assertEqual(login.record().get("dead", []), [])
                server.answers["token"] = [tokens()]
                self.assertEqual(login.run("refresh").status, 0)
                self.assertEqual(login.sent(), [STORED, "newer-refresh"])

    def test_old_access_token_beside_a_new_refresh_token_is_not_taken_for_a_new_one(self):
        now = int(time.time())
        valid = {"minted_at": now - 600, "expires_at": now + 3000}
        with ScriptedProvider(token=[tokens(access_token=None)]) as server, self.login(server, **valid) as login:
            self.assertEqual(login.run("refresh").status, 1)
            login.recover()
            self.assertEqual(login.headless().json["access_token"], "scripted-access-token")
            self.assertEqual(login.sent(), [STORED, NEW])

    def test_sign_in_that_nobody_finishes_keeps_the_login(self):
        for name, refused in {"503": (503, ""), "strange": refusal("strange")}.items():
            with self.subTest(name), ScriptedProvider(token=[refused]) as server, self.login(server) as login:
                run = login.program.as_grok(expired=False)
                sign_in_url(run)
                run.signal_group(signal.SIGTERM)
                self.assertEqual(run.wait().status, 143)
                login.recover()
                self.assertEqual(login.headless().status, 0)
                self.assertEqual(login.sent(), [STORED, STORED])


def tearDownModule() -> None:
    print_figures()


if __name__ == "__main__":
    unittest.main()
