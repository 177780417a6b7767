"""Logins in the desktop's keyring, and where there is none."""

import glob
import os
import shlex
import signal
import statistics
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from keyring import COLLECTION_PATH, FakeService, KeyringTestCase, age  # noqa: E402
from program import Program, sign_in_url  # noqa: E402
from scripted_provider import CLIENT_ID, ScriptedProvider, tokens  # noqa: E402

LIBSECRET = next(iter(glob.glob("/usr/lib/*/libsecret-1.so.0")), "")


def wrap(program: Program, command: str) -> None:
    """Lets the program be started by a shell command, in which "$@" stands for it and its arguments."""
    wrapper = program.folder / "wrapper"
    wrapper.write_text(f'#!/bin/sh\nset -- {shlex.quote(program.binary)} "$@"\n{command}\n')
    wrapper.chmod(0o700)
    program.binary = str(wrapper)


class InTheKeyring(KeyringTestCase):
    def test_life_of_a_login(self):
        first = self.sign_in()
        with self.subTest("signed in: one item, and no token in a file"):
            item = self.session.item()
            self.assertEqual(item.label, "grok-auth: test (ada@example.com)")
            place = self.program.state_json(".id")
            self.assertEqual(place["store"], "libsecret")
            self.assertEqual(item.attributes, {"profile": "test", "issuer": self.provider.issuer, "client_id": CLIENT_ID,
                                               "store_id": place["store_id"], "xdg:schema": "grok-auth"})
            self.assertEqual((item.secret["access_token"], item.secret["generation"]), (first["access_token"], 1))
            self.assertIsNone(self.program.state("test.json"))
            self.assertEqual(self.command("status", "--json").json["store"], "libsecret")
        with self.subTest("cached: no request"):
            self.provider.reset()
            self.assertEqual(self.grok().json["access_token"], first["access_token"])
            self.assertEqual(self.provider.requests(), [])
        with self.subTest("refreshed: replaced"):
            self.change_login(age)
            second = self.grok(expired=True).json
            self.assertNotEqual(second["access_token"], first["access_token"])
            item = self.session.item()
            self.assertEqual((item.secret["access_token"], item.secret["generation"]), (second["access_token"], 2))
            self.assertEqual(item.attributes["store_id"], place["store_id"])
            self.assertIsNone(self.program.state("test.json"))
            self.assertEqual(self.refreshes(), 1)
        with self.subTest("signed in anew: the old item is gone"):
            self.login(self.program)
            item = self.session.item()
            self.assertNotEqual(item.attributes["store_id"], place["store_id"])
            self.assertEqual(item.attributes["store_id"], self.program.state_json(".id")["store_id"])
            self.assertEqual(item.secret["generation"], 1)
        with self.subTest("signed out: removed and revoked"):
            self.provider.reset()
            before = self.provider.counters()["live_refresh_tokens"]
            self.command("logout")
            self.assertEqual(self.session.items(), [])
            self.assertEqual(len(self.provider.requests("revocation")), 1)
            self.assertEqual(self.provider.counters()["live_refresh_tokens"], before - 1)
            self.grok(expired=True, status=3)

    def login(self, program: Program) -> None:
        run = program.start("login", env=self.session.environment)
        self.provider.approve(url=sign_in_url(run))
        self.assertEqual(run.wait().status, 0, run)

    def test_two_accounts(self):
        """Each has a profile, and an item that its label tells from the other's; one is signed out, the other stays."""
        text = (self.program.config_folder / "config.toml").read_text()
        body = text.partition("[profile.test]")[2]
        self.program.configure(f'{text}\n[profile.other]{body}')
        self.sign_in()
        self.provider.settings(account="grace")
        run = self.program.start("login", "--profile", "other", env=self.session.environment)
        self.provider.approve(url=sign_in_url(run))
        self.assertEqual(run.wait().status, 0, run)
        labels = {item.label for item in self.session.items()}
        self.assertEqual(labels, {"grok-auth: test (ada@example.com)", "grok-auth: other (grace@example.com)"})
        answer = self.command("status", "--all", "--json").json
        accounts = {one["profile"]: one.get("account", {}).get("sub") for one in answer["profiles"]}
        self.assertEqual(accounts, {"test": "ada", "other": "grace", "xai": None})
        self.command("logout")
        self.assertEqual(self.session.item().label, "grok-auth: other (grace@example.com)")
        self.assertEqual(self.command("token", "--bare", "--profile", "other").status, 0)

    def test_another_state_folder_is_another_login(self):
        first = self.sign_in()
        other = self.new_program()
        self.assertEqual(other.run("status", "--json", env=self.session.environment).json["status"], "signed_out")
        second = self.sign_in(other)
        self.assertEqual(len(self.session.items()), 2)
        self.assertEqual(self.grok().json["access_token"], first["access_token"])
        cached = other.as_grok(expired=False, env=self.session.environment).wait()
        self.assertEqual(cached.json["access_token"], second["access_token"])
        self.login(other)
        self.assertEqual(self.grok().json["access_token"], first["access_token"])
        self.assertEqual(other.run("logout", env=self.session.environment).status, 0)
        self.assertEqual(self.session.item().secret["access_token"], first["access_token"])

    def test_session_bus_at_its_usual_place(self):
        """Without DBUS_SESSION_BUS_ADDRESS the bus is at $XDG_RUNTIME_DIR/bus."""
        first = self.sign_in()
        (self.program.runtime_folder / "bus").symlink_to(self.session.folder / "bus")
        self.assertEqual(self.grok(env={}).json["access_token"], first["access_token"])

    def test_variables_of_libsecret_change_nothing(self):
        elsewhere = self.program.folder / "elsewhere"
        variables = {"SECRET_BACKEND": "file", "SECRET_FILE_TEST_PATH": str(elsewhere), "SECRET_FILE_TEST_PASSWORD": "x",
                     "SECRET_SERVICE_BUS_NAME": "org.example.Elsewhere"}
        env = {**self.session.environment, **variables}
        first = self.program.sign_in(self.provider, env=env)
        self.assertEqual(self.session.item().secret["access_token"], first["access_token"])
        self.assertEqual(self.grok(env=env).json["access_token"], first["access_token"])
        self.change_login(age)
        self.grok(expired=True, env=env)
        self.assertEqual(self.session.item().secret["generation"], 2)
        self.assertFalse(elsewhere.exists())

    def test_tokens_of_16_kB(self):
        """Through the keyring, the worker's pipe, and the file that keeps them while the keyring is locked."""
        sizes = [tokens(access_token=letter * 16384, refresh_token="r" + letter * 16384) for letter in "abc"]
        with ScriptedProvider(token=sizes) as server:
            program = Program(server.config(store="auto", flow="device"))
            self.addCleanup(program.close)
            env = self.session.environment
            run = program.as_grok(expired=False, env=env)
            self.assertEqual(run.wait().json["access_token"], "a" * 16384)
            self.assertEqual(self.session.item().secret["refresh_token"], "r" + "a" * 16384)
            self.assertEqual(program.as_grok(expired=False, env=env).wait().json["access_token"], "a" * 16384)
            self.session.change_secret(age)
            program.change_mirror(age)
            self.assertEqual(program.as_grok(expired=True, env=env).wait().json["access_token"], "b" * 16384)
            self.assertEqual(self.session.item().secret["refresh_token"], "r" + "b" * 16384)
            self.session.lock()
            run = program.start("login", env=env)
            self.assertEqual(run.wait().status, 0, run)
            self.assertEqual(program.state_json(".json")["refresh_token"], "r" + "c" * 16384)
            self.assertEqual(program.as_grok(expired=False, env=env).wait().json["access_token"], "c" * 16384)
            self.assertEqual(server.seen("token")[1]["refresh_token"], "r" + "a" * 16384)

    def test_signal_while_a_sign_in_waits(self):
        """GLib has left threads behind by then, which must not take the signal."""
        self.sign_in()
        self.change_login(lambda tokens: (age(tokens), tokens.pop("refresh_token", None)))
        run = self.program.as_grok(expired=False, env=self.session.environment)
        sign_in_url(run)
        run.signal(signal.SIGTERM)
        self.assertEqual(run.wait(2).status, 128 + signal.SIGTERM)

    def test_signal_while_a_refresh_waits(self):
        """A terminated run gives the answer that is on its way 400 ms, and hands the token out."""
        self.sign_in()
        self.change_login(age)
        self.provider.reset()
        self.provider.settings(delay_token_after_ms=100)
        run = self.program.as_grok(expired=True, env=self.session.environment)
        while not self.refreshes():
            time.sleep(0.01)
        run.signal(signal.SIGTERM)
        result = run.wait()
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.session.item().secret["access_token"], result.json["access_token"])

    def test_fifty_at_once(self):
        first = self.sign_in()
        daemon = self.session.daemon_pid
        started = time.monotonic()
        runs = [self.program.as_grok(expired=False, env=self.session.environment) for _ in range(50)]
        results = [run.wait(30) for run in runs]
        note(f"50 cached runs at once: {time.monotonic() - started:.2f} s")
        self.assertEqual([result.status for result in results], [0] * 50, [r for r in results if r.status])
        self.assertEqual({result.json["access_token"] for result in results}, {first["access_token"]})
        self.assertEqual(self.session.daemon_pid, daemon)

    def test_time_of_a_cached_run(self):
        self.sign_in()
        in_file = self.new_program(store="file")
        in_file.sign_in(self.provider)
        keyring_env = {**self.program.environment, **self.session.environment}
        nothing = self.median(["/bin/true"], keyring_env)
        keyring = self.median([self.program.binary], keyring_env)
        file = self.median([in_file.binary], in_file.environment)
        for name, seconds in (("/bin/true", nothing), ("from the file", file), ("from the keyring", keyring)):
            note(f"cached run, {name}: {seconds * 1000:.1f} ms, {seconds / nothing:.1f} times /bin/true")
        self.assertLess(keyring - file, 0.1)

    def median(self, command: list[str], environment: dict[str, str]) -> float:
        def once() -> float:
            started = time.perf_counter()
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
            return time.perf_counter() - started

        return statistics.median(once() for _ in range(50))


class WithoutKeyring(KeyringTestCase):
    session_state = "none"

    def test_auto_takes_the_file_and_says_so_after_the_address(self):
        run = self.program.as_grok(expired=False, env=self.session.environment)
        self.provider.approve(url=sign_in_url(run))
        result = run.wait()
        lines = result.stderr.splitlines()
        said = [line for line in lines if line.startswith(f"The login is kept in {self.program.state_folder}/test.json: ")]
        self.assertEqual(len(said), 1, result)
        self.assertIn("there is no keyring here", said[0])
        self.assertRegex(lines[0], "^Sign in at https://")
        self.assertEqual(self.program.state_json(".id")["store"], "file")
        self.assertEqual(self.program.state_json(".json")["access_token"], result.json["access_token"])
        with self.subTest("it stays there, whatever appears"):
            self.session = self.new_session("unlocked")
            self.program.change_state_json(".json", age)
            self.grok(expired=True)
            self.assertEqual((self.program.state_json(".json")["generation"], self.session.items()), (2, []))

    def test_libsecret_demanded(self):
        self.program = self.new_program(store="libsecret")
        for state, words in (("none", "there is no keyring here"), ("stale", "there is no keyring here"),
                             ("exits", "the keyring does not start"), (None, "there is no D-Bus session")):
            for command in ((), ("login",)):
                with self.subTest(state=state, command=command):
                    env = self.new_session(state).environment if state else {}
                    result = self.program.run(*command, env=env)
                    self.assertEqual((result.status, result.stdout), (1, ""), result)
                    self.assertIn("grok-auth: error: profile 'test' keeps its login in the keyring, and", result.stderr)
                    self.assertIn(words, result.stderr)
                    self.assertIn('grok-auth: hint: start a Secret Service (and install libsecret), or set store = "auto"',
                                  result.stderr)
        self.assertEqual(self.provider.requests("device_authorization"), [])
        self.assertIsNone(self.program.state("test.id"))

    def test_file_never_asks_the_bus(self):
        bus = self.new_session("silent")
        self.program = self.new_program(store="file")
        self.session = bus
        self.sign_in()
        self.grok()
        self.program.change_state_json(".json", age)
        self.grok(expired=True)
        self.command("refresh")
        self.command("status")
        self.command("login", "--timeout", "1", status=3)
        self.command("logout")
        self.assertEqual(bus.connections, 0)
        with self.subTest("auto does"):
            self.program = self.new_program()
            self.command("login", "--timeout", "1", status=3)
            self.assertGreater(bus.connections, 0)

    def test_file_loads_no_library_of_the_keyring(self):
        """Neither the sign-in, nor a cached run, nor the refresh worker; but auto does."""
        for store, loaded in (("file", set()), ("auto", {"libsecret", "libgio", "libglib"})):
            with self.subTest(store):
                program = self.new_program(store=store)
                log = program.folder / "trace"
                wrap(program, f'exec strace -f -e trace=openat,connect -o {log} "$@"')
                # A traced process cannot be searched for leaks.
                environment = {**self.session.environment, "ASAN_OPTIONS": "detect_leaks=0"}
                program.sign_in(self.provider, env=environment)
                program.change_state_json(".json", age)
                opened = log.read_text()
                self.assertEqual(program.as_grok(expired=True, env=environment).wait().status, 0)
                opened += log.read_text()
                self.assertIn("libc.so.6", opened)
                self.assertEqual({name for name in ("libsecret", "libgio", "libglib") if f"/{name}-" in opened}, loaded)
                self.assertEqual(str(self.session.folder) in opened, bool(loaded), "connected to the bus")

    def test_libsecret_not_installed(self):
        hidden = self.hide_libsecret()
        self.session = self.new_session("unlocked")
        with self.subTest("auto"):
            wrap(self.program, hidden)
            run = self.program.as_grok(expired=False, env=self.session.environment)
            self.provider.approve(url=sign_in_url(run))
            result = run.wait()
            self.assertEqual(result.status, 0, result)
            self.assertRegex(result.stderr, r"\nThe login is kept in .*/test\.json: .*libsecret-1\.so\.0")
            self.assertEqual(self.program.state_json(".json")["access_token"], result.json["access_token"])
            self.program.change_state_json(".json", age)
            self.grok(expired=True)
        with self.subTest("libsecret"):
            self.program = self.new_program(store="libsecret")
            wrap(self.program, hidden)
            self.provider.reset()
            result = self.grok(status=1)
            self.assertIn("libsecret-1.so.0", result.stderr)
            self.assertIn("install libsecret", result.stderr)
            self.assertEqual(self.provider.requests("device_authorization"), [])
        with self.subTest("a login that is in the keyring"):
            self.program = self.new_program()
            self.sign_in()
            wrap(self.program, hidden)
            self.change_login(age)
            self.assertIn("libsecret-1.so.0", self.grok(expired=True, status=3).stderr)
        self.assertEqual(len(self.session.items()), 1)

    def hide_libsecret(self) -> str:
        """A command that runs "$@" where the library is an empty file."""
        command = f'exec unshare -m sh -c \'mount --bind /dev/null {LIBSECRET} && exec "$@"\' sh "$@"'
        if subprocess.run(["sh", "-c", command, "sh", "true"], stderr=subprocess.DEVNULL).returncode:
            self.assertFalse(os.environ.get("CI"), "no mount namespace can be made")
            print("\nskipped: a mount namespace needs root")
            self.skipTest("no mount namespace can be made here")
        return command


class KeePassXC(KeyringTestCase):
    """A Secret Service with KeePassXC's habits."""

    session_state = "none"
    has_mirror = False

    def setUp(self) -> None:
        super().setUp()
        self.service = FakeService(self.session)
        self.addCleanup(self.service.close)
        self.first = self.sign_in()
        self.provider.reset()

    def test_default_collection_by_its_real_path(self):
        self.assertEqual([secret["generation"] for secret in self.service.secrets()], [1])
        self.assertEqual(self.grok().json["access_token"], self.first["access_token"])
        self.assertGreater(self.service.count("ReadAlias"), 0)
        self.assertIn(f"CreateItem {COLLECTION_PATH}", self.service.calls)
        self.assertFalse([call for call in self.service.calls if "/aliases/" in call])
        self.command("refresh")
        self.assertEqual([secret["generation"] for secret in self.service.secrets()], [2])
        self.command("logout")
        self.assertEqual(self.service.secrets(), [])

    def test_what_is_closed_is_locked(self):
        for name, setting in (("the item", {"item_locked": True}), ("the database", {"collection_locked": True}),
                              ("no database is open", {"alias": "/"})):
            with self.subTest(name):
                self.service.change(**setting)
                for expired in (True, False):
                    result = self.grok(expired=expired, status=3)
                    self.assertIn("the keyring is locked", result.stderr)
                    self.assertIn("hint: unlock it", result.stderr)
                    self.assertLess(result.seconds, 2.5)
                self.service.change(item_locked=False, collection_locked=False, alias=COLLECTION_PATH)
                self.assertEqual(self.grok().json["access_token"], self.first["access_token"])
        self.assertEqual([self.service.count(name) for name in ("Unlock", "Prompt", "Dialog")], [0, 0, 0])
        self.assertEqual(self.provider.requests(), [])

    def test_dialog_answered(self):
        """Where a person can be asked, the run goes on with the login that it finds then."""
        self.service.change(collection_locked=True, answer="agree")
        result = self.grok(env={**self.session.environment, "DISPLAY": ":99"})
        self.assertEqual(result.json["access_token"], self.first["access_token"])
        self.assertEqual(self.service.count("Prompt"), 1)
        self.assertEqual(self.provider.requests(), [])

    def test_item_locked_where_a_person_sits(self):
        """KeePassXC unlocks an item for the one process that asked: no dialog helps, and none is opened in vain."""
        self.service.change(item_locked=True, answer="agree")
        result = self.grok(status=3, env={**self.session.environment, "DISPLAY": ":99"})
        self.assertIn("the item is locked", result.stderr)
        self.assertEqual(self.service.count("Prompt"), 0)

    def test_it_asks_before_it_saves(self):
        """A refresh opens no dialog: its token waits in the file."""
        self.service.change(confirm_create=True)
        self.command("refresh")
        self.assertEqual(self.service.count("Prompt"), 0)
        self.assert_rescued()
        self.service.change(confirm_create=False)
        self.command("refresh")
        self.assertIsNone(self.program.state("test.json"))
        self.assertEqual({secret["generation"] for secret in self.service.secrets()}, {3})

    def test_it_asks_before_it_deletes(self):
        """Nobody waits for that dialog: what cannot be deleted stays, unused, and a sign-out says so."""
        self.service.change(confirm_delete=True)
        self.sign_in_anew()
        result = self.command("logout")
        self.assertIn("stays in it, unused, until you delete it there", result.stderr)
        self.assertLess(result.seconds, 3)
        self.assertEqual(len(self.provider.requests("revocation")), 1)
        self.assertEqual(self.service.count("Prompt"), 0)

    def sign_in_anew(self) -> None:
        run = self.program.start("login", env=self.session.environment)
        self.provider.approve(url=sign_in_url(run))
        self.assertEqual(run.wait(10).status, 0, run)

    def test_it_dies_in_the_middle_of_a_save(self):
        self.service.change(create="die")
        self.command("refresh")
        self.assert_rescued()

    def test_it_hangs_in_the_middle_of_a_save(self):
        self.service.change(create="silent")
        self.assertLess(self.command("refresh").seconds, 3.5)
        self.assert_rescued()

    def assert_rescued(self) -> None:
        """The one refresh is in the file, and a cached run hands it out."""
        saved = self.program.state_json(".json")
        self.assertEqual((saved["generation"], saved["store"]), (2, "libsecret"))
        self.assertEqual(self.grok().json["access_token"], saved["access_token"])
        self.assertEqual(self.refreshes(), 1)


_notes: list[str] = []


def note(line: str) -> None:
    """A measured time, for the end of a verbose run."""
    _notes.append(line)


def tearDownModule() -> None:
    if {"-v", "--verbose"} & set(sys.argv):
        print("\n" + "\n".join(_notes))


if __name__ == "__main__":
    unittest.main()
