"""`grok-auth exec`: the command that it becomes, the token that it gets, and what is left of grok-auth in its process."""

import contextlib
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import ProgramTestCase  # noqa: E402
from refreshing import wait_until  # noqa: E402
from running import Result  # noqa: E402

KEY = "XAI_API_KEY"
PRINT_KEY = ("sh", "-c", f"printf %s ${KEY}")
LOOP = "echo ready; while :; do sleep 0.02; done"


class ExecTestCase(ProgramTestCase):
    """Somebody is signed in; `token` is what was handed out then."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.program.sign_in(self.provider)["access_token"]
        self.provider.reset()

    def age(self, seconds: int = 7200) -> None:
        """Makes the stored token older, so that it has expired or has less left."""
        def change(tokens: dict) -> None:
            tokens["minted_at"] -= seconds
            tokens["expires_at"] -= seconds
        self.program.change_state_json(".json", change)

    def new_token(self) -> str:
        """What the one refresh since the last reset brought."""
        requests = self.provider.requests("token")
        self.assertEqual([request["form"]["grant_type"] for request in requests], ["refresh_token"])
        return requests[0]["answer"]["access_token"]

    def exec(self, *args: str, **options) -> Result:
        return self.program.run("exec", *args, **options)


class Token(ExecTestCase):
    def test_stored(self):
        for marker in (None, "1"):
            with self.subTest(GROK_AUTH_EXPIRED=marker):
                result = self.exec("--", *PRINT_KEY, env={"GROK_AUTH_EXPIRED": marker})
                self.assertEqual(result[:3], (0, self.token, ""))
        self.assertEqual(self.provider.requests(), [])

    def test_expired(self):
        self.age()
        result = self.exec(*PRINT_KEY)
        self.assertEqual(result[:3], (0, self.new_token(), ""))
        self.assertNotEqual(result.stdout, self.token)

    def test_minimal_validity_in_full(self):
        """The server's tokens last an hour. After 10 minutes 50 are left, which the default and 45 are content with."""
        self.age(600)
        for options in ((), ("--min-validity", "2700")):
            self.assertEqual(self.exec(*options, *PRINT_KEY)[:3], (0, self.token, ""))
        self.assertEqual(self.exec("--min-validity=3300", *PRINT_KEY)[:3], (0, self.new_token(), ""))

    def test_minimal_validity_that_no_token_has(self):
        """A warning, and no refresh, which would be in vain each time."""
        result = self.exec("--min-validity=7200", *PRINT_KEY)
        self.assertEqual((result.status, result.stdout), (0, self.token))
        self.assertRegex(result.stderr, r"\Agrok-auth: warning: the token lasts (1 h|59 min), and 2 h were asked for: "
                                        r"the server gives none that lasts so long\n\Z")
        self.assertEqual(self.provider.requests(), [])

    def test_nobody_signed_in(self):
        self.program.run("logout")
        mark = self.program.folder / "ran"
        result = self.exec("touch", str(mark))
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertRegex(result.stderr, r"error: nobody is signed in\n.*hint: sign in with 'grok-auth login --profile test'")
        self.assertFalse(mark.exists())

    def test_login_that_has_ended(self):
        self.provider.revoke_all()
        self.age()
        result = self.exec(*PRINT_KEY)
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertIn("error: the login has ended", result.stderr)

    def test_nobody_else_sees_it(self):
        """The token is in the environment of the command, of no other process, and in no command line."""
        run = self.program.start("exec", "sleep", "30", env={KEY: "old"})
        self.addCleanup(run.end)
        process = pathlib.Path(f"/proc/{run.pid}")
        wait_until(lambda: (process / "comm").read_text() == "sleep\n", "the command was not started")
        found = []
        for file in [*pathlib.Path("/proc").glob("[0-9]*/environ"), *pathlib.Path("/proc").glob("[0-9]*/cmdline")]:
            with contextlib.suppress(OSError):  # it has ended
                if self.token.encode() in file.read_bytes():
                    found.append(file)
        self.assertEqual(found, [process / "environ"])
        keys = [entry for entry in found[0].read_bytes().split(b"\0") if entry.startswith(KEY.encode())]
        self.assertEqual(keys, [f"{KEY}={self.token}".encode()])


class Command(ExecTestCase):
    def test_status(self):
        self.assertEqual(self.exec("sh", "-c", "exit 7").status, 7)
        self.assertEqual(self.exec("sh", "-c", "kill -9 $$").status, -9)

    def test_streams(self):
        self.assertEqual(self.exec("--", "cat", stdin="in\nand out\n").stdout, "in\nand out\n")
        self.assertEqual(self.exec("sh", "-c", "echo out; echo err >&2")[:3], (0, "out\n", "err\n"))

    def test_arguments(self):
        result = self.exec("--profile", "test", "--", "printf", "%s|", "--profile", "", "a b", "--", "é\n")
        self.assertEqual(result[:3], (0, "--profile||a b|--|é\n|", ""))

    def test_same_process(self):
        run = self.program.start("exec", "sh", "-c", "echo $$")
        self.assertEqual(run.wait().stdout, f"{run.pid}\n")

    def test_signals_reach_it(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            with self.subTest(number):
                name = number.name.removeprefix("SIG")
                run = self.program.start("exec", "sh", "-c", f"trap 'echo trapped; exit 5' {name}; {LOOP}")
                run.wait_for("ready", stream="stdout")
                run.signal(number)
                self.assertEqual(run.wait()[:2], (5, "ready\ntrapped\n"))
                run = self.program.start("exec", "sh", "-c", LOOP)
                run.wait_for("ready", stream="stdout")
                run.signal_group(number)
                self.assertEqual(run.wait().status, -number)

    def test_keyboard(self):
        run = self.program.as_tty("exec", "sh", "-c", f"trap 'echo trapped; exit 5' INT; tty; {LOOP}")
        run.wait_to_see("/dev/pts/")
        run.wait_to_see("ready")
        run.type("\x03")
        self.assertEqual(run.wait().status, 5)
        self.assertIn("trapped", run.stdout)

    def test_signal_before_it_starts(self):
        """While the token is renewed there is no command yet: the run ends as grok-auth does."""
        self.age()
        self.provider.settings(delay_token_ms=1500)
        mark = self.program.folder / "ran"
        run = self.program.start("exec", "touch", str(mark))
        wait_until(lambda: self.provider.requests("token"), "nothing was asked")
        run.signal(signal.SIGTERM)
        self.assertEqual(run.wait()[:2], (143, ""))
        self.assertFalse(mark.exists())

    def test_cannot_be_run(self):
        locked = self.program.folder / "locked"
        locked.write_text("#!/bin/sh\n")
        for name, status, why in (
            ("no-such-command", 127, "No such file or directory"),
            (str(self.program.folder / "missing"), 127, "No such file or directory"),
            (str(locked), 126, "Permission denied"),
            (str(self.program.folder), 126, "Permission denied"),
        ):
            with self.subTest(name):
                result = self.exec("--", name)
                plain = subprocess.run(["env", name], capture_output=True, stdin=subprocess.DEVNULL)
                self.assertEqual((result.status, result.stdout), (status, ""), result)
                self.assertEqual(plain.returncode, status)
                self.assertTrue(result.stderr.startswith(f"grok-auth: error: '{name}' cannot be run: {why}\n"), result.stderr)
                self.assertNotIn(self.token, result.stderr)

    def test_script_without_a_first_line(self):
        """As by execvp(3), a shell runs it."""
        script = self.program.folder / "script"
        script.write_text(f"printf %s ${KEY}\n")
        script.chmod(0o755)
        self.assertEqual(self.exec(str(script)).stdout, self.token)


class Inheritance(ExecTestCase):
    """The same commands, from the same callers, with grok-auth in between and without."""

    CALLERS = {
        "ordinary": lambda: None,
        "core files without limit": lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2),
        "small core files": lambda: resource.setrlimit(resource.RLIMIT_CORE, (4096, 8192)),
        "no core files": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        "no standard input": lambda: os.close(0),
        "neither input nor errors": lambda: (os.close(0), os.close(2)),
        "ignored signals": lambda: [signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGPIPE, signal.SIGHUP)],
        "blocked signals": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE}),
        "a mask, a priority, an open file": lambda: (os.umask(0o27), os.nice(3), os.dup2(1, 9), os.dup2(1, 77)),
    }
    ENVIRONMENT = {KEY: "old", "SECRET_BACKEND": "file", "SECRET_SERVICE_BUS_NAME": "", "GROK_AUTH_EXPIRED": "1", "EMPTY": ""}
    PROBES = (
        ("cat", "/proc/self/status", "/proc/self/limits"),
        ("find", "/proc/self/fd/", "-printf", "%f %l\n"),
        ("grep", "-rHs", "flags", "/proc/self/fdinfo"),
        ("env", "-0"),
        ("sh", "-c", 'read -r own </proc/$$/task/$$/children; echo "children: $own"; ps -o ppid=,pgid=,sid=,tty=,ni= $$; pwd'),
    )

    def observe(self, prepare, *command: str) -> str:
        """What the command says, without what cannot be the same."""
        # AddressSanitizer lowers the limit of core files itself, before the program begins.
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":disable_coredump=0"
        environment = {**self.program.environment, **self.ENVIRONMENT, "ASAN_OPTIONS": sanitizer}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        run = subprocess.run(command, env=environment, preexec_fn=prepare, cwd=self.program.folder, **streams)
        text = re.sub(r"(?m)^(Pid|SigQ|FDSize|Tgid|Ngid|NStgid|NSpid|NSpgid|NSsid|Vm\w+|Rss\w+|Hugetlb\w+|\w*ctxt_switches|Mems_\w+|Cpus_\w+):.*\n",
                      "", run.stdout.decode())
        text = re.sub(r"pipe:\[\d+\]|/proc/\d+/fd\w*", "...", text)
        return "\n".join(sorted(re.split("[\n\0]", text)))

    def compare(self, before_each) -> None:
        for name, prepare in self.CALLERS.items():
            for probe in self.PROBES:
                with self.subTest(name, probe=probe[0]):
                    plain = self.observe(prepare, *probe)
                    before_each()
                    through = self.observe(prepare, self.program.binary, "exec", "--", *probe)
                    token = self.program.state_json(".json")["access_token"]
                    self.assertIn(f"{KEY}=old" if probe[0] == "env" else "", plain)
                    self.assertEqual(through, plain.replace(f"{KEY}=old", f"{KEY}={token}"))

    def test_with_a_stored_token(self):
        self.compare(lambda: None)

    def test_with_a_new_token(self):
        """The run has waited for a worker, and watched signals meanwhile."""
        self.compare(self.age)
        self.assertEqual(len(self.provider.requests("token")), len(self.CALLERS) * len(self.PROBES))

    def test_children_of_the_caller_stay(self):
        """A shell that execs grok-auth may have begun something in the background."""
        self.age()
        script = f'sleep 0.4 & exec "{self.program.binary}" exec -- sh -c \'read -r own </proc/$$/task/$$/children; echo "$own"\''
        run = subprocess.run(["sh", "-c", script], env=self.program.environment, capture_output=True, text=True)
        self.assertRegex(run.stdout, r"\A\d+ ?\n\Z")


if __name__ == "__main__":
    unittest.main()
