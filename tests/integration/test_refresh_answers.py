"""Nobody is logged out by us: over every answer that a token endpoint can give to a refresh, only `invalid_grant` ends a login,
every other one keeps it, and a token that came is taken and stored. Each run says what failed, why, and what to do."""

import gzip
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refresh_outcome import NEW, STORED, Ended, Kept, RefreshTestCase, Row, Taken, print_figures  # noqa: E402
from scripted_provider import ScriptedProvider, raw, refusal, tokens  # noqa: E402
from scripted_server import ScriptedServer, answer, answering  # noqa: E402

MEBIBYTE = 1024 * 1024
NO_JSON = " without the JSON that the protocol asks for"
REFUSED = "the refresh was refused: the server says "
LATER = "try again later; if it goes on, ask the administrator of https://localhost:"
UNCHANGED = "try again; nothing that is stored was changed"
CLIENT = "the server does not accept the client 'grok-auth-test': "
NOT_NOW = (408, 429, 500, 502, 503, 504)

GOOD = json.dumps(tokens()[1])


def taken(name: str, **expected) -> Row:
    pass


def good(headers: str = "", body: bytes | str = GOOD, **options) -> bytes:
    return answer(body, headers=headers, **options)


def chunked(*chunks: str) -> bytes:
    """An answer in chunks, the last one included only if it is among them."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return (head + "".join(f"{len(chunk):x}\r\n{chunk}\r\n" for chunk in chunks)).encode()


class Explore(RefreshTestCase):
    def test_all(self):
        H = {"Content-Type": "application/json"}
        nonsense = "x\x1b[2J\x07" + "y" * 200
        rows = [
            Row("array", (200, f"[{GOOD}]", H), Kept("the server answered 200" + NO_JSON)),
            Row("null", (200, "null", H), Kept("the server answered 200" + NO_JSON)),
            Row("string", (200, '"scripted"', H), Kept("the server answered 200" + NO_JSON)),
            Row("nested", (200, {"data": json.loads(GOOD)}), Kept("no usable access_token")),
            Row("deep", (200, '{"a":' + "[" * 100000, H), Kept("the server answered 200" + NO_JSON)),
            Row("deep closed", (200, '{"a":' + "[" * 100000 + "]" * 100000 + "}", H), Kept("the server answered 200" + NO_JSON)),
            Row("bom", (200, "\ufeff" + GOOD, H), Taken()),
            Row("bad utf8", (200, GOOD.replace("openid", "open\udcffid").encode("utf8", "surrogateescape"), H), Taken()),
            Row("lone surrogate", (200, GOOD.replace("openid", "open\\ud800id"), H), Taken()),
            Row("nul esc", (200, GOOD.replace("openid", "open\\u0000id"), H), Taken()),
            Row("trailing garbage", (200, GOOD + "garbage", H), Taken()),
            Row("leading ws", (200, "\r\n\n  " + GOOD + "\n", H), Taken()),
            Row("dup", (200, GOOD[:-1] + ', "refresh_token": "second", "access_token": "again"}', H), Taken(sends="second", access_token="again")),
            Row("201", (201, GOOD, H), Taken()),
            Row("203", (203, GOOD, H), Taken()),
            Row("202", (202, GOOD, H), Taken()),
            Row("204", (204, "", H), Kept("204")),
            Row("206", (206, GOOD, H), Kept("206")),
            Row("error empty", tokens(error=""), Taken()),
            Row("error null", (200, {**json.loads(GOOD), "error": None}), Taken()),
            Row("error with tokens", tokens(error="invalid_grant"), Ended()),
            Row("200 invalid_grant", refusal("invalid_grant", 200), Ended()),
            Row("invalid_grant\\n", refusal("invalid_grant\n"), Kept("invalid_grant")),
            Row("invalid_grant bell", refusal("invalid\x07_grant"), Kept("invalid_grant")),
            Row("Invalid_Grant", refusal("INVALID_GRANT"), Kept("INVALID_GRANT")),
            Row("error empty 400", refusal(""), Kept("")),
            Row("error null 400", (400, {"error": None}), Kept("400")),
            Row("error list", (400, {"error": ["invalid_grant"]}), Kept("400")),
            Row("float frac", tokens(expires_in=1800.7), Taken(expires_in=1800)),
            Row("str float", tokens(expires_in="1800.0"), Taken(expires_in=1800)),
            Row("str sp", tokens(expires_in=" 1800 "), Taken(expires_in=1800)),
            Row("bool", tokens(expires_in=True), Taken(expires_in=None)),
            Row("list", tokens(expires_in=[3600]), Taken(expires_in=None)),
            Row("0", tokens(expires_in=0), Taken(expires_in=None)),
            Row("rt space", tokens(refresh_token="a b"), Taken(sends="a b")),
            Row("rt uni", tokens(refresh_token="ä"), Taken(sends="ä")),
            Row("rt nl", tokens(refresh_token="a\nb"), Taken(sends="a\nb")),
            Row("rt number", tokens(refresh_token=7), Taken(sends=STORED)),
            Row("rt list", tokens(refresh_token=["a"]), Taken(sends=STORED)),
            Row("rt 200k", tokens(refresh_token="r" * 200000), Taken(sends="r" * 200000)),
            Row("at 200k", tokens(access_token="r" * 200000), Taken(access_token="r" * 200000)),
            Row("tt num", tokens(token_type=7), Taken()),
            Row("tt empty", tokens(token_type=""), Taken()),
            Row("tt sp", tokens(token_type="Bearer "), Taken()),
            Row("extra deep", tokens(extra=json.loads("[" * 20 + "]" * 20)), Taken()),
            Row("extra deeper", tokens(extra=json.loads("[" * 40 + "]" * 40)), Taken()),
            Row("escapes", refusal("e\x1b[2J\x07\x9b\r\n\u202e", error_description="d\x1b]0;t\x07" * 2000), Kept("e[2J")),
            Row("uri", refusal("strange", error_uri="https://x"), Kept("strange")),
            Row("retry nonsense", (503, "", {"Retry-After": nonsense}), Kept("503", hint="Retry-After x")),
            Row("id_token junk", tokens(id_token="junk"), Taken()),
            Row("id_token num", tokens(id_token=7, scope=8), Taken()),
            Row("100 kB header", (200, GOOD, {**H, "X-Long": "y" * 70000}), Taken()),
            Row("9k header", (200, GOOD, {**H, "X-Long": "y" * 9000}), Taken()),
        ]
        self.check_rows(rows)


def tearDownModule() -> None:
    print_figures()


if __name__ == "__main__":
    unittest.main()
