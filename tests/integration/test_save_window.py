"""The window in which a SIGKILL loses the login: from the answer's arrival to the save. What is done in it, and how long it
takes."""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import unittest
from typing import NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import is_sanitized  # noqa: E402
from storm import StoredInFile, StoredInKeyring, figure, print_figures, scaled  # noqa: E402


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
        if is_sanitized():  # looks at memory through pipes of its own
            calls = [call for call in calls if not (call.name == "write" and "<pipe:" in call.arguments)]
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
