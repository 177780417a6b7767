"""Refreshing: one request per expiry, budgets kept, answers never lost, and what ends a login."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import Program, ProgramTestCase  # noqa: E402
from scripted_provider import ScriptedProvider, refusal, tokens  # noqa: E402


def age(token_set: dict, seconds: int = 7200) -> None:
    token_set["minted_at"] -= seconds
    token_set["expires_at"] -= seconds


def is_worker(pid: str, parent: int) -> bool:
    """Whether the process is a refresh worker that `parent` started."""
    try:
        with open(f"/proc/{pid}/stat") as stat, open(f"/proc/{pid}/cmdline") as command:
            return int(stat.read().rsplit(")", 1)[1].split()[1]) == parent and "--worker" in command.read()
    except OSError:
        return False


class RealServer(ProgramTestCase):
    provider_settings = {"interval": 1}

    def setUp(self) -> None:
        super().setUp()
        self.first = self.program.sign_in(self.provider)
        self.program.change_state_json(".json", age)
        self.provider.reset()

    def refreshes(self) -> int:
        return len(self.provider.requests("token"))

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
        for name, kill in (("SIGKILL", lambda run: run.signal(signal.SIGKILL)),
                           ("group", lambda run: run.signal_group(signal.SIGTERM))):
            with self.subTest(name):
                self.provider.settings(delay_token_after_ms=1500)
                self.provider.reset()
                run = self.program.as_grok(expired=True)
                while not self.refreshes():
                    time.sleep(0.01)
                kill(run)
                run.wait()
                time.sleep(2)
                result = self.program.as_grok(expired=True).wait()
                self.assertEqual(result.status, 0, result)
                self.assertEqual(self.refreshes(), 1)
                self.program.change_state_json(".json", age)
        self.assertEqual(self.provider.counters()["reuse_detections"], 0)

    def test_terminated_worker_loses_nothing(self):
        """A shutdown sends SIGTERM to every process, the worker too: it finishes first."""
        self.provider.settings(delay_token_after_ms=1500)
        run = self.program.as_grok(expired=True)
        while not self.refreshes():
            time.sleep(0.01)
        [worker] = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_worker(pid, run.pid)]
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

    def test_slow_server_costs_one_declined_run(self):
        """Slower than the headless budget: the run gives up in time, the worker does not, the next run needs no request."""
        self.provider.settings(delay_token_after_ms=6000)
        result = self.program.as_grok(expired=True).wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertLess(result.seconds, 4.6)
        self.assertIn("the refresh goes on in the background", result.stderr)
        time.sleep(2.5)
        result = self.program.as_grok(expired=True).wait()
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.refreshes(), 1)

    def test_late_token_is_handed_out_even_much_later(self):
        self.provider.settings(delay_token_after_ms=5000)
        self.assertEqual(self.program.as_grok(expired=True).wait().status, 1)
        time.sleep(1.5)
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

    def test_stopped_holder_of_the_lock_does_not_block_for_ever(self):
        lock = self.program.state_folder / "test.lock"
        script = "import fcntl,sys,time; f=open(sys.argv[1],'w'); fcntl.flock(f,fcntl.LOCK_EX); print('held',flush=True); time.sleep(60)"
        holder = subprocess.Popen([sys.executable, "-c", script, str(lock)], stdout=subprocess.PIPE, text=True)
        try:
            holder.stdout.readline()
            result = self.program.as_grok(expired=True).wait()
            self.assertEqual((result.status, result.stdout), (1, ""), result)
            self.assertLess(result.seconds, 4.7)
        finally:
            holder.kill()
            holder.wait()
            holder.stdout.close()
        self.assertEqual(self.program.as_grok(expired=True).wait().status, 0)

    def test_sign_out_during_a_refresh_drops_and_revokes_the_answer(self):
        self.provider.settings(delay_token_after_ms=1500)
        before = self.provider.counters()["live_refresh_tokens"]
        run = self.program.as_grok(expired=True)
        while not self.refreshes():
            time.sleep(0.01)
        for suffix in (".id", ".json"):  # what a logout does that did not get the refresh lock in time
            (self.program.state_folder / f"test{suffix}").unlink()
        self.program.write_state("test.id", json.dumps({"store_id": "another", "store": "file"}))
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertIsNone(self.program.state("test.json"))
        self.assertEqual(self.provider.counters()["live_refresh_tokens"], before - 1)

    def test_lost_id_file_does_not_lose_the_answer(self):
        (self.program.state_folder / "test.id").unlink()
        self.assertEqual(self.program.as_grok(expired=True).wait().status, 0)
        self.assertEqual(self.program.state_json(".id")["store_id"], self.program.state_json(".json")["store_id"])

    def test_nothing_is_sent_when_nothing_can_be_saved(self):
        """A full disk is noticed before the refresh token is used."""
        small = self.program.folder / "small"
        small.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(small)],
                          stderr=subprocess.DEVNULL).returncode:
            self.assertFalse(os.environ.get("CI"), "a tmpfs cannot be mounted")
            self.skipTest("a tmpfs cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(small)], check=True)
        state = small / "grok-auth"
        state.mkdir(mode=0o700)
        for name in ("test.json", "test.id", "test.last"):
            (state / name).write_text(self.program.state(name))
            (state / name).chmod(0o600)
        before = (state / "test.json").read_text()
        result = self.program.as_grok(expired=True, env={"XDG_STATE_HOME": str(small)}).wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertIn("No space left on device", result.stderr)
        self.assertEqual(self.refreshes(), 0)
        self.assertEqual((state / "test.json").read_text(), before)


class ScriptedAnswers(unittest.TestCase):
    """What an answer does to the login: kept or ended, status, and what the person is told."""

    CASES = [
        ("invalid_grant", refusal("invalid_grant"), True, 3, "the login has ended"),
        ("invalid_grant with 401", refusal("invalid_grant", 401), True, 3, "the login has ended"),
        ("invalid_grant with 500", refusal("invalid_grant", 500), False, 1, "the server answered 500"),
        ("invalid_client", refusal("invalid_client", 401), False, 2, "does not accept the client"),
        ("access_denied", refusal("access_denied", error_description="no seat left"), False, 4, "no seat left"),
        ("invalid_scope", refusal("invalid_scope"), False, 2, "invalid_scope"),
        ("unknown error", refusal("strange"), False, 1, "strange"),
        ("429", (429, {}, {"Retry-After": "7"}), False, 1, "Retry-After 7"),
        ("503 HTML", (503, "<html>down</html>"), False, 1, "503"),
        ("403 HTML", (403, "<html>challenge</html>"), False, 1, "403"),
        ("200 HTML", (200, "<html>portal</html>"), False, 1, "without the JSON"),
        ("empty", (200, ""), False, 1, "without the JSON"),
        ("no access_token", tokens(access_token=None), False, 1, "no usable access_token"),
        ("access_token with a newline", tokens(access_token="a\nb"), False, 1, "no usable access_token"),
        ("another token type", tokens(token_type="DPoP"), False, 1, "'DPoP'"),
        ("redirect", (302, "", {"Location": "https://example.com/"}), False, 1, "302"),
    ]

    def test_answers(self):
        for name, answer, ended, status, words in self.CASES:
            with self.subTest(name), ScriptedProvider(token=[answer]) as server:
                program = Program(server.config())
                self.addCleanup(program.close)
                program.write_state("test.json", server.token_set())
                before = program.state("test.json")
                result = program.as_grok(expired=True).wait()
                self.assertEqual((result.status, result.stdout), (status, ""), result)
                self.assertIn(words, result.stderr)
                self.assertIn("grok-auth: hint: ", result.stderr)
                self.assertEqual(program.state("test.json"), before, "what is stored was changed")
                sent = len(server.seen("token"))
                self.assertEqual(sent, 1)
                program.as_grok(expired=True).wait()
                self.assertEqual(len(server.seen("token")), 1 if ended else 2)

    def test_unexpired_token_is_used_while_the_server_is_down(self):
        with ScriptedProvider(token=[(503, "")]) as server:
            program = Program(server.config())
            self.addCleanup(program.close)
            now = int(time.time())
            program.write_state("test.json", server.token_set(minted_at=now - 3500, expires_at=now + 100))
            result = program.as_grok(expired=False).wait()
            self.assertEqual((result.status, result.json["access_token"]), (0, "stored-access-token"), result)
            self.assertIn("warning: the refresh failed", result.stderr)
            headless = program.as_grok(expired=True).wait()
            self.assertEqual((headless.status, headless.stdout), (1, ""), headless)

    def test_token_forms(self):
        cases = [("token_type in another case", tokens(token_type="BEARER"), 3600),
                 ("no token_type", tokens(token_type=None), 3600),
                 ("expires_in as a string", tokens(expires_in="1800"), 1800),
                 ("expires_in as a float", tokens(expires_in=1800.0), 1800),
                 ("no expires_in", tokens(expires_in=None), None),
                 ("negative expires_in", tokens(expires_in=-5), None),
                 ("huge expires_in", tokens(expires_in=10**30), None)]
        for name, answer, expires_in in cases:
            with self.subTest(name), ScriptedProvider(token=[answer]) as server:
                program = Program(server.config())
                self.addCleanup(program.close)
                program.write_state("test.json", server.token_set())
                result = program.as_grok(expired=True).wait()
                self.assertEqual(result.status, 0, result)
                self.assertEqual(result.json.get("expires_in"), expires_in)


if __name__ == "__main__":
    unittest.main()
