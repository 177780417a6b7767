"""Signing in by the device flow (RFC 8628): what is shown, when the server is asked, and what an interruption leaves."""

import os
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import SIGNED_IN, Program, ProgramTestCase, sign_in_url, user_code_of  # noqa: E402


def pending_entries(program: Program) -> list[str]:
    if not program.state_folder.exists():
        return []
    return [name for name in os.listdir(program.state_folder) if ".pending-" in name]


class RealServer(ProgramTestCase):
    provider_settings = {"interval": 1}

    def test_first_line_is_the_address_and_nothing_precedes_it(self):
        run = self.program.as_grok("--verbose", expired=False)
        url = sign_in_url(run)
        first = run.stderr.split("\n")[0]
        self.assertEqual(first, "Sign in at " + url)
        self.assertTrue(url.startswith(self.provider.issuer))
        self.assertRegex(run.wait_for_line("Code:").group(), re.escape(user_code_of(url)) + r" \(valid for 10 min\)")
        self.provider.approve(url=url)
        result = run.wait()
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stderr, SIGNED_IN)
        self.assertEqual(len(result.stdout.splitlines()), 1)

    def test_request_is_stored_before_anything_is_shown(self):
        run = self.program.as_grok(expired=False)
        url = sign_in_url(run)
        entries = pending_entries(self.program)
        self.assertEqual(len(entries), 1)
        self.assertEqual(os.stat(self.program.state_folder / entries[0]).st_mode & 0o777, 0o600)
        self.provider.approve(url=url)
        run.wait()
        self.assertEqual(pending_entries(self.program), [])

    def test_pkce_protects_the_device_flow(self):
        self.program.sign_in(self.provider)
        form = self.provider.requests("device_authorization")[0]["form"]
        self.assertEqual(form["code_challenge_method"], "S256")
        self.assertTrue(self.provider.device_pkce_holds())

    def test_device_pkce_off(self):
        program = self.new_program(device_pkce=False)
        program.sign_in(self.provider)
        self.assertNotIn("code_challenge", self.provider.requests("device_authorization")[0]["form"])
        self.assertNotIn("code_verifier", self.provider.requests("token")[-1]["form"])

    def test_interval_of_the_server_is_kept(self):
        self.provider.settings(interval=2)
        run = self.program.as_grok(expired=False)
        url = sign_in_url(run)
        time.sleep(5)
        self.provider.approve(url=url)
        run.wait()
        polls = [request["time"] for request in self.provider.requests("token")]
        begin = self.provider.requests("device_authorization")[0]["time"]
        gaps = [later - earlier for earlier, later in zip([begin, *polls], polls)]
        unit = 1000 if max(gaps) > 1000 else 1
        self.assertGreaterEqual(len(gaps), 2)
        self.assertGreaterEqual(min(gaps) / unit, 1.0)  # whole seconds of wall clock: 2 s less one rounding

    def test_slow_down_adds_five_seconds(self):
        self.provider.settings(slow_down_count=1)
        run = self.program.as_grok(expired=False)
        url = sign_in_url(run)
        while not self.provider.requests("token"):
            time.sleep(0.1)
        self.provider.approve(url=url)
        self.assertEqual(run.wait(30).status, 0)
        polls = [request["time"] for request in self.provider.requests("token")]
        unit = 1000 if polls[1] - polls[0] > 1000 else 1
        self.assertGreaterEqual((polls[1] - polls[0]) / unit, 5)

    def test_declined(self):
        run = self.program.as_grok(expired=False)
        self.provider.deny(url=sign_in_url(run))
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (4, ""), result)
        self.assertIn("error: the sign-in was declined in the browser, or this account is refused", result.stderr)
        self.assertEqual(pending_entries(self.program), [])

    def test_killed_run_is_resumed_by_the_next(self):
        run = self.program.as_grok(expired=False)
        url = sign_in_url(run)
        run.signal(signal.SIGKILL)
        run.wait()
        again = self.program.as_grok(expired=False)
        self.assertEqual(sign_in_url(again), url)
        self.provider.approve(url=url)
        self.assertEqual(again.wait().status, 0)
        self.assertEqual(len(self.provider.requests("device_authorization")), 1)

    def test_approval_while_nobody_polled_is_picked_up(self):
        run = self.program.as_grok("--timeout", "1", expired=False)
        url = sign_in_url(run)
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertIn("the next run picks the approval up", result.stderr)
        self.provider.approve(url=url)
        time.sleep(1.1)
        result = self.program.as_grok(expired=False).wait()
        self.assertEqual(result.status, 0, result)
        self.assertNotIn("https://", result.stderr)  # nobody needs to be asked again

    def test_expired_code_is_replaced(self):
        self.provider.settings(device_code_ttl=2)
        run = self.program.as_grok(expired=False)
        first = sign_in_url(run)
        second = run.wait_for(r"https://\S+", start=len(run.stderr), timeout=15).group()
        self.assertNotEqual(first, second)
        self.provider.settings(device_code_ttl=60)
        self.provider.approve(url=second)
        self.assertEqual(run.wait().status, 0)

    def test_code_that_was_used_up_elsewhere(self):
        """A resumed code that the server no longer knows is replaced by a new one."""
        run = self.program.as_grok(expired=False)
        url = sign_in_url(run)
        run.signal(signal.SIGKILL)
        run.wait()
        name = pending_entries(self.program)[0]
        text = self.program.state(name)
        self.provider.approve(url=url)
        time.sleep(1.1)
        self.assertEqual(self.program.as_grok(expired=False).wait().status, 0)
        self.program.run("logout")
        self.program.write_state(name, text)
        again = self.program.as_grok(expired=False)
        fresh = sign_in_url(again)
        self.assertNotEqual(fresh, url)
        self.provider.approve(url=fresh)
        self.assertEqual(again.wait().status, 0)

    def test_login_takes_a_pending_request_up_and_leaves_stdout_empty(self):
        run = self.program.as_grok(expired=False)
        url = sign_in_url(run)
        run.signal(signal.SIGKILL)
        run.wait()
        login = self.program.start("login")
        self.assertEqual(sign_in_url(login), url)
        self.provider.approve(url=url)
        result = login.wait()
        self.assertEqual((result.status, result.stdout), (0, ""), result)

    def test_logout_is_not_kept_waiting_by_a_sign_in(self):
        run = self.program.as_grok(expired=False)
        sign_in_url(run)
        result = self.program.run("logout")
        self.assertEqual(result.status, 0, result)
        self.assertLess(result.seconds, 5)
        self.assertEqual(run.wait(5).status, 3)
        self.assertEqual(pending_entries(self.program), [])

    def test_sign_out_ends_the_runs_that_wait_for_their_turn(self):
        first = self.program.as_grok(expired=False)
        url = sign_in_url(first)
        second = self.program.as_grok(expired=False)
        self.assertEqual(sign_in_url(second), url)
        self.program.run("logout")
        self.assertEqual([first.wait(8).status, second.wait(8).status], [3, 3])
        self.assertEqual(len(self.provider.requests("device_authorization")), 1)

    def test_one_sign_in_at_a_time(self):
        first = self.program.as_grok(expired=False)
        url = sign_in_url(first)
        others = [self.program.as_grok(expired=False) for _ in range(4)]
        for other in others:
            self.assertEqual(sign_in_url(other), url)
        self.provider.approve(url=url)
        answers = [run.wait() for run in [first, *others]]
        self.assertEqual({answer.status for answer in answers}, {0}, answers)
        self.assertEqual(len({answer.json["access_token"] for answer in answers}), 1)
        self.assertEqual(len(self.provider.requests("device_authorization")), 1)

    def test_waiting_run_takes_over_from_a_killed_one(self):
        first = self.program.as_grok(expired=False)
        url = sign_in_url(first)
        second = self.program.as_grok(expired=False)
        self.assertEqual(sign_in_url(second), url)
        first.signal(signal.SIGKILL)
        first.wait()
        self.provider.approve(url=url)
        self.assertEqual(second.wait().status, 0)
        self.assertEqual(len(self.provider.requests("device_authorization")), 1)

    def test_logout_ends_a_waiting_sign_in(self):
        run = self.program.as_grok(expired=False)
        sign_in_url(run)
        entry = pending_entries(self.program)[0]
        (self.program.state_folder / entry).unlink()  # what a logout does to it
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (3, ""), result)

    def test_signals_end_a_run_at_once(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number):
                program = self.new_program()
                run = program.as_grok(expired=False)
                sign_in_url(run)
                begin = time.monotonic()
                run.signal(number)
                self.assertEqual(run.wait(5).status, status)
                self.assertLess(time.monotonic() - begin, 1)
                self.assertEqual(len(pending_entries(program)), 1)

    def test_run_ends_with_its_parent(self):
        """Grok kills only the shell it started; the run must not outlive it."""
        script = f'"{self.program.binary}" 2>"$OUT" & echo $!; while ! [ -s "$OUT" ]; do sleep 0.05; done; sleep 0.3'
        out = self.program.folder / "orphan.err"
        shell = subprocess.run(["sh", "-c", script], env={**self.program.environment, "OUT": str(out)},
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, timeout=20)
        pid = int(shell.stdout.split()[0])
        deadline = time.monotonic() + 1.5
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    break
            time.sleep(0.05)
        else:
            self.assertFalse(os.path.exists(f"/proc/{pid}"), "the orphaned run still waits")
        self.assertIn("https://", out.read_text())

    def test_browser_is_opened_once_and_not_again(self):
        opened = self.program.folder / "opened"
        browser = self.program.folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$@" >> "{opened}"; echo noise; ls -l /proc/self/fd > "{opened}.fds"\n')
        browser.chmod(0o755)
        desktop = {"DISPLAY": ":99", "BROWSER": str(browser)}
        run = self.program.as_grok("--timeout", "2", expired=False, env=desktop)
        url = sign_in_url(run)
        self.assertEqual(run.wait().status, 3)
        self.assertEqual(opened.read_text(), url + "\n")
        descriptors = (self.program.folder / "opened.fds").read_text()
        self.assertEqual(len(re.findall(r" (\d+) -> ", descriptors)), 4, descriptors)  # 0 to 2, and ls's own
        self.assertEqual(run.stdout, "")
        again = self.program.as_grok("--timeout", "1", expired=False, env=desktop)
        self.assertEqual(again.wait().status, 3)
        self.assertEqual(opened.read_text(), url + "\n", "a second window was opened")
        login = self.program.start("login", env=desktop)
        self.assertEqual(sign_in_url(login), url)
        self.provider.approve(url=url)
        login.wait()
        self.assertEqual(opened.read_text(), f"{url}\n{url}\n")

    def test_no_browser_over_ssh_or_when_told_not_to(self):
        opened = self.program.folder / "opened"
        browser = self.program.folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$@" >> "{opened}"\n')
        browser.chmod(0o755)
        desktop = {"DISPLAY": ":99", "BROWSER": str(browser)}
        self.program.as_grok("--timeout", "1", expired=False, env={**desktop, "SSH_CONNECTION": "a 1 b 2"}).wait()
        self.program.start("login", "--timeout", "1", "--no-browser", env=desktop).wait()
        self.assertFalse(opened.exists())


if __name__ == "__main__":
    unittest.main()
