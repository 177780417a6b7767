"""The copy of the access token in the runtime folder, beside a login in a real gnome-keyring: what it is for, and when it is
not believed."""

import fcntl
import json
import os
import stat
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from keyring import KeyringTestCase, age  # noqa: E402
from program import sign_in_url  # noqa: E402

NOBODY = 65534


class MirrorTestCase(KeyringTestCase):
    """`first` is the answer of the sign-in; the server has forgotten what it was asked."""

    def setUp(self) -> None:
        super().setUp()
        self.first = self.sign_in()
        self.provider.reset()

    def mirrored(self) -> dict:
        """The mirror, parsed."""
        return json.loads(self.program.mirror.read_text())

    def assertServed(self, env: dict | None = None) -> None:
        """A cached run prints the token that was signed in for."""
        self.assertEqual(self.grok(env=env).json["access_token"], self.first["access_token"])


class Mirror(MirrorTestCase):
    def test_what_it_holds(self):
        stored = self.session.item().secret
        text = self.program.mirror.read_text()
        mirrored = json.loads(text)
        for name in ("access_token", "expires_at", "minted_at", "issuer", "client_id", "generation", "store_id"):
            self.assertEqual(mirrored[name], stored[name], name)
        self.assertNotIn("refresh_token", mirrored)
        self.assertNotIn(stored["refresh_token"], text)
        self.assertNotIn("ada", text)
        self.assertEqual(stat.S_IMODE(self.program.mirror.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.program.mirror.parent.stat().st_mode), 0o700)

    def test_keyring_that_dies(self):
        """Cached runs need it no more; the run that must refresh says what is the matter."""
        self.session.stop_daemon()
        self.assertServed()
        self.session.continue_daemon()
        self.session.kill_daemon()
        self.assertServed()
        self.assertServed(env={})
        self.program.change_mirror(age)
        self.assertIn("the keyring is locked", self.grok(status=3).stderr)
        self.assertEqual(self.provider.requests(), [])
        self.session.unlock()
        self.change_login(age)
        self.assertNotEqual(self.grok(expired=True).json["access_token"], self.first["access_token"])

    def test_refreshed(self):
        self.change_login(age)
        second = self.grok(expired=True).json["access_token"]
        self.assertEqual(self.mirrored()["access_token"], second)
        self.assertEqual(self.mirrored()["generation"], 2)
        self.session.kill_daemon()
        self.assertEqual(self.grok().json["access_token"], second)

    def test_made_anew(self):
        """The folder is lost with the last session, or by somebody who tidies up."""
        self.program.mirror.unlink()
        self.program.mirror.parent.rmdir()
        self.assertServed()
        self.assertEqual(self.mirrored()["access_token"], self.first["access_token"])

    def test_signed_out(self):
        self.command("logout")
        self.assertFalse(self.program.mirror.exists())
        self.assertIn("nobody is signed in", self.grok(expired=True, status=3).stderr)

    def test_left_behind(self):
        """Signed out where there was no runtime folder: what is left is not believed."""
        result = self.program.run("logout", env={**self.session.environment, "XDG_RUNTIME_DIR": None})
        self.assertEqual(result.status, 0, result)
        self.assertTrue(self.program.mirror.exists())
        self.assertIn("nobody is signed in", self.grok(expired=True, status=3).stderr)

    def test_signed_in_anew(self):
        run = self.program.start("login", env=self.session.environment)
        self.provider.approve(url=sign_in_url(run))
        self.assertEqual(run.wait().status, 0, run)
        stored = self.session.item().secret
        self.assertEqual(self.mirrored()["store_id"], stored["store_id"])
        self.session.kill_daemon()
        self.assertEqual(self.grok().json["access_token"], stored["access_token"])

    def test_erased_by_git(self):
        """Git's server did not take the token: the next one comes from the server, not from the mirror."""
        config = self.program.config_folder / "config.toml"
        config.write_text(config.read_text() + '[profile.test.git]\nhosts = ["git.example"]\n')
        about = "protocol=https\nhost=git.example\n"
        password = f"password={self.first['access_token']}\n"
        for operation, text in (("erase", about + password + "\n"), ("get", about + "\n")):
            result = self.program.run("credential", operation, env=self.session.environment, stdin=text)
            self.assertEqual(result.status, 0, result)
            self.assertEqual(self.program.mirror.exists(), operation == "get")
        self.assertNotIn(password, result.stdout)
        self.assertIn(f"password={self.mirrored()['access_token']}\n", result.stdout)
        self.assertEqual(self.refreshes(), 1)

    def test_refused_by_a_server(self):
        """The provider of a model brings the token back."""
        env = {**self.session.environment, "GROK_AUTH_PROVIDER_ACCESS_TOKEN": self.first["access_token"]}
        result = self.program.run("token", "--bare", env=env)
        self.assertEqual(result.status, 0, result)
        self.assertNotEqual(result.stdout.strip(), self.first["access_token"])
        self.assertEqual(self.mirrored()["access_token"], result.stdout.strip())

    def test_switched_off(self):
        """The copy that was made before goes with the next run that asks the keyring, or with the login."""
        on = (self.program.config_folder / "config.toml").read_text()
        self.assertIn("[profile.test]", on)
        off = on.replace("[profile.test]", "[profile.test]\nmirror = false")
        for command in ("token", "logout"):
            with self.subTest(command):
                self.program.configure(on)
                self.grok()
                self.assertTrue(self.program.mirror.exists())
                self.program.configure(off)
                self.command(command)
                self.assertFalse(self.program.mirror.exists())

    def test_half_written(self):
        """What a killed run left of it goes too."""
        half = self.program.mirror.with_name("test.abcdef.tmp")
        half.write_text(self.program.mirror.read_text())
        self.command("logout")
        self.assertEqual(list(self.program.mirror.parent.iterdir()), [])

    def test_refused_while_the_keyring_is_locked(self):
        """By Grok, which then asks for a sign-in: the same token would end in the same refusal."""
        self.change_login(lambda tokens: tokens.update(minted_at=tokens["minted_at"] - 120))
        self.session.lock()
        self.assertIn("the keyring is locked", self.grok(expired=True, status=3).stderr)
        self.assertIn("the keyring is locked", self.grok(status=3).stderr)
        self.session.unlock()
        self.assertNotEqual(self.grok().json["access_token"], self.first["access_token"])
        self.assertEqual(self.refreshes(), 1)

    def test_brought_back_while_the_keyring_is_locked(self):
        """By the provider of a model."""
        self.session.lock()
        env = {**self.session.environment, "GROK_AUTH_PROVIDER_ACCESS_TOKEN": self.first["access_token"]}
        result = self.program.run("token", "--bare", "--no-interactive", env=env)
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        self.assertIn("the keyring is locked", self.grok(status=3).stderr)

    def test_another_password_erased_by_git(self):
        """A stale one of another helper, while the keyring is locked: the token is served on."""
        self.session.lock()
        config = self.program.config_folder / "config.toml"
        config.write_text(config.read_text() + '[profile.test.git]\nhosts = ["git.example"]\n')
        text = "protocol=https\nhost=git.example\npassword=another\n\n"
        result = self.program.run("credential", "erase", env=self.session.environment, stdin=text)
        self.assertEqual(result.status, 0, result)
        self.assertServed()

    def test_several_runs_at_a_hung_keyring(self):
        """They ask it at the same time, not one after another, and each says what is the matter."""
        self.change_login(age)
        self.session.stop_daemon()
        with open(os.open(self.program.state_folder / "test.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as a worker that is killed soon
            runs = [self.program.as_grok(expired=index % 2 == 0, env=self.session.environment) for index in range(10)]
            time.sleep(0.5)
        results = [run.wait() for run in runs]
        self.session.continue_daemon()
        self.assertEqual([(result.status, result.stdout) for result in results], [(3, "")] * 10, results)
        for result in results:
            self.assertIn("the keyring does not answer", result.stderr)
        self.assertEqual(self.provider.requests(), [])

    def test_no_runtime_folder(self):
        """Everything works as before."""
        self.program.mirror.unlink()
        env = {**self.session.environment, "XDG_RUNTIME_DIR": None}
        self.assertServed(env)
        self.session.change_secret(age)
        result = self.program.as_grok(expired=True, env=env).wait()
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        self.assertEqual(self.session.item().secret["generation"], 2)
        self.assertFalse(self.program.mirror.exists())


class Unsafe(MirrorTestCase):
    """What another user could have put there is neither read nor written. Nobody is told: the keyring has the token."""

    def setUp(self) -> None:
        super().setUp()
        # It would be handed out if it were read.
        self.program.change_mirror(lambda tokens: tokens.update(access_token="planted"))
        self.assertEqual(self.grok().json["access_token"], "planted")

    def assertPassedBy(self) -> None:
        before = self.program.mirror.read_text()
        result = self.grok()
        self.assertEqual((result.json["access_token"], result.stderr), (self.first["access_token"], ""))
        self.assertEqual(self.program.mirror.read_text(), before)

    def test_runtime_folder_that_is_not_one(self):
        """Missing, of another user, open to others, on a disk."""
        runtime = self.program.runtime_folder
        with tempfile.TemporaryDirectory(dir="/var/tmp") as on_disk:
            os.chmod(on_disk, 0o700)
            changes = {
                "another user's": lambda: os.chown(runtime, NOBODY, NOBODY),
                "open to others": lambda: (os.chown(runtime, 0, 0), runtime.chmod(0o755)),
                "missing": lambda: runtime.chmod(0o700),
                "on a disk": lambda: None,
                "relative": lambda: None,
            }
            elsewhere = {"missing": f"{runtime}/missing", "on a disk": on_disk, "relative": "."}
            for name, change in changes.items():
                with self.subTest(name):
                    change()
                    env = {**self.session.environment, "XDG_RUNTIME_DIR": elsewhere.get(name, str(runtime))}
                    self.assertServed(env)
                    self.assertIn("planted", self.program.mirror.read_text())
            self.assertEqual(os.listdir(on_disk), [])
            self.assertEqual(os.listdir(runtime), ["grok-auth"])

    def test_folder_of_another_user(self):
        os.chown(self.program.mirror.parent, NOBODY, NOBODY)
        self.assertPassedBy()

    def test_folder_that_others_can_write_to(self):
        self.program.mirror.parent.chmod(0o777)
        self.assertPassedBy()

    def test_link_in_place_of_the_folder(self):
        elsewhere = self.program.runtime_folder / "elsewhere"
        self.program.mirror.parent.rename(elsewhere)
        self.program.mirror.parent.symlink_to(elsewhere)
        self.assertPassedBy()

    def test_file_of_another_user(self):
        os.chown(self.program.mirror, NOBODY, NOBODY)
        self.assertEqual(self.grok().json["access_token"], self.first["access_token"])

    def test_link_in_place_of_the_file(self):
        """The link goes, what it leads to stays."""
        elsewhere = self.program.runtime_folder / "elsewhere"
        self.program.mirror.rename(elsewhere)
        self.program.mirror.symlink_to(elsewhere)
        self.assertEqual(self.grok().json["access_token"], self.first["access_token"])
        self.assertIn("planted", elsewhere.read_text())
        self.assertFalse(self.program.mirror.is_symlink())


if __name__ == "__main__":
    unittest.main()
