"""What an answer to a refresh did to the login, seen from outside: one row of a table, proved with the real program.

A first run meets the answer. Then the server is well again, and the next run shows what became of the login: it is kept when
the refresh token is sent that should be, ended when none is, and lost otherwise.
"""

import concurrent.futures
import contextlib
import unittest
from typing import Callable, Iterator, NamedTuple

from program import Program
from refreshing import wait_until
from running import Result
from scripted_provider import ScriptedProvider, tokens

STORED = "stored-refresh-token"
NEW = "scripted-refresh-token"
NEXT_RUN = "the login is kept and the next run tries again"
GRACE = 60  # seconds that a slow machine may take between two looks at the clock
WORKERS = 4

_fates: list[str] = []


class Kept(NamedTuple):
    """The run fails, and the next one sends a refresh token again: `sends`, which is a new one if one came all the same.
    `error` and `hint` are parts of the two lines that the person reads."""

    error: str
    hint: str = NEXT_RUN
    status: int = 1
    sends: str = STORED


class Ended(NamedTuple):
    """The run says that the login has ended, and nothing is sent any more."""

    error: str = "the login has ended: the server no longer accepts it: invalid_grant"
    hint: str = "sign in with 'grok-auth login --profile test'"
    status: int = 3
    sends: None = None


class Taken(NamedTuple):
    """The token is printed and stored; the next refresh sends `sends`."""

    sends: str = NEW
    expires_in: int | None = 3600
    access_token: str = "scripted-access-token"


class Row(NamedTuple):
    """An answer, and what becomes of the login. `requests` is how often the first run sends the refresh token."""

    name: str
    answer: object
    outcome: Kept | Ended | Taken
    requests: int = 1


class Login:
    """A stored login whose access token has expired, in a world of its own, and the runs that use it."""

    def __init__(self, server: ScriptedProvider, program: Program, profile="test", env: dict | None = None, **members):
        self.server = server
        self.program = program
        self.profile = profile
        self.env = env
        program.write_state(f"{profile}.json", server.token_set(**members))

    def stored(self) -> dict:
        """The token set."""
        return self.program.state_json(".json", self.profile)

    def record(self) -> dict:
        """What is remembered beside the token set."""
        return self.program.state_json(".last", self.profile) or {}

    def sent(self) -> list[str]:
        """The refresh tokens that the server was sent, in order."""
        return [form["refresh_token"] for form in self.server.seen("token") if "refresh_token" in form]

    def headless(self) -> Result:
        """A run that may ask nobody, to its end."""
        return self.program.as_grok(expired=True, env=self.env).wait(30)

    def run(self, *arguments: str) -> Result:
        """A command, to its end."""
        return self.program.run(*arguments, env=self.env, timeout=90)

    def recover(self) -> None:
        """From now on the token endpoint gives tokens. Returns when the refresh under way, if any, has ended."""
        self.server.answers["token"] = [tokens()]
        self.wait_for_outcome()

    def wait_for_outcome(self) -> None:
        """Waits until the last refresh that was started has an outcome."""

        def has_outcome() -> bool:
            record = self.record()
            return record.get("last_refresh", {}).get("attempt") == record.get("attempts")

        wait_until(has_outcome, "the refresh has no outcome", 30)


class RefreshTestCase(unittest.TestCase):
    """Tests of stored logins that are refreshed."""

    @contextlib.contextmanager
    def login(self, server: ScriptedProvider, config: str | None = None, **options) -> Iterator[Login]:
        """A login at `server`; its world is kept when the test fails. `options` as for `Login`."""
        program = Program(server.config() if config is None else config)
        try:
            yield Login(server, program, **options)
        except BaseException:
            program.close(keep=True)
            raise
        program.close()

    def check_rows(self, rows: list[Row], check: Callable[[Row], None] | None = None) -> None:
        """Checks every row, several at once."""
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            checks = [(row, pool.submit(check or self.check_row, row)) for row in rows]
        for row, done in checks:
            with self.subTest(row.name):
                done.result()

    def check_row(self, row: Row) -> None:
        """The answer is the first that a server of the row's own gives."""
        with ScriptedProvider(token=[row.answer]) as server, self.login(server) as login:
            self.check_login(login, row)

    def check_login(self, login: Login, row: Row, recover: Callable[[], None] | None = None) -> Result:
        """The outcome of a row, for a login whose server is about to give the answer; `recover` makes everything well again.
        Returns the first run."""
        before = login.stored()
        first = login.headless()
        sent = login.sent()
        after = login.stored()
        (recover or login.recover)()
        following = login.run("refresh") if isinstance(row.outcome, Taken) else login.headless()
        sent_next = login.sent()[len(sent) :]
        _fates.append(_fate(row.outcome, sent_next))

        self.assertEqual(sent, [STORED] * row.requests)
        if isinstance(row.outcome, Taken):
            self.assert_taken(first, after, row.outcome)
        else:
            self.assert_refused(first, row.outcome)
            renewed = {**before, "store": "file", "generation": 2, "refresh_token": NEW, "expires_at": before["minted_at"]}
            self.assertEqual(after, renewed if row.outcome.sends == NEW else before)
        if isinstance(row.outcome, Ended):
            self.assertEqual((following.status, following.stdout, sent_next), (3, "", []), following)
            self.assertEqual(login.run("refresh").status, 3)
            self.assertEqual(login.sent(), sent, "the token of an ended login was sent")
        else:
            self.assertEqual((following.status, sent_next), (0, [row.outcome.sends]), following)
        return first

    def assert_refused(self, result: Result, outcome: Kept | Ended) -> None:
        """One error and one hint, with the words they should have, and nothing that harms a terminal or tells a secret."""
        self.assertEqual((result.status, result.stdout), (outcome.status, ""), result)
        lines = result.stderr.splitlines()
        self.assertEqual([line.split(": ")[:2] for line in lines], [["grok-auth", "error"], ["grok-auth", "hint"]], result)
        self.assertIn(outcome.error, lines[0])
        self.assertIn(outcome.hint, lines[1])
        self.assertTrue(all(line.isprintable() and len(line) < 800 for line in lines), result)
        self.assertNotRegex(result.stderr, "(stored|scripted)-(access|refresh)-token")
        if isinstance(outcome, Kept):
            self.assertNotIn("login has ended", result.stderr)
            self.assertEqual("grok-auth login" in result.stderr, outcome.status == 3, result)

    def assert_taken(self, result: Result, stored: dict, outcome: Taken) -> None:
        """The token is printed, with nothing else, and stored."""
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        answer = result.json
        expires_in = answer.pop("expires_in", None)
        self.assertEqual(answer, {"access_token": outcome.access_token, "issuer": stored["issuer"]})
        if outcome.expires_in is None:
            self.assertIsNone(expires_in)
        else:
            self.assertIn(expires_in, range(outcome.expires_in - GRACE, outcome.expires_in + 1))
        self.assertEqual((stored["access_token"], stored["refresh_token"]), (outcome.access_token, outcome.sends))


def _fate(outcome: Kept | Ended | Taken, sent_next: list[str]) -> str:
    if outcome.sends is None and not sent_next:
        return "ended"
    return "kept" if sent_next == [outcome.sends] else "lost"


def print_figures() -> None:
    """What all rows together came to; to be called at the end of a module."""
    print(
        f"figure: answers tried: {len(_fates)}, logins ended: {_fates.count('ended')} (each by invalid_grant), "
        f"tokens lost: {_fates.count('lost')}",
        flush=True,
    )
