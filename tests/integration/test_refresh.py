"""Refreshing: one request per expiry, budgets kept, and answers never lost."""

import datetime
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refreshing import (  # noqa: E402
    GROKS_PATIENCE,
    Gate,
    RefreshTestCase,
    RotatingProvider,
    ScriptedRefreshTestCase,
    age,
    kill,
    logged_in,
    wait_until,
    worker_of,
)
from scripted_provider import refusal  # noqa: E402


class RealServer(RefreshTestCase):
    def test_many_at_once_make_one_request(self):
        self.provider.settings(delay_token_ms=300)
        runs = [self.program.as_grok(expired=index % 2 == 0) for index in range(20)]
        results = [run.wait(30) for run in runs]
        self.assertEqual([result.status for result in results], [0] * 20, results)
        self.assertEqual(len({result.json["access_token"] for result in results}), 1)
        self.assertEqual(self.refreshes(), 1)
        self.assertEqual(self.provider.counters()["reuse_detections"], 0)

    def test_killed_run_loses_nothing(self):
        """SIGKILL of the run, or SIGTERM of its group, while the server thinks: the next run finds the token."""
        ends = {"SIGKILL": lambda run: run.signal(signal.SIGKILL), "group": lambda run: run.signal_group(signal.SIGTERM)}
        for generation, (name, end) in enumerate(ends.items(), start=2):
            with self.subTest(name):
                self.provider.settings(delay_token_after_ms=1500)
                self.provider.reset()
                run = self.held_run()
                end(run)
                run.wait()
                wait_until(lambda: self.program.state_json(".json")["generation"] == generation, "the worker does not save")
                result = self.program.as_grok(expired=True).wait()
                self.assertEqual(result.status, 0, result)
                self.assertEqual(self.refreshes(), 1)
                self.program.change_state_json(".json", age)
        self.assertEqual(self.provider.counters()["reuse_detections"], 0)

    def test_terminated_worker_loses_nothing(self):
        """A shutdown sends SIGTERM to every process, the worker too: it finishes first."""
        self.provider.settings(delay_token_after_ms=1500)
        run = self.held_run()
        worker = worker_of(run)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            os.kill(worker, number)
        self.assertEqual(run.wait().status, 0)
        self.assertEqual(self.refreshes(), 1)

    def test_closed_pipes_lose_nothing(self):
        self.provider.settings(delay_token_after_ms=500)
        run = subprocess.Popen([self.program.binary], env={**self.program.environment, "GROK_AUTH_EXPIRED": "1"},
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        run.stdout.close()
        run.stderr.close()
        self.assertEqual(run.wait(10), 1)
        result = self.program.as_grok(expired=False).wait()
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.refreshes(), 1)

    def test_answer_after_8_seconds(self):
        """Slower than the headless budget: the run gives up in time, the worker does not; a later run needs no request."""
        self.provider.settings(delay_token_after_ms=8000)
        result = self.program.as_grok(expired=True).wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertLess(result.seconds, GROKS_PATIENCE)
        self.assertIn("the refresh goes on in the background", result.stderr)
        wait_until(lambda: self.program.state_json(".json")["generation"] == 2, "the worker does not save")
        self.program.change_state_json(".json", lambda t: age(t, 600))
        self.assertEqual(self.program.as_grok(expired=True).wait().status, 0)
        self.assertEqual(self.refreshes(), 1)
        with self.subTest("once: the next headless run refreshes"):
            self.provider.restore()
            self.assertEqual(self.program.as_grok(expired=True).wait().status, 0)
            self.assertEqual(self.refreshes(), 2)

    def test_worker_holds_no_output_open(self):
        """Grok waits for the end of stdout and stderr, so the worker must not hold them."""
        self.provider.settings(delay_token_after_ms=7000)
        result = self.program.as_grok(expired=True).wait(6)  # waits for the pipes too
        self.assertEqual(result.status, 1, result)

    def test_token_that_the_caller_has_seen_is_not_handed_out(self):
        self.program.change_state_json(".json", lambda t: age(t, -6000))
        cached = self.program.as_grok(expired=False).wait().json
        self.assertEqual(cached["access_token"], self.first["access_token"])
        fresh = self.program.as_grok(expired=True).wait().json
        self.assertNotEqual(fresh["access_token"], self.first["access_token"])

    def test_young_token_of_a_sibling_is_handed_out(self):
        first = self.program.as_grok(expired=True).wait().json
        second = self.program.as_grok(expired=True).wait().json
        self.assertEqual(first["access_token"], second["access_token"])
        self.assertEqual(self.refreshes(), 1)

    def test_headless_run_without_login(self):
        program = self.new_program()
        result = program.as_grok(expired=True).wait()
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertLess(result.seconds, 1)
        self.assertEqual(self.provider.requests(), [])

    def test_refresh_without_a_new_refresh_token_keeps_the_old_one(self):
        before = self.program.state_json(".json")["refresh_token"]
        self.provider.settings(members={"token": {"refresh_token": None}})
        self.assertEqual(self.program.as_grok(expired=True).wait().status, 0)
        self.assertEqual(self.program.state_json(".json")["refresh_token"], before)

    def test_lost_answer_is_not_asked_for_twice(self):
        self.provider.settings(drop_answer_count=1)
        result = self.program.as_grok(expired=True).wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertEqual(self.refreshes(), 1)

    def test_lost_id_file_does_not_lose_the_answer(self):
        (self.program.state_folder / "test.id").unlink()
        self.assertEqual(self.program.as_grok(expired=True).wait().status, 0)
        self.assertEqual(self.program.state_json(".id")["store_id"], self.program.state_json(".json")["store_id"])


class ToldAfterwards(ScriptedRefreshTestCase):
    """`status` says what became of the last refresh, and when."""

    AGAIN = "it will be tried again at the next run"

    def last_refresh(self) -> tuple[dict, str]:
        """What is told 3 minutes later: the JSON member, and the row of the table with what follows it."""

        def older(record: dict) -> None:
            record["last_start"] -= 180
            record.get("last_refresh", {"at": 0})["at"] -= 180

        self.program.change_state_json(".last", older)
        told = self.program.run("status", "--json").json["last_refresh"]
        at = datetime.datetime.fromisoformat(told.pop("at"))
        ago = (datetime.datetime.now(datetime.timezone.utc) - at).total_seconds()
        self.assertTrue(180 <= ago < 240, ago)
        return told, self.program.run("status").stdout.partition("last refresh:")[2].strip()

    def test_nothing(self):
        self.assertNotIn("last_refresh", self.program.run("status", "--json").json)
        self.assertNotIn("last refresh", self.program.run("status").stdout)

    def test_success(self):
        self.hand_out()
        self.assertEqual(self.last_refresh(), ({"outcome": "refreshed"}, "succeeded 3 min ago"))

    def test_failure(self):
        cases = [
            ((503, "down"), "server", 1, "the server answered 503", True),
            (refusal("invalid_client", 401), "config", 2, "the server does not accept the client", True),
            (refusal("invalid_grant"), "login_ended", 3, "the login has ended", False),
        ]
        for answer, outcome, status, words, again in cases:
            with self.subTest(outcome):
                self.server.answers["token"] = [answer]
                self.decline(status)
                told, row = self.last_refresh()
                self.assertEqual(told["outcome"], outcome)
                self.assertIn(words, told["error"])
                self.assertRegex(row, rf"\Afailed 3 min ago: .*{words}")
                self.assertEqual(self.AGAIN in row, again)

    def test_killed_worker(self):
        gate = Gate()
        self.server.before = [gate]
        run = self.held_run(gate)
        kill(worker_of(run))
        self.assertEqual(run.wait().status, 1)
        told, row = self.last_refresh()
        self.assertEqual(told, {"outcome": "unfinished"})
        self.assertRegex(row, rf"\Astarted 3 min ago and cut off\n\s*{self.AGAIN}\Z")
        self.hand_out()
        self.assertEqual(self.last_refresh()[0], {"outcome": "refreshed"})


class VeryLateAnswer(unittest.TestCase):
    """The answer comes after 30 s; they pass while the tests of the other classes run."""

    @classmethod
    def begin(cls) -> None:
        cls.server = unittest.enterModuleContext(RotatingProvider())
        cls.server.after = [lambda: time.sleep(30)]
        cls.program = logged_in(cls.server)
        unittest.addModuleCleanup(cls.program.close)
        cls.runs = [cls.program.as_grok(expired=True) for _ in range(3)]

    def test_costs_declined_runs_and_no_more(self):
        for run in self.runs:
            result = run.wait()
            self.assertEqual((result.status, result.stdout), (1, ""), result)
            self.assertLess(result.seconds, GROKS_PATIENCE)
        wait_until(lambda: self.program.state_json(".json")["generation"] == 2, "the worker does not save", 60)
        self.program.change_state_json(".json", lambda tokens: age(tokens, 600))
        result = self.program.as_grok(expired=True).wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "access-1"), result)
        self.assertEqual(len(self.server.sent()), 1)


def setUpModule() -> None:
    VeryLateAnswer.begin()


if __name__ == "__main__":
    unittest.main()
