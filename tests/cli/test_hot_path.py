"""A cached run, seen from the kernel: it looks at what it needs, writes one answer, and does nothing else."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
from typing import NamedTuple

from offline import NO_LEAK_CHECK, OfflineTestCase
from program import PROFILE, config_for, is_sanitized
from running import Result


class Call(NamedTuple):
    """A system call as strace writes it, with the paths of file descriptors."""

    name: str
    arguments: str
    result: str

    @property
    def path(self) -> str:
        """The path that it names, without the number of a process; empty when it names none."""
        folder = r"(?:AT_FDCWD|\d+)" if self.name in LOOKS else "AT_FDCWD"
        match = re.match(rf'(?:{folder}<([^>]*)>, )?"([^"]*)"', self.arguments)
        if not match or not match[2] or self.name == "getrandom":
            return ""
        return re.sub(r"^/proc/\d+/", "/proc/PID/", os.path.join(match[1] or "", match[2]))


NETWORK = {"socket", "socketpair", "connect", "bind", "listen", "sendto", "recvfrom", "sendmsg"}
PROCESSES = {"clone", "clone3", "fork", "vfork", "wait4", "waitid"}
LOCKS = {"flock"}
CHANGES = {"rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "link", "linkat", "symlink"}
CHANGES |= {"symlinkat", "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "chmod", "fchmod", "fchmodat", "creat"}
LOOKS = {"openat", "openat2", "faccessat", "faccessat2", "newfstatat", "statx", "readlinkat"}  # beside a descriptor
WRITES = {"write", "writev", "pwrite64", "pwritev", "sendfile", "copy_file_range", "splice"}


HOST = "git.example"
REQUEST = f"protocol=https\nhost={HOST}\n\n"
# What a cached run is for: JSON, the bare token, a named profile, Grok's headless run that finds a token it cannot have seen,
# and git's helper.
RUNS = [
    ([], {}, None),
    (["token", "--bare"], {}, None),
    (["--profile", PROFILE, "--no-interactive"], {}, None),
    ([], {"GROK_AUTH_EXPIRED": "1"}, None),
    (["credential", "get"], {}, REQUEST),
]
# malloc's own, for addresses that cannot be guessed; who makes keys or a TLS context takes more.
RANDOM_BYTES = 8
# What the sanitizers look at before `main`.
SANITIZER = {f"/proc/self/{name}" for name in ("exe", "cmdline", "environ", "maps")}


class HotPath(OfflineTestCase):
    """The stored token is fresh and was handed out before."""

    def setUp(self):
        super().setUp()
        self.program.configure(config_for(self.provider) + f'[profile.{PROFILE}.git]\nhosts = ["{HOST}"]\n')
        if not shutil.which("strace"):
            reason = f"{self.id()}: strace is missing"
            if os.environ.get("CI"):
                self.fail(reason)
            print(f"\nskipped: {reason}", file=sys.stderr)
            self.skipTest(reason)

    def trace(
        self, *args: str, env: dict | None = None, streams: str = "", stdin: str | None = None
    ) -> tuple[Result, list[Call]]:
        """Runs the program under strace, with `streams` redirected by the shell; the calls are those of the program."""
        log = self.program.folder / "calls"
        binary = self.program.binary
        self.program.binary = shutil.which("strace")
        try:
            options = ["-f", "-y", "-s", "4096", "-o", str(log), "sh", "-c", f'exec "$@" {streams}', "sh"]
            result = self.program.run(*options, binary, *args, env={**NO_LEAK_CHECK, **(env or {})}, stdin=stdin)
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

    def assertLooksAt(self, calls: list[Call], paths: set[str]):
        """Requires that these paths were looked at, and beside them nothing but what the dynamic loader needs."""
        binary = self.program.binary
        loaded = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
        loader = {"/etc/ld.so.preload", "/etc/ld.so.cache", *re.findall(r"(/\S+) \(", loaded)}
        looked_at = {call.path for call in calls} - {""} - loader
        if is_sanitized():
            looked_at -= SANITIZER
        self.assertEqual(looked_at, paths)
        self.assertEqual([call for call in calls if call.name == "getrandom" and int(call.result) > RANDOM_BYTES], [])

    def looks(self, args: list[str], mirrored: bool) -> set[str]:
        """All that a cached run looks at."""
        state, runtime = str(self.program.state_folder), f"{self.program.runtime_folder}/grok-auth"
        paths = {
            "/etc/localtime",  # Poco's library asks for the time zone as soon as it is loaded
            "/dev/null",  # opened until the standard streams are known to be open
            f"{self.program.config_folder}/config.toml",  # which profile, whose login, how long a token must be good for
            str(self.program.runtime_folder),  # whether a copy of the token would be private and in memory
            state,  # whether others could have written what is in it
            f"{state}/{PROFILE}.last",  # which tokens were refused, which one is the newest
            f"{state}/{PROFILE}.id",  # which login it is, and where it is kept
            f"{state}/{PROFILE}.json",  # the token; beside a mirror: one that waits for the keyring would come first
        }
        if "credential" in args:
            paths.add("/proc/PID/comm")  # whether sshd is its parent, with which it would end
        if mirrored:
            paths |= {runtime, f"{runtime}/{PROFILE}"}  # the token, in a folder that others could not have written to
        return paths

    def store_mirrored(self, **changes) -> None:
        """A login of the keyring, as the mirror and the state folder have it. There is no keyring to be asked."""
        tokens = self.token_set(**changes, store="libsecret", refresh_token=None, account=None)
        self.store(**changes)
        (self.program.state_folder / f"{PROFILE}.json").unlink()
        self.program.write_state(f"{PROFILE}.id", json.dumps({"store_id": tokens["store_id"], "store": "libsecret"}))
        mirror = self.program.runtime_folder / "grok-auth" / PROFILE
        mirror.parent.mkdir(mode=0o700)
        mirror.write_text(json.dumps(tokens))
        mirror.chmod(0o600)

    def state_files(self) -> dict[str, tuple]:
        """What the state folder holds: contents, inode and time of the last change of each file."""
        files = pathlib.Path(self.program.state_folder).iterdir()
        return {file.name: (file.read_bytes(), file.stat().st_ino, file.stat().st_mtime_ns) for file in files}

    def test_cached(self):
        self.store(age=10)
        before = self.state_files()
        self.assertEqual(set(before), {f"{PROFILE}.json", f"{PROFILE}.id", f"{PROFILE}.last"})
        self.check_runs(mirrored=False)
        self.assertEqual(self.state_files(), before)

    def test_mirrored(self):
        """Of a login in the keyring, which nobody asks."""
        self.store_mirrored(age=10)
        before = self.state_files()
        self.assertEqual(set(before), {f"{PROFILE}.id", f"{PROFILE}.last"})
        self.check_runs(mirrored=True)
        self.assertEqual(self.state_files(), before)

    def check_runs(self, mirrored: bool) -> None:
        bus = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.program.folder}/no-bus"}
        for args, env, stdin in RUNS:
            with self.subTest(args=args, env=env):
                result, calls = self.trace(*args, env={**bus, **env}, stdin=stdin)
                self.assertEqual((result.status, result.stderr), (0, ""), result)
                self.assertHot(calls, result.stdout)
                self.assertLooksAt(calls, self.looks(args, mirrored))

    def test_without_configuration(self):
        """Whoever signs in to xAI needs none, and Grok's own is read only for a profile that nobody has chosen."""
        self.store(issuer="https://auth.x.ai", client_id="b1a00492-073a-47ea-816f-4c329264a828")
        for file in list(self.program.state_folder.iterdir()):
            file.rename(file.with_stem("xai"))
        shutil.rmtree(self.program.config_folder)
        looks = {path.replace(f"/{PROFILE}.", "/xai.") for path in self.looks([], mirrored=False)}
        for args, more in (["--profile", "xai"], set()), ([], {f"{self.program.home}/.grok/config.toml"}):
            with self.subTest(args=args):
                result, calls = self.trace(*args)
                self.assertEqual((result.status, result.stderr), (0, ""), result)
                self.assertHot(calls, result.stdout)
                self.assertLooksAt(calls, looks | more)

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
