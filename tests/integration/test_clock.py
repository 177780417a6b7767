"""A wall clock that jumps, and a machine that sleeps in the middle of a request: at worst one extra refresh, never a
sign-in, never a lost login."""

import glob
import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refreshing import Gate, ScriptedRefreshTestCase, stop, wait_until, worker_of  # noqa: E402
from running import Running  # noqa: E402

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), "")
SECOND, HOUR, DAY = 1, 3600, 86400


class ClockTestCase(ScriptedRefreshTestCase):
    """A program whose clock a test can set, even while it runs. It has just been refreshed: `access-1`."""

    def setUp(self) -> None:
        super().setUp()
        if not LIBRARY:
            self.assertFalse(os.environ.get("CI"), "libfaketime is not installed")
            self.skipTest("libfaketime is not installed")
        self.offset = 0
        self.jump(0)
        self.hand_out("access-1", env=self.clock)

    def jump(self, seconds: int) -> None:
        """Sets the clock forward, or back."""
        self.offset += seconds
        fresh = self.program.folder / "clock.new"
        fresh.write_text(f"{self.offset:+d}")
        fresh.rename(self.program.folder / "clock")

    @property
    def clock(self) -> dict[str, str]:
        """The environment that makes it the program's."""
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self.program.folder / "clock"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # The sanitizer wants to be loaded first.
            "ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"])),
        }

    def assert_works(self, refreshes: int) -> None:
        """Requires that every kind of run prints the same token, with so many refreshes or fewer."""
        before = len(self.server.sent())
        printed = {self.hand_out(expired=expired, env=self.clock).json["access_token"] for expired in (False, True, False)}
        self.assertEqual(len(printed), 1)
        self.assertLessEqual(len(self.server.sent()) - before, refreshes)
        self.assertEqual(self.server.seen("device"), [], "a sign-in was begun")
        self.assertEqual(self.program.run("status", "--json", env=self.clock).json["status"], "connected")
        self.assertNotRegex(self.program.run("status", env=self.clock).stdout, r"-\d+ (s|min|h|d)\b")


class Jumps(ClockTestCase):
    def test_the_clock_is_the_program_s(self):
        """Else the other tests would prove nothing."""
        self.jump(10 * DAY)
        self.program.run("refresh", env=self.clock)
        self.assertAlmostEqual(self.program.state_json(".json")["minted_at"] - time.time(), 10 * DAY, delta=HOUR)

    def test_between_two_runs(self):
        for seconds in (DAY, -DAY, -2 * SECOND, -DAY, DAY, HOUR, -HOUR):
            with self.subTest(seconds):
                self.jump(seconds)
                self.assert_works(refreshes=1)

    def test_token_from_the_future(self):
        """Nobody knows how old it is: it is replaced."""
        self.jump(-DAY)
        self.hand_out("access-2", expired=False, env=self.clock)

    def test_while_the_server_thinks(self):
        """The answer counts from the request, unless that is in the future by now."""
        for seconds, refreshes in ((DAY, 1), (-DAY, 0), (-2 * SECOND, 0)):
            with self.subTest(seconds):
                self.server.after = [lambda: self.jump(seconds)]
                self.assertEqual(self.program.run("refresh", env=self.clock).status, 0)
                self.assert_works(refreshes=refreshes)

    def test_while_runs_wait(self):
        """Their budgets are of the clock that nobody sets."""
        for seconds in (DAY, -DAY):
            with self.subTest(seconds):
                self.jump(2 * HOUR)  # the token has expired
                before = len(self.server.sent())
                gate = Gate()
                self.server.before = [gate]
                runs = [self.program.as_grok(expired=True, env=self.clock) for _ in range(3)]
                gate.wait_until_reached()
                self.jump(seconds)
                gate.open()
                results = [run.wait() for run in runs]
                self.assertEqual([result.status for result in results], [0] * 3, results)
                # Ahead, the new token seems to have expired on its way, and is renewed once more.
                self.assertEqual(len({result.json["access_token"] for result in results}), 1)
                self.assertLessEqual(len(self.server.sent()) - before, 2 if seconds > 0 else 1)


class Sleep(ClockTestCase):
    """The machine is suspended while a request is out, and wakes up hours later."""

    def setUp(self) -> None:
        super().setUp()
        self.jump(2 * HOUR)
        self.gate = Gate()

    def start_and_suspend(self, expired: bool) -> tuple[Running, list[int]]:
        """A run that refreshes, and its processes, which are stopped."""
        run = self.held_run(self.gate, expired=expired, env=self.clock)
        pids = [run.pid, worker_of(run)]
        for pid in pids:
            stop(self, pid)
        return run, pids

    def wake_up(self, pids: list[int]) -> None:
        self.jump(8 * HOUR)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def test_answered_meanwhile(self):
        """The answer waits in the machine: it is saved. Its token has expired in the night, and is renewed at once."""
        self.server.after = [self.gate]
        before = self.server.answered
        run, pids = self.start_and_suspend(expired=False)
        self.gate.open()
        wait_until(lambda: self.server.answered > before, "the server does not answer")
        self.wake_up(pids)
        result = run.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "access-3"), result)
        self.assertEqual(self.server.sent()[-1], "refresh-2")
        self.assert_works(refreshes=0)

    def test_connection_broken_meanwhile(self):
        """The next run tries again with the same refresh token."""

        def cut() -> None:
            self.gate()
            raise ConnectionResetError

        self.server.before = [cut]
        run, pids = self.start_and_suspend(expired=True)
        self.gate.open()
        self.wake_up(pids)
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        wait_until(lambda: self.program.state_json(".last")["last_refresh"]["attempt"] == 2, "the worker does not end")
        self.hand_out("access-2", env=self.clock)
        self.assertEqual(self.server.sent(), ["stored-refresh-token", "refresh-1", "refresh-1"])
        self.assert_works(refreshes=0)


if __name__ == "__main__":
    unittest.main()
