"""A keyring that is locked, missing, broken or silent: nobody waits for it, nothing is lost, nobody is asked for a password
where nobody is."""

import os
import pathlib
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from keyring import KeyringTestCase, Prompter, age  # noqa: E402
from program import Program, sign_in_url  # noqa: E402
from running import Result, Running  # noqa: E402

LIMIT = 2.5  # seconds: 2 for the keyring

# What the person is told: a part of the error, and of its hint.
LOCKED = ("the keyring is locked", "unlock it: log in to the desktop")
ABSENT = ("there is no keyring here", "run grok-auth in the desktop session that signed in")
CANNOT_START = ("the keyring does not start", "look at the log of the session bus")
HUNG = ("the keyring does not answer", "restart the keyring program")

_times: dict[str, list[str]] = {}


def contents(program: Program) -> dict[str, str]:
    """What is stored in the state folder, lock files left out."""
    files = sorted(program.state_folder.iterdir())
    return {file.name: file.read_text() for file in files if not file.name.endswith(".lock")}


class SixAnswers(KeyringTestCase):
    """Found and nothing stored are everywhere else; these are the other four, for a login that is kept in the keyring and
    needs a refresh."""

    def setUp(self) -> None:
        super().setUp()
        self.first = self.sign_in()
        self.change_login(age)
        self.before = contents(self.program)
        self.provider.reset()

    def tearDown(self) -> None:
        self.assertEqual(contents(self.program), self.before, "what is stored was changed")
        self.assertEqual(self.provider.requests(), [])
        self.assertNotEqual(self.grok(expired=True).json["access_token"], self.first["access_token"])
        self.assertEqual(self.session.item().secret["generation"], 2)
        super().tearDown()

    def ask(self, situation: str, words: tuple[str, str], env: dict | None = None, normal: bool = True) -> None:
        """A headless and a normal run, at the same time."""
        env = self.session.environment if env is None else env
        runs = {"headless": self.program.as_grok(expired=True, env=env)}
        if normal:
            runs["normal"] = self.program.as_grok(expired=False, env=env)
        for kind, run in runs.items():
            with self.subTest(situation, run=kind):
                result = run.wait()
                self.assertEqual((result.status, result.stdout), (3, ""), result)
                self.assertIn("grok-auth: error: the login is kept in the keyring, and " + words[0], result.stderr)
                self.assertIn("grok-auth: hint: " + words[1], result.stderr)
                self.assertLess(result.seconds, LIMIT)
                _times.setdefault(situation, []).append(f"{kind} {result.seconds * 1000:.0f} ms")

    def test_locked(self):
        with Prompter(self.session, "silent") as prompter:
            self.session.lock()
            self.ask("locked since its last use", LOCKED)
            self.session.lock(cold=True)
            self.ask("locked since the desktop's start", LOCKED)
            self.session.kill_daemon()
            self.ask("killed, and started anew by the bus", LOCKED)
            new = self.new_session("new")
            with Prompter(new, "silent") as other:
                self.ask("no keyring was ever made", LOCKED, new.environment)
                self.assertEqual(other.calls, [])
            self.assertEqual(prompter.calls, [])
        self.session.unlock()

    def test_absent(self):
        """A normal run may sign in anew then: see below."""
        self.ask("no session bus", ABSENT, {}, normal=False)
        self.ask("the address of a bus that is gone", ABSENT, self.new_session("stale").environment, normal=False)
        self.ask("a bus without a Secret Service", ABSENT, self.new_session("none").environment, normal=False)

    def test_cannot_start(self):
        self.ask("the service's program fails", CANNOT_START, self.new_session("exits").environment)
        self.ask("the service's program is missing", CANNOT_START, self.new_session("missing").environment)

    def test_hung(self):
        self.ask("a bus that says nothing", HUNG, self.new_session("silent").environment)
        self.ask("the service never comes up", HUNG, self.new_session("never").environment)
        self.session.stop_daemon()
        try:
            self.ask("the service is stopped", HUNG)
        finally:
            self.session.continue_daemon()

    def test_headless_run_never_opens_a_dialog(self):
        """Not even where somebody could answer it; nor does a normal run over SSH."""
        self.session.lock()
        desktop = {**self.session.environment, "DISPLAY": ":99", "WAYLAND_DISPLAY": "wayland-0"}
        with Prompter(self.session, "silent") as prompter:
            self.ask("locked, with a display", LOCKED, desktop, normal=False)
            self.grok(status=3, env={**desktop, "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"})
            self.assertEqual(prompter.calls, [])
        self.session.unlock()

    def test_status_tells_it_too(self):
        self.session.lock()
        status = self.command("status", "--json").json
        self.assertEqual((status["status"], status["store"]), ("expired", "libsecret"))
        self.assertIn(LOCKED[0], status["message"])
        self.assertIn(LOCKED[1], status["hint"])
        self.assertIn(LOCKED[0], self.command("status").stdout)
        self.session.unlock()


class SigningInAnew(KeyringTestCase):
    """A normal run whose login is in a keyring that is not there."""

    has_mirror = False

    def test_absent(self):
        first = self.sign_in()
        self.session = self.new_session("none")
        second = self.sign_in()
        self.assertNotEqual(second["access_token"], first["access_token"])
        self.assertEqual(self.program.state_json(".id")["store"], "file")
        self.assertEqual(self.program.state_json(".json")["store_id"], self.program.state_json(".id")["store_id"])
        self.assertEqual(self.grok().json["access_token"], second["access_token"])

    def test_logout_of_a_login_that_cannot_be_read(self):
        self.sign_in()
        self.session.lock()
        result = self.command("logout")
        self.assertIn("the keyring is locked", result.stderr)
        self.assertIn("stays in it, unused, until you delete it there", result.stderr)
        self.assertIn("not revoked at the server", result.stderr)
        self.assertEqual(self.command("status", "--json").json["status"], "signed_out")


class Rescue(KeyringTestCase):
    """What the keyring would not take waits in a file, and moves back."""

    def in_file(self) -> dict:
        """The rescued token set."""
        saved = self.program.state_json(".json")
        self.assertIsNotNone(saved, "nothing was rescued")
        self.assertEqual(saved["store"], "libsecret")
        place = self.program.state_json(".id")
        self.assertEqual((place["store_id"], place["store"]), (saved["store_id"], "libsecret"))
        return saved

    def assert_moves_back(self, generation: int) -> None:
        """The next refresh takes the login into the keyring: an item of that generation, and no file."""
        self.program.change_state_json(".json", age)
        store_id = self.in_file()["store_id"]
        fresh = self.grok(expired=True).json
        self.assertIsNone(self.program.state("test.json"))
        item = next(item for item in self.session.items() if item.attributes["store_id"] == store_id)
        self.assertEqual((item.secret["generation"], item.secret["access_token"]), (generation, fresh["access_token"]))
        self.assertEqual(self.grok().json["access_token"], fresh["access_token"])
        self.assertEqual(self.command("status", "--json").json["store"], "libsecret")

    def sign_in_by_command(self) -> Result:
        run = self.program.start("login", env=self.session.environment)
        self.provider.approve(url=sign_in_url(run))
        return run.wait()

    def test_sign_in_while_it_is_locked(self):
        self.session.lock()
        result = self.sign_in_by_command()
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stderr, r"warning: the keyring is locked.*: the login waits in .*/test\.json until the keyring")
        signed_in = self.in_file()
        self.assertIn("/test.json (until the keyring takes it)", self.command("status").stdout)
        self.assertEqual(self.grok().json["access_token"], signed_in["access_token"])
        with self.subTest("refreshed while it is still locked"):
            self.program.change_state_json(".json", age)
            fresh = self.grok(expired=True).json["access_token"]
            self.assertEqual((self.in_file()["generation"], self.in_file()["access_token"]), (2, fresh))
            self.assertEqual(self.grok().json["access_token"], fresh)
        with self.subTest("unlocked: a cached run changes nothing, a refresh moves it"):
            self.session.unlock()
            self.assertEqual(self.grok().json["access_token"], fresh)
            self.assertEqual(self.session.items(), [])
            self.assert_moves_back(generation=3)
            self.assertEqual(len(self.session.items()), 1)
        self.assertEqual(self.provider.counters()["reuse_detections"], 0)

    def test_sign_in_anew_while_the_old_login_is_locked_in(self):
        """What was in the keyring is removed when it can be."""
        self.sign_in()
        self.session.lock()
        self.assertEqual(self.sign_in_by_command().status, 0)
        self.session.unlock()
        self.assert_moves_back(generation=2)
        self.assertEqual(len(self.session.items()), 1, "the old item is left in the keyring")

    def test_sign_in_while_it_is_hung(self):
        self.session.stop_daemon()
        try:
            started = time.monotonic()
            result = self.sign_in_by_command()
            self.assertEqual(result.status, 0, result)
            self.assertLess(time.monotonic() - started, 8)
            self.assertIn("the keyring does not answer", result.stderr)
            self.in_file()
        finally:
            self.session.continue_daemon()
        self.assert_moves_back(generation=2)


class Dialogs(KeyringTestCase):
    """Where a person sits, the desktop asks for the password; the person may cancel, or not be there."""

    has_mirror = False

    def setUp(self) -> None:
        super().setUp()
        self.sign_in()
        self.session.lock()
        self.provider.reset()
        self.desktop = {**self.session.environment, "DISPLAY": ":99"}

    def new_prompter(self, answer: str) -> Prompter:
        prompter = Prompter(self.session, answer)
        self.addCleanup(prompter.close)
        return prompter

    def test_dismissed(self):
        prompter = self.new_prompter("dismiss")
        result = self.grok(status=3, env=self.desktop)
        self.assertIn(LOCKED[0], result.stderr)
        self.assertLess(result.seconds, 3)
        self.assertGreater(prompter.count("BeginPrompting"), 0)
        self.assertEqual(self.provider.requests(), [])

    def test_dismissed_at_login(self):
        prompter = self.new_prompter("dismiss")
        run = self.program.start("login", "--no-browser", env=self.desktop)
        self.provider.approve(url=sign_in_url(run))
        result = run.wait()
        self.assertEqual(result.status, 0, result)
        self.assertGreater(prompter.count("BeginPrompting"), 0)
        self.assertIn("the login waits in", result.stderr)
        self.assertEqual(self.program.state_json(".json")["store"], "libsecret")

    def test_nobody_there(self):
        """The run waits; a signal ends it at once, and the process that waits for the dialog with it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name), Prompter(self.session, "silent") as prompter:
                run, waiting = self.start_waiting(prompter)
                started = time.monotonic()
                run.signal(number)
                result = run.wait()
                self.assertEqual((result.status, result.stdout), (128 + number, ""), result)
                self.assertLess(time.monotonic() - started, 1)
                self.assertTrue(gone(waiting), "the process that waits for the dialog is left behind")

    def test_killed_while_it_waits(self):
        """Nothing is left behind either when the run cannot say good-bye."""
        run, waiting = self.start_waiting(self.new_prompter("silent"))
        run.signal(signal.SIGKILL)  # as Grok does to its group, which the other process is not in
        run.wait()
        self.assertTrue(gone(waiting), "the process that waits for the dialog is left behind")

    def start_waiting(self, prompter: Prompter) -> tuple[Running, int]:
        """A run that waits at a dialog, and the process that does it."""
        run = self.program.as_grok(expired=False, env=self.desktop)
        prompter.wait_for_call("BeginPrompting")
        children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        self.assertEqual(len(children), 1)
        waiting = int(children[0])
        self.addCleanup(lambda: gone(waiting, 0) or os.kill(waiting, signal.SIGKILL))
        time.sleep(0.2)
        self.assertTrue(run.is_alive())
        return run, waiting


def gone(pid: int, timeout: float = 1) -> bool:
    """Whether the process ends in time."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def tearDownModule() -> None:
    if {"-v", "--verbose"} & set(sys.argv):
        print()
        for situation, times in _times.items():
            print(f"{situation:40} {', '.join(times)}")


if __name__ == "__main__":
    unittest.main()
