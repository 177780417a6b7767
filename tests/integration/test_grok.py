"""The real Grok with grok-auth as its auth provider: sign-in, prompt, a rejected token, an expired token.

    GROK_AUTH_BINARY=build/dev/grok-auth python3 tests/integration/test_grok.py [-v] [GrokTest.test_...]

Grok comes from npm (tests/support/grok) and talks to the authorization server and the backend of tests/support. It runs
in a network namespace that has loopback only, so nothing of it can reach the outside. Where such a namespace cannot be
made the tests are skipped, but fail when CI is set.
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import time
import unittest
from datetime import datetime, timedelta, timezone

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))

import grok_backend
import grok_program
import program
import provider

ISOLATED = "GROK_AUTH_TEST_ISOLATED"


class GrokTest(program.ProgramTestCase):
    """Each test has a world of its own, in which `grok login` has signed in."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(expect_nothing_running)
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.backend = self.enterContext(grok_backend.Backend())
        grok_auth, self.program.binary = self.program.binary, str(grok_program.GROK)
        self.runs = self.program.home / "runs"
        command = f'echo "${{GROK_AUTH_EXPIRED-unset}}" >> {shlex.quote(str(self.runs))}; '
        command += f"exec {shlex.quote(grok_auth)}"
        self.settings = grok_program.configure(self.program.home, command)

        login = self.start("login")
        self.url = program.sign_in_url(login)
        self.provider.approve(url=self.url)
        self.assertEqual(login.wait().status, 0)
        self.first_token = self.credential()["key"]
        self.backend.requests.clear()

    def test_sign_in(self):
        """`grok login` shows the URL and stores the token, without its refresh token."""
        self.assertTrue(self.url.startswith(f"{self.provider.issuer}/"), self.url)
        self.assertEqual(self.provider_runs(), ["unset"])
        credential = self.credential()
        self.assertEqual(credential["auth_mode"], "external")
        self.assertEqual(credential["oidc_issuer"], self.provider.issuer)
        self.assertEqual(credential["key"], self.provider.requests("token")[-1]["answer"]["access_token"])
        self.assertNotIn("refresh_token", credential)

    def test_prompt(self):
        """A prompt is sent with the stored token, without another run of the provider."""
        self.prompt()
        self.assertEqual(self.provider_runs(), ["unset"])
        self.assertEqual(self.prompts(), {(self.first_token, 200)})

    def test_rejected_token(self):
        """A token that the backend rejects is refreshed once, and what was asked with it is asked again."""
        self.age()
        self.backend.rejected.add(self.first_token)
        self.prompt()
        token = self.refreshed_token()
        self.assertIn((token, 200), self.prompts())
        self.assertTrue(self.paths(self.first_token) & self.paths(token))

    def test_expired_token(self):
        """A token that has expired when Grok starts is refreshed once, and never sent."""
        self.age(expires_at=ago(minutes=1))
        self.prompt()
        token = self.refreshed_token()
        self.assertEqual(self.prompts(), {(token, 200)})
        self.assertEqual(self.paths(self.first_token), set())

    def run(self, result=None):
        """Runs the test. When it fails its world is kept, and Grok's own log and the backend's record are shown."""
        result = super().run(result)
        log = self.log()
        if log.exists():
            print(f"--- {log}:\n{log.read_text()}--- backend: {self.backend.requests}", file=sys.stderr)
        return result

    def log(self):
        """Where Grok's log is."""
        return self.program.home / "log"

    def start(self, *arguments):
        """Starts Grok."""
        options = ["--debug-file", str(self.log()), "--cwd", str(self.program.home)]
        return self.program.start(*options, *arguments, env={"GROK_CLI_CHAT_PROXY_BASE_URL": self.backend.url})

    def prompt(self):
        """Sends a prompt, which must be answered."""
        result = self.start("-p", "hello").wait()
        self.assertEqual((result.status, result.stdout.strip()), (0, grok_backend.ANSWER), result.stderr)

    def credential(self):
        """The one entry of Grok's auth.json."""
        (credential,) = json.loads((self.settings / "auth.json").read_text()).values()
        return credential

    def age(self, **changes):
        """Makes the stored token ten minutes old: neither Grok nor grok-auth replaces one that was just minted."""
        path = self.settings / "auth.json"
        ((scope, credential),) = json.loads(path.read_text()).items()
        path.write_text(json.dumps({scope: {**credential, "create_time": ago(minutes=10), **changes}}))
        self.program.change_state_json(".json", lambda tokens: tokens.update(minted_at=tokens["minted_at"] - 600))

    def refreshed_token(self):
        """The token of the one refresh that there was, by a headless run; Grok has stored it."""
        self.assertEqual(self.provider_runs(), ["unset", "1"])
        requests = [r for r in self.provider.requests("token") if r["form"]["grant_type"] == "refresh_token"]
        self.assertEqual([request["status"] for request in requests], [200])
        token = requests[0]["answer"]["access_token"]
        self.assertEqual(self.credential()["key"], token)
        self.assertNotEqual(token, self.first_token)
        return token

    def provider_runs(self):
        """GROK_AUTH_EXPIRED in each run of the provider."""
        return self.runs.read_text().split()

    def prompts(self):
        """Token and status of the prompts that the backend answered."""
        return {(r.bearer, r.status) for r in self.backend.requests if r.path == grok_backend.PROMPT_PATH}

    def paths(self, token):
        """What the backend was asked with this token."""
        return {request.path for request in self.backend.requests if request.bearer == token}


def setUpModule():
    """Keeps the tests from running where they could reach the outside."""
    if ISOLATED not in os.environ:
        if os.environ.get("CI"):
            raise RuntimeError(not_isolated)
        print(f"skipped: {not_isolated}", file=sys.stderr)
        raise unittest.SkipTest(not_isolated)


def isolate():
    """Runs this program again in a namespace with loopback only; comes back with the reason when that is impossible."""
    enter = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if os.geteuid() != 0:
        enter.insert(1, "--map-root-user")
    try:
        subprocess.run([*enter, "true"], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        return str(error)
    except subprocess.CalledProcessError as error:
        return f"no network namespace: {error.stderr.strip()}"
    provider.install()
    grok_program.install()
    os.environ[ISOLATED] = "1"
    os.execvp(enter[0], [*enter, sys.executable, *sys.orig_argv[1:]])


def ago(**interval):
    """A time of the past as Grok writes it."""
    return (datetime.now(timezone.utc) - timedelta(**interval)).isoformat()


def expect_nothing_running():
    """Fails when processes besides this one are left in the namespace after five seconds, and ends them."""
    deadline = time.monotonic() + 5
    while (left := others()) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, 9)
    if left:
        raise AssertionError(f"still running: {list(left.values())}")


def others():
    """The other processes of this network namespace: command lines by id."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (process / "ns/net").readlink() == pathlib.Path("/proc/self/ns/net").readlink():
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it has ended
            continue
    found.pop(os.getpid(), None)
    return found


not_isolated = "run this file itself"
if __name__ == "__main__":
    if ISOLATED not in os.environ:
        not_isolated = isolate()
    unittest.main()
