"""Others that act while a refresh is under way: a worker that is stopped or killed, a second profile, a sign-out, a new
sign-in."""

import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refreshing import (  # noqa: E402
    GROKS_PATIENCE,
    Gate,
    RefreshTestCase,
    RotatingProvider,
    ScriptedRefreshTestCase,
    kill,
    stop,
    wait_until,
    worker_of,
)
from scripted_provider import CLIENT_ID, jwt  # noqa: E402

HOLD = """import fcntl, sys, time
with open(sys.argv[1], "a") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    time.sleep(60)
"""


class StoppedOrKilled(ScriptedRefreshTestCase):
    """Who holds a lock, and does not go on."""

    def hold(self, lock: str) -> subprocess.Popen:
        """A stopped process that holds a lock of the state folder, until the end of the test or before."""
        path = self.program.state_folder / lock
        holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        self.assertEqual(holder.stdout.readline(), "held\n")
        stop(self, holder.pid)
        return holder

    def test_stopped_worker(self):
        gate = Gate()
        self.server.after = [gate]
        first = self.held_run(gate)
        worker = worker_of(first)
        stop(self, worker)
        gate.open()
        others = [self.program.as_grok(expired=True) for _ in range(3)]
        for run in (first, *others):
            result = run.wait()
            self.assertEqual((result.status, result.stdout), (1, ""), result)
            self.assertLess(result.seconds, GROKS_PATIENCE)
            self.assertIn(f"process {worker} is stopped", run.stderr)
            self.assertIn(f"kill -CONT {worker}", run.stderr)
        os.kill(worker, signal.SIGCONT)
        wait_until(lambda: self.program.state_json(".json")["generation"] == 2, "the worker does not save")
        self.hand_out("access-1")
        self.assertEqual(len(self.server.sent()), 1)

    def test_killed_worker(self):
        """Its lock is free at once: whoever waits tries again."""
        gates = [Gate(), Gate()]
        self.server.before = list(gates)
        first = self.held_run(gates[0])
        second = self.program.as_grok(expired=True)
        kill(worker_of(first))
        gates[1].wait_until_reached()
        result = first.wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertIn("hint: try again; the login is kept", result.stderr)
        gates[1].open()
        self.assertEqual(second.wait().status, 0, second.stderr)
        self.assertEqual(self.server.sent(), ["stored-refresh-token"] * 2)

    def test_stopped_holder_of_the_write_lock_before_the_request(self):
        holder = self.hold("test.write.lock")
        result = self.decline()
        self.assertLess(result.seconds, GROKS_PATIENCE)
        self.assertRegex(result.stderr, "another process does not let go of '.*/test.write.lock'")
        self.assertEqual(self.server.sent(), [])
        holder.kill()
        self.hand_out("access-1")

    def test_stopped_holder_of_the_write_lock_after_the_request(self):
        """What the server gave is saved without that lock."""
        holders = []
        self.server.after = [lambda: holders.append(self.hold("test.write.lock"))]
        self.assertEqual(self.program.run("refresh", timeout=60).status, 0)
        self.assertEqual(self.program.state_json(".json")["refresh_token"], "refresh-1")
        self.hand_out("access-1", expired=False)
        holders[0].kill()
        self.hand_out("access-1", expired=False)
        self.assertEqual(len(self.server.sent()), 1)


class TwoProfiles(ScriptedRefreshTestCase):
    def test_they_never_wait_for_each_other(self):
        """At one server or two: while the refresh of one is under way, or stopped, the other's comes and goes."""
        other = self.enterContext(RotatingProvider())
        config = self.server.config(store="file") + "\n".join(
            ["", *self.profile("same", self.server), *self.profile("elsewhere", other)])
        self.program.configure(config)
        for server, name in ((self.server, "same"), (other, "elsewhere")):
            server.live.add(f"refresh-of-{name}")
            login = server.token_set(refresh_token=f"refresh-of-{name}", store_id=f"id-of-{name}")
            self.program.write_state(f"{name}.json", login)
        gate = Gate()
        self.server.before = [gate]
        held = self.held_run(gate)
        worker = worker_of(held)
        for name in ("same", "elsewhere"):
            result = self.program.as_grok("--profile", name, expired=True).wait()
            self.assertEqual(result.status, 0, result)
        stop(self, worker)
        for name in ("same", "elsewhere"):
            self.assertEqual(self.program.run("refresh", "--profile", name).status, 0)
        os.kill(worker, signal.SIGCONT)
        gate.open()
        wait_until(lambda: self.program.state_json(".json")["generation"] == 2, "the first refresh does not end")
        self.assertIn(held.wait().status, (0, 1))  # 1 where the machine was too slow for the run's budget

    def profile(self, name: str, server: RotatingProvider) -> list[str]:
        settings = {"issuer": server.issuer, "client_id": CLIENT_ID, "ca_file": server.ca, "store": "file"}
        return [f"[profile.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]


class SignedOut(RefreshTestCase):
    """The login does not come back."""

    def sign_out_during_a_refresh(self, **delay: int) -> dict:
        """The request of the refresh, once the server has answered it."""
        self.provider.settings(**delay)
        run = self.program.start("refresh")
        wait_until(self.refreshes, "no request came")
        self.assertEqual(self.program.run("logout").status, 0)
        self.assertIsNone(self.provider.requests("token")[0]["status"], "the server has answered before the sign-out")
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertIsNone(self.program.state("test.json"))
        self.assertEqual(self.program.run("status", "--json").json["status"], "signed_out")
        [request] = self.provider.requests("token")
        return request

    def test_after_the_server_has_issued_new_tokens(self):
        """They are dropped and revoked."""
        before = self.provider.counters()["live_refresh_tokens"]
        request = self.sign_out_during_a_refresh(delay_token_after_ms=3000)
        revoked = [request["form"]["token"] for request in self.provider.requests("revocation")]
        self.assertEqual(revoked[1:], [request["answer"]["refresh_token"]])
        self.assertEqual(self.provider.counters()["live_refresh_tokens"], before - 1)

    def test_before_the_server_has_looked_at_the_request(self):
        request = self.sign_out_during_a_refresh(delay_token_ms=3000)
        self.assertEqual((request["status"], request["error"]), (400, "invalid_grant"))


class SignedInAnew(ScriptedRefreshTestCase):
    """The new login stays and works; the old answer is dropped."""

    def sign_in_during_a_refresh(self, sub: str) -> None:
        """`ada` is signed in; the stored login belongs to `sub` when the answer comes."""
        self.program.change_state_json(".json", lambda tokens: tokens.update(account={"sub": "ada"}))
        claims = {"iss": self.server.issuer, "aud": CLIENT_ID, "sub": sub, "iat": 1, "exp": 2**40}
        self.server.sign_in_members = {"id_token": jwt(**claims)}
        gate = Gate()
        self.server.after = [gate]
        run = self.program.start("refresh")
        gate.wait_until_reached()
        self.assertEqual(self.program.run("login", "--device").status, 0)
        signed_in = self.program.state("test.json")
        self.assertEqual(json.loads(signed_in)["account"]["sub"], sub)
        gate.open()
        self.assertEqual(run.wait().status, 0, run.stderr)  # there is a newer login, which is what it was for
        self.assertEqual(self.program.state("test.json"), signed_in)
        self.hand_out("access-2", expired=False)
        self.assertEqual(self.program.run("refresh").status, 0)
        self.assertEqual(self.server.sent(), ["stored-refresh-token", "refresh-2"])

    def test_by_the_same_account(self):
        """The answer is not revoked: a server may end the whole grant, and the new login with it."""
        self.sign_in_during_a_refresh("ada")
        self.assertEqual(self.server.revoked(), [])

    def test_by_another_account(self):
        self.sign_in_during_a_refresh("grace")
        self.assertEqual(self.server.revoked(), ["refresh-1"])


if __name__ == "__main__":
    unittest.main()
