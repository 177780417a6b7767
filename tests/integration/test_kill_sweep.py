"""A refresh that is killed at every point: killing the run loses nothing; killing its worker can lose the login only between
the server's commit and the save, and that window is measured."""

import collections
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Callable, NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refreshing import wait_until  # noqa: E402
from storm import (  # noqa: E402
    PATIENCE,
    StoredInFile,
    StoredInKeyring,
    Worker,
    figure,
    is_sanitized,
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


class Call(NamedTuple):
    """A system call as strace writes it."""

    name: str
    arguments: str
    result: int
    start: float
    end: float

    @property
    def opened(self) -> str:
        """The name of the file that it opens; empty when it opens none."""
        found = re.search(r'"(?:[^"]*/)?([^"/]*)", O_', self.arguments) if self.name.startswith("open") else None
        return found.group(1) if found else ""


CALL = re.compile(r"(\d+\.\d+) (\w+)\((.*)\) += (-?\d+).* <(\d+\.\d+)>")
READS = {"read", "recvfrom", "recvmsg"}
CHANGES = {"creat", "fallocate", "fdatasync", "fsync", "ftruncate", "link", "linkat", "mkdir", "mkdirat", "pwrite64"}
CHANGES |= {"pwritev", "rename", "renameat", "renameat2", "symlink", "symlinkat", "truncate", "unlink", "unlinkat"}
OTHER_WORK = {"connect", "execve", "execveat", "fork", "vfork", "nanosleep", "clock_nanosleep"}
# What it takes to read a file of the state folder, and memory.
READING = {"openat", "newfstatat", "geteuid", "read", "close", "brk", "mmap", "munmap", "mprotect", "madvise"}
# Threads of the libraries, and how they wake each other.
THREADS = {"clone3", "rseq", "set_robust_list", "rt_sigprocmask", "futex", "eventfd2", "poll", "write", "exit"}
# Of a sanitizer, which looks at memory through pipes and keeps threads' stacks.
SANITIZER = {"pipe", "pipe2", "gettid", "sigaltstack", "sched_yield", "prctl", "sched_getaffinity"}


class WindowInFile(StoredInFile):
    """From the answer's last byte in the worker's hands to the save: only what a SIGKILL hits in between is lost."""

    count = scaled(short=20, long=200, sanitized=5)
    changes = ["pwrite64", "ftruncate", "fsync", "renameat"]
    calls = READING | {"flock"}

    def is_saved(self, call: Call) -> bool:
        """Whether the new token set is safe from this call on."""
        return call.name == "renameat" and call.arguments.endswith('"test.json"')

    def test_is_short(self):
        """No bound on a time: a busy machine would break it. The figure says what it was."""
        looked_at = ",".join([*READS, "openat", "renameat"])
        windows = []
        for _ in range(self.count):
            calls = self.window("--seccomp-bpf", "-e", f"trace={looked_at}")
            windows.append((calls[-1].end - calls[0].end) * 1000)
        median, longest = statistics.median(windows), max(windows)
        figure(f"window between the answer's arrival and the save ({self.where}): median {median:.1f} ms, "
               f"longest {longest:.1f} ms of {self.count} refreshes under strace")

    def test_has_nothing_in_it_but_the_save(self):
        """No other file is opened or written, no process started; the server's connection is closed later, no other is made,
        and nobody waits."""
        calls = self.window()
        allowed = self.calls | set(self.changes) | (SANITIZER if is_sanitized() else set())
        self.assertEqual({call.name for call in calls} - allowed, set())
        self.assertEqual([call for call in calls if call.name == "write" and "eventfd" not in call.arguments], [])
        self.assertEqual({call.opened for call in calls[:-1]} - {""}, {"test.write.lock", "test.id", "test.json"})
        changes = [call for call in calls if call.name in CHANGES]
        self.assertEqual([call.name for call in changes], self.changes)
        self.assertEqual([call for call in changes if "test.json." not in call.arguments], [])
        self.assertEqual([call for call in calls[1:] if call.name in OTHER_WORK or "<TCP" in call.arguments], [])

    def window(self, *options: str) -> list[Call]:
        """What all threads did in one refresh, from the read that brought the end of the answer to the save."""
        self.expire()
        with tempfile.TemporaryDirectory(dir=self.program.folder) as folder:
            # A log for each thread: no call is cut in two by another's. No texts, no tokens. No search for leaks: it cannot
            # work in a traced process.
            command = ["strace", "-ff", "-ttt", "-T", "-yy", "-s", "0", *options, "-o", folder + "/log", self.program.binary]
            environment = {**self.environment_of(expired=True), "ASAN_OPTIONS": "detect_leaks=0"}
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
            text = "".join(log.read_text() for log in pathlib.Path(folder).iterdir())
        found = [CALL.match(line) for line in text.splitlines()]
        fields = [match.groups() for match in found if match]
        calls = [Call(name, arguments, int(result), float(start), float(start) + float(took))
                 for start, name, arguments, result, took in fields]
        answer = max((c for c in calls if c.name in READS and "<TCP" in c.arguments and c.result > 0), key=lambda c: c.end)
        saved = min((c for c in calls if c.start >= answer.end and self.is_saved(c)), key=lambda c: c.start)
        between = [c for c in calls if c.start >= answer.end and c.end <= saved.start]
        return [answer, *sorted(between, key=lambda c: c.start), saved]


class WindowInKeyring(WindowInFile, StoredInKeyring):
    """The save is a conversation with the keyring, after which the worker turns to the mirror and its record."""

    changes = []
    # libsecret's library for secret memory also asks for the process's times, as random numbers.
    calls = READING | THREADS | {"flock", "sendmsg", "recvmsg", "getrusage", "clock_gettime", "getpid"}

    def is_saved(self, call: Call) -> bool:
        return call.opened == "test.last" or str(self.program.runtime_folder) in call.arguments

    def test_has_nothing_in_it_but_the_save(self):
        super().test_has_nothing_in_it_but_the_save()
        with self.subTest("one keyring is asked"):
            asked = {call.arguments.split(",")[0] for call in self.window() if call.name in {"sendmsg", "recvmsg"}}
            self.assertEqual(len(asked), 1, asked)
            self.assertIn("<UNIX-STREAM:", asked.pop())


def tearDownModule() -> None:
    print_figures()


if __name__ == "__main__":
    unittest.main()
