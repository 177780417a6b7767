"""Loopback sign-ins one at a time: the runs that wait for another one, and what they do when it ends without a token."""

import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, asked, is_free, pending_entries, port_of, redirect, visit  # noqa: E402
from program import sign_in_url  # noqa: E402
from scripted_provider import refusal, tokens  # noqa: E402


class Turns(LoopbackTestCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve(token=[tokens()])
        self.program, self.first, self.url = self.begin(self.server)

    def wait_behind(self, *args: str):
        """A run that shows the address of the first."""
        run = self.program.as_grok(*args, expired=False)
        self.assertEqual(sign_in_url(run), self.url)
        self.assertEqual(run.stderr.splitlines()[0], "Sign in at " + self.url)
        return run

    def next_url(self, run) -> str:
        """The address on a further line."""
        return run.wait_for(r"(?m)^Sign in at (https://\S+)\n", start=len("Sign in at " + self.url), timeout=5).group(1)

    def assert_token(self, run):
        result = run.wait(5)
        self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)
        return result

    def test_others_show_the_same_address_and_get_the_token(self):
        others = [self.wait_behind() for _ in range(3)]
        self.assertEqual(len(pending_entries(self.program)), 1)
        visit(redirect(self.url))
        for run in (self.first, *others):
            result = self.assert_token(run)
            self.assertEqual(result.stderr.count("https://"), 1, result)
        self.assertEqual(len(self.server.seen("token")), 1)

    def test_killed_run_is_followed_by_the_waiting_one(self):
        """Nobody else can answer for the dead one's port, so a new address is needed."""
        second = self.wait_behind()
        self.first.signal(signal.SIGKILL)
        fresh = self.next_url(second)
        self.assertNotEqual(asked(fresh)["state"], asked(self.url)["state"])
        self.assertEqual(port_of(fresh), port_of(self.url))
        self.assertEqual(visit(redirect(self.url)).status, 400)  # the browser window of the dead one
        visit(redirect(fresh))
        self.assert_token(second)
        self.assertEqual(pending_entries(self.program), [])

    def test_only_one_of_the_waiting_follows(self):
        others = [self.wait_behind() for _ in range(3)]
        self.first.signal(signal.SIGKILL)
        fresh = {self.next_url(run) for run in others}
        self.assertEqual(len(fresh), 1, fresh)
        visit(redirect(fresh.pop()))
        for run in others:
            self.assert_token(run)
        self.assertEqual(len(self.server.seen("token")), 1)

    def test_terminated_and_refused_runs_are_followed_too(self):
        for end in (lambda: self.first.signal(signal.SIGTERM),
                    lambda: visit(redirect(self.url, code=None, error="access_denied")),
                    lambda: visit(redirect(self.url))):
            self.server.answers["token"] = [refusal("invalid_grant"), tokens()]
            second = self.wait_behind()
            end()
            self.assertNotEqual(self.first.wait().status, 0)
            fresh = self.next_url(second)
            self.assertEqual(visit(redirect(self.url, state="x")).status, 400)
            self.server.answers["token"] = [tokens()]
            second.signal(signal.SIGTERM)
            self.assertEqual(second.wait().status, 143)
            self.assertTrue(is_free(port_of(fresh)))
            self.first = self.program.as_grok(expired=False)
            self.url = sign_in_url(self.first)
        visit(redirect(self.url))
        self.assert_token(self.first)

    def test_run_after_a_killed_one_starts_anew(self):
        self.first.signal(signal.SIGKILL)
        self.first.wait()
        self.assertEqual(len(pending_entries(self.program)), 1)
        again = self.program.as_grok(expired=False)
        fresh = sign_in_url(again)
        self.assertNotEqual(fresh, self.url)
        self.assertEqual(len(pending_entries(self.program)), 1)
        visit(redirect(fresh))
        self.assert_token(again)

    def test_waiting_run_has_a_limit_of_its_own(self):
        second = self.wait_behind("--timeout", "1")
        result = second.wait(4)
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertIn("nobody finished the sign-in in time", result.stderr)
        visit(redirect(self.url))
        self.assert_token(self.first)

    def test_login_elsewhere_ends_the_waiting(self):
        """Somebody signed in by other means: the token is there, and the browser is not needed any more."""
        second = self.wait_behind()
        other = self.server.token_set(access_token="other-token", expires_at=int(time.time()) + 3600)
        self.program.write_state("test.json", other)
        result = second.wait(5)
        self.assertEqual((result.status, result.json["access_token"]), (0, "other-token"), result)

    def test_logout_ends_the_sign_in(self):
        """What a logout does to it: the entry goes, and nobody may be signed in afterwards."""
        (self.program.state_folder / pending_entries(self.program)[0]).unlink()
        result = self.first.wait(3)
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertTrue(is_free(port_of(self.url)))

    def test_logout_before_the_redirect_keeps_nothing(self):
        for name in pending_entries(self.program):
            (self.program.state_folder / name).unlink()
        try:
            visit(redirect(self.url))
        except AssertionError:
            pass  # the listener may be gone already
        result = self.first.wait()
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertIsNone(self.program.state("test.json"))


if __name__ == "__main__":
    unittest.main()
