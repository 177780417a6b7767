"""A state folder that takes no file, before and after the server has answered a refresh: nothing is sent that could not be
saved, and what was answered is saved or at least handed out."""

import errno
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refreshing import ScriptedRefreshTestCase, age  # noqa: E402

RESERVED = 64 * 1024  # what a refresh sets aside for its answer


class StoreFaultTestCase(ScriptedRefreshTestCase):
    def mount(self, *arguments: str, at: pathlib.Path) -> None:
        """Mounts something until the end of the test."""
        done = subprocess.run(["mount", *arguments, str(at)], capture_output=True, text=True)
        if done.returncode:
            self.assertFalse(os.environ.get("CI"), f"nothing can be mounted: {done.stderr}")
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(at)], check=True)

    def on_small_disk(self, options: str) -> pathlib.Path:
        """Puts what is stored on a file system of its own, which is mounted over the state folder."""
        contents = self.contents()
        folder = self.program.state_folder
        self.mount("-t", "tmpfs", "-o", f"mode=700,{options}", "tmpfs", at=folder)
        for name, text in contents.items():
            self.program.write_state(name, text)
        return folder

    def fill(self, folder: pathlib.Path, left: int = 0) -> None:
        """Takes what room there is but `left` bytes."""
        with open(folder / "filler", "ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOSPC)
            filler.truncate(filler.tell() - left)

    def contents(self) -> dict[str, str]:
        """What is stored."""
        names = ("test.json", "test.id", "test.last")
        return {name: text for name in names if (text := self.program.state(name)) is not None}


class BeforeTheRequest(StoreFaultTestCase):
    """Nothing is sent. When the fault is over, the login is refreshed with the same refresh token."""

    def assert_nothing_is_sent(self, *words: str) -> None:
        before = self.program.state("test.json")
        for run in (self.program.as_grok(expired=True), self.program.start("refresh")):
            result = run.wait()
            self.assertEqual((result.status, result.stdout), (1, ""), result)
            for word in words:
                self.assertIn(word, result.stderr)
        self.assertEqual(self.server.sent(), [])
        self.assertEqual(self.program.state("test.json"), before)

    def test_disk_full(self):
        folder = self.on_small_disk("size=256k")
        self.fill(folder)
        self.assert_nothing_is_sent("No space left on device", "hint: make room on the disk")
        (folder / "filler").unlink()
        self.hand_out("access-1")

    def test_room_for_the_answer_but_not_for_the_record(self):
        self.hand_out("access-1")  # makes the files that only grow
        self.program.change_state_json(".json", age)
        folder = self.on_small_disk("size=256k")
        self.fill(folder, left=RESERVED + 4096)  # a page for the number of the worker in its lock file
        result = self.program.run("refresh")
        self.assertEqual(result.status, 1, result)
        self.assertRegex(result.stderr, "test.last': No space left on device")
        self.assertEqual(len(self.server.sent()), 1)
        (folder / "filler").unlink()
        self.hand_out("access-2")

    def test_no_file_can_be_made(self):
        """As with a quota of files: the folder, two files and two locks are all there may be."""
        folder = self.on_small_disk("size=256k,nr_inodes=5")
        for name in ("test.lock", "test.write.lock"):
            (folder / name).touch(mode=0o600)
        self.assert_nothing_is_sent("No space left on device")
        subprocess.run(["mount", "-o", "remount,nr_inodes=20", str(folder)], check=True)
        self.hand_out("access-1")

    def test_read_only(self):
        folder = str(self.program.state_folder)
        self.mount("--bind", folder, at=self.program.state_folder)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        self.assert_nothing_is_sent("Read-only file system", "hint: set XDG_STATE_HOME to a folder that can be written")
        subprocess.run(["mount", "-o", "remount,bind,rw", folder], check=True)
        self.hand_out("access-1")
        with self.subTest("a token that is still good is handed out there"):
            subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
            before = self.contents()
            self.hand_out("access-1", expired=False)
            self.assertEqual(self.program.run("status", "--json").json["status"], "connected")
            self.assertEqual((self.contents(), len(self.server.sent())), (before, 1))


class AfterTheAnswer(StoreFaultTestCase):
    """The fault comes while the server has the request."""

    def test_disk_fills_up(self):
        """The room for the answer was set aside before the request."""
        folder = self.on_small_disk("size=256k")
        self.server.after = [lambda: self.fill(folder)]
        self.assertEqual(self.hand_out("access-1").stderr, "")
        self.assertEqual(self.program.state_json(".json")["refresh_token"], "refresh-1")
        self.hand_out("access-1", expired=False)
        with self.subTest("still full: the next refresh sends nothing"):
            self.assertEqual(self.program.run("refresh").status, 1)
            self.assertEqual(len(self.server.sent()), 1)
        (folder / "filler").unlink()
        self.assertEqual(self.program.run("refresh").status, 0)
        self.assertEqual(self.server.sent(), ["stored-refresh-token", "refresh-1"])

    def test_folder_is_removed(self):
        """The token is handed out all the same, and the person is told."""
        self.server.after = [lambda: shutil.rmtree(self.program.state_folder)]
        result = self.hand_out("access-1")
        self.assertIn("warning: the new token could not be stored", result.stderr)


class HalfWritten(ScriptedRefreshTestCase):
    """What a killed run left of a file is never read."""

    def test_beside_the_login(self):
        newer = json.dumps({**self.program.state_json(".json"), "generation": 7, "refresh_token": "half-written"})
        for text in (newer, newer[: len(newer) // 2], ""):
            self.program.write_state("test.json.AAAAAAAAAAAA.tmp", text)
            self.program.write_state("test.last.AAAAAAAAAAAA.tmp", text)
            self.assertEqual(self.program.run("refresh").status, 0)
        self.assertEqual(self.server.sent(), ["stored-refresh-token", "refresh-1", "refresh-2"])

    def test_alone(self):
        (self.program.state_folder / "test.json").rename(self.program.state_folder / "test.json.AAAAAAAAAAAA.tmp")
        self.decline(3)
        self.assertEqual(self.program.run("status", "--json").json["status"], "signed_out")
        self.assertEqual(self.server.sent(), [])


class DamagedTokenSet(ScriptedRefreshTestCase):
    """It is moved aside, which is told once, and nobody is signed in then."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.program.state_folder / "test.json"
        self.good = self.path.read_bytes()

    def damages(self) -> dict[str, bytes]:
        length = len(self.good)
        good = json.loads(self.good)
        wrong = {"store_id": 1, "issuer": [], "access_token": {"a": 1}, "token_endpoint": None}
        return {
            **{f"{part}/8 of it": self.good[: length * part // 8] for part in range(8)},
            "all but the last byte": self.good[:-1],
            "zeros in its second half": self.good[: length // 2] + bytes(length - length // 2),
            "rubbish": bytes(range(256)) * 8,
            "an array": b"[" + self.good + b"]",
            **{f"{name} of another type": json.dumps({**good, name: wrong[name]}).encode() for name in wrong},
        }

    def set_aside(self) -> list[pathlib.Path]:
        return sorted(self.program.state_folder.glob("test.damaged-*"))

    def test_moved_aside(self):
        for name, damage in self.damages().items():
            with self.subTest(name):
                self.path.write_bytes(damage)
                first = self.decline(3)
                [aside] = self.set_aside()
                self.assertEqual((aside.read_bytes(), self.path.exists()), (damage, False))
                self.assertEqual(first.stderr.count("warning: "), 1, first)
                self.assertIn("hint: sign in with 'grok-auth login --profile test'", first.stderr)
                self.assertNotIn("damaged", self.decline(3).stderr)
                aside.unlink()
        self.assertEqual(self.server.sent(), [])

    def test_by_every_command_that_needs_the_login(self):
        for arguments, status in ((["refresh"], 3), (["token", "--no-interactive"], 3), (["token"], 0), (["login"], 0)):
            with self.subTest(arguments):
                self.path.write_bytes(b"{")
                result = self.program.run(*arguments)
                self.assertEqual(result.status, status, result)
                self.assertRegex(result.stderr, r"warning: .*is damaged")
                if status == 0:
                    self.assertRegex(result.stderr, r"\ASign in at https://", "something precedes the address")
                    self.hand_out(expired=False)
        self.assertEqual([path.read_bytes() for path in self.set_aside()], [b"{"] * 4)

    def test_by_many_at_once(self):
        self.path.write_bytes(b"{")
        runs = [self.program.as_grok(expired=True) for _ in range(8)]
        self.assertEqual([run.wait(30).status for run in runs], [3] * 8)
        self.assertEqual([path.read_bytes() for path in self.set_aside()], [b"{"])

    def test_during_a_refresh(self):
        """The answer is saved all the same."""
        self.server.after = [lambda: self.path.write_bytes(b"{")]
        self.hand_out("access-1")
        self.assertEqual([path.read_bytes() for path in self.set_aside()], [b"{"])
        self.assertEqual(self.program.run("refresh").status, 0)
        self.assertEqual(self.server.sent(), ["stored-refresh-token", "refresh-1"])

    def test_newer_version_during_a_refresh(self):
        """Another program has taken the login over: what it wrote is not overwritten, and nothing is revoked under it."""
        newer = json.dumps({"version": 2, "surprise": 1}).encode()
        self.server.after = [lambda: self.path.write_bytes(newer)]
        self.assertIn("newer version", self.decline(1).stderr)
        self.assertEqual((self.path.read_bytes(), self.set_aside(), self.server.revoked()), (newer, [], []))


class DamagedNotes(ScriptedRefreshTestCase):
    """`.last` and `.id` count as lost when they are damaged: no error, and one extra refresh at most."""

    def test_content(self):
        for name in ("test.last", "test.id"):
            with self.subTest(name, content=None):
                self.check(lambda: (self.program.state_folder / name).unlink(missing_ok=True))
            for text in ("{", "\0" * 200, '{"store_id": 5, "store": 7, "obsolete": 3, "attempts": "x", "dead": {}}'):
                with self.subTest(name, content=text):
                    self.check(lambda: self.program.write_state(name, text))

    def test_no_file(self):
        path = self.program.state_folder / "test.last"
        for kind, make in (("fifo", lambda: os.mkfifo(path, 0o600)), ("link", lambda: path.symlink_to("/dev/null"))):
            with self.subTest(kind):
                self.check(lambda: (path.unlink(missing_ok=True), make()))

    def check(self, spoil) -> None:
        """Before a refresh, while it is under way, and after it."""
        for place in ("before", "during", "after"):
            sent = len(self.server.sent())
            self.program.change_state_json(".json", age)
            self.server.after = [spoil] if place == "during" else []
            if place == "before":
                spoil()
            self.hand_out()
            if place == "after":
                spoil()
            self.assertEqual(len(self.server.sent()), sent + 1, place)
            self.program.change_state_json(".json", lambda tokens: age(tokens, 600))
            later = self.hand_out().json["access_token"]
            self.hand_out(later)
            self.assertLessEqual(len(self.server.sent()), sent + 2, place)


if __name__ == "__main__":
    unittest.main()
