"""A refresh that is killed at every point: killing the run loses nothing; killing its worker can lose the login only between
the server's commit and the save, the window of test_save_window.py."""

import collections
import os
import signal
import subprocess
import sys
import time
import unittest
from typing import Callable

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refreshing import wait_until  # noqa: E402
from storm import (  # noqa: E402
    PATIENCE,
    StoredInFile,
    StoredInKeyring,
    Worker,
    figure,
    print_figures,
    scaled,
    worker_of,
)

# The server takes its time before it commits itself and before it answers, so that a kill can hit both.
SERVER = {"delay_token_ms": 5, "delay_token_after_ms": 5}
PAST_THE_END = 1.3  # times what an undisturbed refresh takes
REFRESHES_PER_MEASUREMENT = 10

KILLS = {
    "SIGKILL": lambda run: run.kill(),
    "SIGTERM to its group": lambda run: os.killpg(run.pid, signal.SIGTERM),
    "its pipes closed": lambda run: (run.stdout.close(), run.stderr.close()),
}


def sweep(count: int, measure):
    """`count` delays from 0 to past the end of what `measure` says an undisturbed refresh takes, asked again and again."""
    for index in range(count):
        if index % REFRESHES_PER_MEASUREMENT == 0:
            whole = measure()
        yield whole * PAST_THE_END * index / (count - 1)


class KilledRunInFile(StoredInFile):
    count = scaled(short=42, long=360, sanitized=18)

    def test_loses_no_login(self):
        """The next headless run prints the new token, and one request was made in all: by the worker, which went on, or by
        that run, where the kill came before there was a worker."""
        self.provider.settings(**SERVER)
        moments = collections.Counter()
        for index, delay in enumerate(sweep(self.count, self.undisturbed)):
            moments[self.kill(list(KILLS)[index % len(KILLS)], delay)] += 1
        self.assertGreater(moments["before its worker"], 0, moments)
        self.assertGreater(moments["during the refresh"], 0, moments)
        told = ", ".join(f"{number} {moment}" for moment, number in moments.items())
        figure(f"killed runs ({self.where}): {self.count} refreshes, each run killed at another point ({told}): "
               "0 logins lost, 1 refresh request each, 0 reuse detections")

    def start(self) -> subprocess.Popen:
        """A headless run as Grok starts it, on pipes that can be closed."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [self.program.binary], env=self.environment_of(expired=True), start_new_session=True, **streams)

    def undisturbed(self) -> float:
        """How long a refresh takes."""
        self.expire()
        result = self.headless().wait(PATIENCE)
        self.assertEqual(result.status, 0, result)
        return result.seconds

    def kill(self, name: str, delay: float) -> str:
        """One killed refresh and the run after it. Says what the kill hit."""
        before = self.expire()
        with self.start() as run:
            time.sleep(delay)
            KILLS[name](run)
            status = run.wait(PATIENCE)
        self.wait_for_worker()
        asked = len(self.answers())
        result = self.headless().wait()
        self.assertEqual(result.status, 0, f"{name} after {delay * 1000:.0f} ms: {result}")
        after = self.stored()
        self.assertEqual(after["generation"], before["generation"] + 1)
        self.assertEqual(after["access_token"], result.json["access_token"])
        self.assertEqual(self.answers(), [200])
        self.assertEqual(self.provider.counters()["reuse_detections"], 0)
        if status == 0:
            return "answered all the same"
        return "during the refresh" if asked else "before its worker"


class KilledRunInKeyring(KilledRunInFile, StoredInKeyring):
    count = scaled(short=21, long=120, sanitized=9)


class KilledWorkerInFile(StoredInFile):
    count = scaled(short=30, long=300, sanitized=12)

    def test_loses_the_login_only_between_commit_and_save(self):
        self.provider.settings(**SERVER)
        moments = collections.Counter()
        for delay in sweep(self.count - 1, self.undisturbed):
            moments[self.kill(lambda worker, delay=delay: worker.wait(delay))] += 1
        self.assertGreater(moments["before the request"], 0, moments)
        with self.subTest("a kill that is certain to come where it does harm is seen to do so"):
            self.provider.settings(delay_token_after_ms=1000)
            self.assertEqual(self.kill(lambda _: wait_until(self.provider.requests, "no request comes", PATIENCE)), "lost")
            moments["lost"] += 1
        figure(f"killed workers ({self.where}): {self.count} refreshes, {moments['before the request']} killed before the "
               f"request and {moments['after the save']} after the save: 0 logins lost; {moments['lost']} killed in "
               "between, each when the server had renewed the login and nothing was saved: lost")

    def undisturbed(self) -> float:
        """How long a worker lives."""
        self.expire()
        run = self.headless()
        with worker_of(run) as worker:
            started = time.monotonic()
            self.assertTrue(worker.wait(PATIENCE))
            lived = time.monotonic() - started
        self.assertEqual(run.wait().status, 0)
        return lived

    def kill(self, moment: Callable[[Worker], object]) -> str:
        """One refresh whose worker is killed when `moment` returns, and the run after it. Says what that did."""
        before = self.expire()
        run = self.headless()
        with worker_of(run) as worker:
            moment(worker)
            worker.kill()
        run.wait()
        self.wait_for_worker()
        is_saved = self.stored()["generation"] > before["generation"]
        result = self.headless().wait()
        if result.status == 0:
            self.assertEqual(self.answers(), [200])
            self.assertEqual(self.stored()["generation"], before["generation"] + 1)
            return "after the save" if is_saved else "before the request"
        self.assertEqual(result.status, 3, result)
        self.assertFalse(is_saved, "a login is lost that had been saved")
        self.assertEqual(self.answers(), [200, "invalid_grant"], "a login is lost that the server had not renewed")
        self.begin_login()
        return "lost"


class KilledWorkerInKeyring(KilledWorkerInFile, StoredInKeyring):
    count = scaled(short=15, long=100, sanitized=8)


def tearDownModule() -> None:
    print_figures()


if __name__ == "__main__":
    unittest.main()
