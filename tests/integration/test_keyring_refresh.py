"""A keyring that is lost, a sign-out and a new sign-in while a refresh is under way: the token just received is printed, the
next runs use it, the older refresh token is never sent again, and the login moves back when the keyring takes it."""

import os
import sys
import threading
import time
import unittest
from typing import Callable

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from keyring import Session  # noqa: E402
from refreshing import GROKS_PATIENCE, Gate, ScriptedRefreshTestCase, age, kill, wait_until  # noqa: E402
from running import Result  # noqa: E402
from scripted_provider import CLIENT_ID, jwt  # noqa: E402

KILLS = 24


class KeyringRefreshTestCase(ScriptedRefreshTestCase):
    """A login in the keyring of `session`: `access-1` of `ada`, which has expired."""

    def setUp(self) -> None:
        super().setUp()
        self.session = self.enterContext(Session())
        for name in ("test.json", "test.id"):
            (self.program.state_folder / name).unlink()
        self.program.configure(self.server.config(store="auto", flow="device"))
        self.sign_in("ada")
        self.expire()

    def sign_in(self, sub: str) -> None:
        claims = {"iss": self.server.issuer, "aud": CLIENT_ID, "sub": sub, "iat": 1, "exp": 2**40}
        self.server.sign_in_members = {"id_token": jwt(**claims)}
        self.command("login")

    def command(self, *arguments: str) -> None:
        result = self.program.run(*arguments, env=self.session.environment)
        self.assertEqual(result.status, 0, result)

    def printed(self, expired: bool = False) -> str:
        """The token of a run that must work."""
        return self.hand_out(expired=expired, env=self.session.environment).json["access_token"]

    def expire(self) -> None:
        """Lets time pass, wherever the login is."""
        if self.rescued():
            self.program.change_state_json(".json", age)
        else:
            self.session.change_secret(age)
            self.program.change_mirror(age)

    def rescued(self) -> dict | None:
        """The token set that waits in the file until the keyring takes it."""
        saved = self.program.state_json(".json")
        if saved:
            place = self.program.state_json(".id")
            self.assertEqual((saved["store"], place), ("libsecret", {"store_id": saved["store_id"], "store": "libsecret"}))
        return saved

    def assert_in_keyring(self, generation: int) -> None:
        """One item, and no file."""
        self.assertIsNone(self.program.state("test.json"))
        item = self.session.item()
        self.assertEqual((item.secret["generation"], item.secret["access_token"]), (generation, f"access-{generation}"))


class Lost(KeyringRefreshTestCase):
    """Between the load and the save of a refresh."""

    def lose(self, lose) -> None:
        gate = Gate()
        self.server.after = [gate]
        run = self.held_run(gate, env=self.session.environment)
        lose()
        gate.open()
        result = run.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "access-2"), result)
        self.assertLess(result.seconds, GROKS_PATIENCE)
        saved = self.rescued()
        self.assertEqual((saved["generation"], saved["refresh_token"]), (2, "refresh-2"))
        self.assertEqual(self.printed(), "access-2")

    def assert_moves_back(self) -> None:
        self.expire()
        self.assertEqual(self.printed(expired=True), "access-3")
        self.assert_in_keyring(3)
        self.assertEqual(self.printed(), "access-3")
        self.assertEqual(self.server.sent(), ["refresh-1", "refresh-2"])

    def test_locked(self):
        self.lose(self.session.lock)
        self.session.unlock()
        self.assert_moves_back()

    def test_killed(self):
        self.lose(self.session.kill_daemon)
        self.session.unlock()
        self.assert_moves_back()

    def test_hung(self):
        self.lose(self.session.stop_daemon)
        self.session.continue_daemon()
        self.assert_moves_back()

    def test_killed_while_it_hangs(self):
        """It is stopped before the server answers, and killed while the worker waits for it."""

        def stop_then_kill() -> None:
            self.session.stop_daemon()
            killer = threading.Timer(1, self.session.kill_daemon)
            killer.start()
            self.addCleanup(killer.join)

        self.lose(stop_then_kill)
        self.session.unlock()
        self.assert_moves_back()

    def test_bus_killed(self):
        """The end of the session."""
        self.lose(self.session.kill_bus)
        with self.subTest("refreshed without it"):
            self.expire()
            self.assertEqual(self.printed(expired=True), "access-3")
        self.session.restart_bus()
        self.session.unlock()
        self.expire()
        self.assertEqual(self.printed(expired=True), "access-4")
        self.assert_in_keyring(4)
        self.assertEqual(self.server.sent(), ["refresh-1", "refresh-2", "refresh-3"])


class KilledInMidSave(KeyringRefreshTestCase):
    def test_at_many_moments(self):
        """In even steps from the server's answer to the end of a run."""
        answered = []
        self.server.after = [lambda: answered.append(time.monotonic())]
        self.assertEqual(self.printed(expired=True), "access-2")
        whole = time.monotonic() - answered[0]
        rescues = 0
        for step in range(KILLS):
            with self.subTest(step, of=whole):
                self.expire()
                pid = self.session.daemon_pid
                killer = threading.Timer(whole * step / KILLS, kill, [pid])
                self.server.after = [killer.start]
                token = self.printed(expired=True)
                killer.join()
                wait_until(lambda: self.session.daemon_pid != pid, "the bus does not notice")
                rescues += self.rescued() is not None
                self.session.unlock()
                self.assertEqual(self.printed(), token)
        self.expire()
        self.printed(expired=True)
        self.assert_in_keyring(KILLS + 3)
        self.assertEqual(self.server.sent(), [f"refresh-{number + 1}" for number in range(KILLS + 2)])
        self.assertGreater(rescues, 0)


class Replaced(KeyringRefreshTestCase):
    """The login of the refresh is gone, or another, when the answer comes."""

    def refresh_and(self, replace: Callable[[], None]) -> Result:
        """A refresh while whose request is out `replace` happens."""
        gate = Gate()
        self.server.after = [gate]
        run = self.program.start("refresh", env=self.session.environment)
        gate.wait_until_reached()
        replace()
        gate.open()
        return run.wait()

    def test_by_a_sign_out(self):
        """Dropped and revoked: neither the file nor the keyring gets it."""
        result = self.refresh_and(lambda: self.command("logout"))
        self.assertEqual(result.status, 3, result)
        self.assertEqual(self.server.revoked(), ["refresh-1", "refresh-2"])
        self.assertEqual((self.session.items(), self.program.state("test.json")), ([], None))
        self.assertEqual(self.program.run("status", "--json", env=self.session.environment).json["status"], "signed_out")

    def test_by_a_sign_in_of_the_same_account(self):
        """Dropped and not revoked: a server may end the whole grant, and the new login with it."""
        self.assertEqual(self.refresh_and(lambda: self.sign_in("ada")).status, 0)
        self.assert_signed_in_anew([])

    def test_by_a_sign_in_of_another_account(self):
        self.assertEqual(self.refresh_and(lambda: self.sign_in("grace")).status, 0)
        self.assert_signed_in_anew(["refresh-2"])

    def assert_signed_in_anew(self, revoked: list[str]) -> None:
        self.assertEqual(self.server.revoked(), revoked)
        item = self.session.item()
        self.assertEqual((item.secret["generation"], item.secret["access_token"]), (1, "access-3"))
        self.assertEqual(self.printed(), "access-3")
        self.command("refresh")
        self.assertEqual(self.server.sent(), ["refresh-1", "refresh-3"])


class Unreadable(KeyringRefreshTestCase):
    """What is in the keyring is not a token set that this program knows."""

    def test_damaged(self):
        """Nobody is signed in, and the item is left alone."""
        self.session.change_secret(lambda secret: secret.pop("access_token"))
        self.program.mirror.unlink()
        before = self.session.item()
        for arguments in (["token", "--no-interactive"], ["refresh"]):
            result = self.program.run(*arguments, env=self.session.environment)
            self.assertEqual((result.status, result.stdout), (3, ""), result)
            self.assertEqual(result.stderr.count("warning: the login in the keyring is damaged"), 1, result)
        self.assertEqual(self.session.item(), before)
        self.sign_in("ada")
        self.assertEqual(self.printed(), "access-2")

    def test_of_a_newer_version(self):
        """As in the file: it is neither used nor replaced nor deleted."""
        self.session.change_secret(lambda secret: secret.update(version=2))
        self.program.mirror.unlink()
        before = self.session.item()
        for command in ("token", "refresh", "login", "logout"):
            with self.subTest(command):
                result = self.program.run(command, env=self.session.environment)
                self.assertEqual((result.status, result.stdout), (1, ""), result)
                self.assertIn("newer version", result.stderr)
                self.assertEqual(self.session.items(), [before])


if __name__ == "__main__":
    unittest.main()
