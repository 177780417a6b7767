"""start and poll, the device flow in two halves, and the example that uses them, at a real authorization server."""

import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import Program, ProgramTestCase, config_for, sign_in_url  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("GROK_AUTH_SOURCE", pathlib.Path(__file__).resolve().parents[2]))


class TwoSteps(ProgramTestCase):
    provider_settings = {"interval": 1, "access_token_ttl": 3600}

    def answer(self, *args: str, status: int = 0) -> dict:
        """The JSON answer of a run that ends with this status."""
        result = self.program.run(*args)
        self.assertEqual(result.status, status, result)
        self.assertNotIn("eyJ", result.stdout + result.stderr, "a token was told")
        return result.json

    def poll_until(self, word: str, *args: str) -> dict:
        """Polls as told until the status is `word`."""
        for _ in range(20):
            answer = self.answer("poll", *args)
            if answer["status"] == word:
                return answer
            time.sleep(min(answer["retry_after_seconds"], 1))
        self.fail(f"never {word}: {answer}")

    def polls(self) -> int:
        return len(self.provider.requests("token"))

    def test_a_sign_in_of_two_halves(self):
        request = self.answer("start")
        self.assertEqual(set(request), {"ok", "verification_url_with_code", "verification_uri", "user_code",
                                        "expires_in_seconds", "interval_seconds", "pending_id"})
        pending = json.loads(self.program.state(f"test.pending-{request['pending_id']}"))
        self.assertNotIn(pending["device"]["device_code"], json.dumps(request))

        self.assertEqual(self.poll_until("pending")["ok"], True)
        before = self.polls()
        self.assertEqual(self.answer("poll")["status"], "pending")
        self.assertLessEqual(self.polls() - before, 1)

        self.provider.approve(url=request["verification_url_with_code"])
        connected = self.poll_until("connected", "--pending-id", request["pending_id"])
        self.assertEqual(connected["account"]["email"], "ada@example.com")
        self.assertEqual(connected["tier"], {"level": 1, "name": "SuperGrok"})
        self.assertEqual(self.answer("status", "--json")["status"], "connected")
        with self.subTest("an id that is gone is connected, without a request"):
            before = self.polls()
            self.assertEqual(self.answer("poll", "--pending-id", request["pending_id"])["status"], "connected")
            self.assertEqual(self.answer("poll")["status"], "connected")
            self.assertEqual(self.polls(), before)

    def test_no_request_before_the_interval_has_passed(self):
        request = self.answer("start")
        self.program.change_state_json(f".pending-{request['pending_id']}",
                                       lambda entry: entry["device"].update(interval=600))
        answer = self.answer("poll")
        self.assertEqual(answer["status"], "pending")
        self.assertIn(answer["retry_after_seconds"], range(500, 601))
        self.assertEqual(self.polls(), 0)

    def test_declined(self):
        request = self.answer("start")
        self.provider.deny(url=request["verification_url_with_code"])
        time.sleep(1)
        answer = self.answer("poll", status=4)
        self.assertEqual((answer["ok"], answer["error"]), (False, "access_denied"))

    def test_expired(self):
        request = self.answer("start")
        self.program.change_state_json(f".pending-{request['pending_id']}",
                                       lambda entry: entry.update(expires_at=int(time.time()) - 1))
        answer = self.answer("poll", "--pending-id", request["pending_id"], status=3)
        self.assertEqual(answer["error"], "expired")
        self.assertEqual(self.polls(), 0)

    def test_no_network(self):
        pending = f".pending-{self.answer('start')['pending_id']}"
        address = self.program.state_json(pending)["device"]["token_endpoint"]
        for endpoint, status in (("https://localhost:1/token", 1), (address, 0)):
            self.program.change_state_json(
                pending, lambda entry: entry["device"].update(token_endpoint=endpoint, last_poll=0))  # noqa: B023
            answer = self.answer("poll", status=status)
            self.assertEqual(answer.get("error", answer.get("status")), "network" if status else "pending")

    def test_several_are_pending_at_once(self):
        first = self.answer("start")
        second = self.answer("start")
        self.provider.approve(url=first["verification_url_with_code"])
        self.poll_until("connected", "--pending-id", first["pending_id"])
        self.assertEqual(self.poll_until("pending")["status"], "pending", "the newest one is still pending")
        self.provider.approve(url=second["verification_url_with_code"])
        self.poll_until("connected")

    def test_a_provider_run_asks_for_a_code_of_its_own(self):
        request = self.answer("start")
        run = self.program.as_grok(expired=False)
        self.assertNotIn(request["user_code"], sign_in_url(run))
        run.end()

    def test_the_agent_example(self):
        tools = self.program.folder / "tools"
        tools.mkdir()
        (tools / "grok-auth").symlink_to(self.program.binary)
        environment = {**self.program.environment, "PATH": f"{tools}:{os.environ['PATH']}"}
        agent = subprocess.Popen([sys.executable, SOURCE / "examples/sign_in_agent.py"], env=environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(agent.kill)
        url = next(word for word in agent.stdout.readline().split() if word.startswith("https://"))
        self.provider.approve(url=url)
        out, err = agent.communicate(timeout=20)
        self.assertEqual((agent.returncode, out, err), (0, "Signed in as ada@example.com.\n", ""))


class AllProfiles(ProgramTestCase):
    provider_settings = {"interval": 1, "access_token_ttl": 3600}

    def configure(self, program: Program, *names: str) -> None:
        """Gives the profile `test` namesakes at the same server."""
        body = config_for(self.provider).partition("[profile.test]\n")[2]
        program.configure("\n".join(f"[profile.{name}]\n{body}" for name in names))

    def test_status_and_logout(self):
        program = self.program
        self.configure(program, "first", "second", "third")
        for name in ("first", "second"):
            program.sign_in(self.provider, "--profile", name)

        with self.subTest("status"):
            result = program.run("status", "--all", "--json")
            states = {one["profile"]: one["status"] for one in result.json["profiles"]}
            self.assertEqual(states, {"first": "connected", "second": "connected", "third": "signed_out",
                                      "xai": "signed_out"})
            table = program.run("status", "--all").stdout
            self.assertEqual(table.count("account:"), 2)
            self.assertEqual(len(table.split("\n\n")), 4)

        with self.subTest("a profile that was taken out of the configuration is told, and signed out"):
            self.configure(program, "first")
            states = {one["profile"]: one["status"] for one in program.run("status", "--all", "--json").json["profiles"]}
            self.assertEqual(states, {"first": "connected", "second": "connected", "xai": "signed_out"})

        result = program.run("logout", "--all", "--json", env={"SSL_CERT_FILE": self.provider.ca})
        self.assertEqual(result.status, 0, result)
        self.assertEqual({one["status"] for one in result.json["profiles"]}, {"signed_out"})
        self.assertEqual(len(self.provider.requests("revocation")), 2)
        self.assertEqual([name for name in os.listdir(program.state_folder) if name.endswith(".json")], [])
        again = program.run("logout", "--all")
        self.assertEqual((again.status, again.stderr), (0, "Nobody was signed in.\n"), again)

    def test_one_that_fails_does_not_stop_the_others(self):
        program = self.program
        self.configure(program, "first", "second")
        for name in ("first", "second"):
            program.sign_in(self.provider, "--profile", name)
        (program.state_folder / "first.json").unlink()
        (program.state_folder / "first.json").symlink_to("/etc/passwd")
        result = program.run("logout", "--all", "--json")
        self.assertEqual(result.status, 1, result)
        answers = {one["profile"]: one for one in result.json["profiles"]}
        self.assertEqual(answers["first"]["error"], "store")
        self.assertEqual(answers["second"]["status"], "signed_out")
        self.assertFalse(result.json["ok"])

    def test_a_profile_and_all_exclude_each_other(self):
        result = self.program.run("status", "--all", "--profile", "test")
        self.assertEqual((result.status, result.stdout), (2, ""), result)


if __name__ == "__main__":
    unittest.main()
