"""A cached run, seen from the kernel: it reads what it needs, writes one answer, and does nothing else."""

import os
import pathlib
import re
import shutil
import sys
import unittest
from typing import NamedTuple

from offline import NO_LEAK_CHECK, OfflineTestCase
from program import PROFILE
from running import Result


class Call(NamedTuple):
    """A system call as strace writes it, with the paths of file descriptors."""

    name: str
    arguments: str
    result: str


NETWORK = {"socket", "socketpair", "connect", "bind", "listen", "sendto", "recvfrom", "sendmsg"}
PROCESSES = {"clone", "clone3", "fork", "vfork", "wait4", "waitid"}
LOCKS = {"flock"}
CHANGES = {"rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "link", "linkat", "symlink"}
CHANGES |= {"symlinkat", "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "chmod", "fchmod", "fchmodat", "creat"}
WRITES = {"write", "writev", "pwrite64", "pwritev", "sendfile", "copy_file_range", "splice"}


class HotPath(OfflineTestCase):
    """The stored token is fresh and was handed out before."""

    def setUp(self):
        super().setUp()
        if not shutil.which("strace"):
            reason = f"{self.id()}: strace is missing"
            if os.environ.get("CI"):
                self.fail(reason)
            print(f"\nskipped: {reason}", file=sys.stderr)
            self.skipTest(reason)

    def trace(self, *args: str, env: dict | None = None, streams: str = "") -> tuple[Result, list[Call]]:
        """Runs the program under strace, with `streams` redirected by the shell; the calls are those of the program."""
        log = self.program.folder / "calls"
        binary = self.program.binary
        self.program.binary = shutil.which("strace")
        try:
            options = ["-f", "-y", "-s", "4096", "-o", str(log), "sh", "-c", f'exec "$@" {streams}', "sh"]
            result = self.program.run(*options, binary, *args, env={**NO_LEAK_CHECK, **(env or {})})
        finally:
            self.program.binary = binary
        lines = log.read_text(errors="replace").splitlines()
        found = [re.match(r"\d+ +(\w+)\((.*?)(?:\) += (.*)| <unfinished \.\.\.>)$", line) for line in lines]
        calls = [Call(*match.groups(default="")) for match in found if match]
        (start,) = [i for i, call in enumerate(calls) if call.name == "execve" and f'"{binary}", [' in call.arguments]
        self.assertGreater(len(calls) - start, 50)
        return result, calls[start + 1 :]

    def assertHot(self, calls: list[Call], answer: str):
        """Requires that nothing was done but reading files and writing `answer` to standard output in one piece."""
        names = {call.name for call in calls}
        self.assertFalse(names & (NETWORK | PROCESSES | LOCKS | CHANGES | {"execve", "execveat"}), names)
        self.assertFalse([call for call in calls if call.name == "fcntl" and "LK" in call.arguments])
        # The undefined-behaviour sanitizer looks at memory through pipes of its own.
        writes = [call for call in calls if call.name in WRITES and not re.match(r"([3-9]|\d\d+)<pipe:", call.arguments)]
        self.assertEqual(len(writes), 1, writes)
        self.assertRegex(writes[0].arguments, r"^1<")
        self.assertEqual(int(writes[0].result), len(answer))
        opened = [call for call in calls if call.name in ("open", "openat", "openat2") and not call.result.startswith("-1")]
        self.assertEqual([call for call in opened if "O_RDONLY" not in call.arguments], [])
        self.assertEqual([call for call in opened if re.search("O_CREAT|O_TRUNC", call.arguments)], [])
        self.assertEqual([call for call in calls if re.search(r"\.lock|containerenv|dockerenv|xdg-open", call.arguments)], [])
        self.assertEqual([call for call in opened if re.search("certs|resolv|nsswitch|hosts", call.arguments)], [])

    def state_files(self) -> dict[str, tuple]:
        """What the state folder holds: contents, inode and time of the last change of each file."""
        files = pathlib.Path(self.program.state_folder).iterdir()
        return {file.name: (file.read_bytes(), file.stat().st_ino, file.stat().st_mtime_ns) for file in files}

    def test_cached(self):
        """JSON, the bare token, a named profile, and Grok's headless run that finds a token it cannot have seen."""
        self.store(age=10)
        before = self.state_files()
        self.assertEqual(set(before), {f"{PROFILE}.json", f"{PROFILE}.id", f"{PROFILE}.last"})
        for args, env in [
            ([], {}),
            (["token", "--bare"], {}),
            (["--profile", PROFILE, "--no-interactive"], {}),
            ([], {"GROK_AUTH_EXPIRED": "1"}),
        ]:
            with self.subTest(args=args, env=env):
                result, calls = self.trace(*args, env=env)
                self.assertEqual((result.status, result.stderr), (0, ""), result)
                self.assertHot(calls, result.stdout)
        self.assertEqual(self.state_files(), before)

    def test_status(self):
        """`status` touches no more than a cached run, with a token that is long expired too."""
        self.store(age=9000)
        before = self.state_files()
        result, calls = self.trace("status", "--json")
        self.assertEqual((result.status, result.json["status"]), (0, "connected"), result)
        self.assertHot(calls, result.stdout)
        self.assertEqual(self.state_files(), before)

    def test_closed_streams(self):
        """No file of the program takes the place of a standard stream that is closed."""
        self.store()
        for streams in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]:
            with self.subTest(streams):
                _, calls = self.trace(streams=streams)
                mine = [call for call in calls if call.name == "openat" and "/grok-auth" in call.result]
                self.assertGreaterEqual(len(mine), 3, calls)  # the configuration, the folder, the token set
                self.assertEqual([call for call in mine if re.match("[012]<", call.result)], [])

    def test_a_refresh_would_be_seen(self):
        """The same look at a run that must refresh finds the lock, the second process and the socket."""
        self.store(age=9000)
        result, calls = self.trace(env={"GROK_AUTH_EXPIRED": "1"})
        self.assertFails(result, 1)
        names = {call.name for call in calls}
        for kind in (NETWORK, PROCESSES, LOCKS, CHANGES, {"execve"}):
            self.assertTrue(names & kind, f"none of {kind} in {names}")
        self.assertTrue([call for call in calls if ".lock" in call.arguments])


if __name__ == "__main__":
    unittest.main()
