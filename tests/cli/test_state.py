"""The state folder and the stored login when something is wrong with them, with standard streams, or with who runs."""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import unittest

from offline import ACCESS_TOKEN, NO_LEAK_CHECK, NOBODY, OfflineTestCase
from program import PROFILE
from running import Result

COMMANDS = ["token", "login", "logout", "refresh", "status"]
TOKEN_SET = f"{PROFILE}.json"


class StateTestCase(OfflineTestCase):
    """A stored login, and a look at it before and after."""

    def setUp(self):
        super().setUp()
        self.store()
        self.path = self.program.state_folder / TOKEN_SET

    def look(self) -> dict[str, tuple]:
        """The state folder and all in it but locks: contents or target, type and permissions, owner."""
        found = {}
        files = [path for path in self.program.state_folder.iterdir() if path.suffix != ".lock"]
        for path in [self.program.state_folder, *files]:
            info = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(info.st_mode) else None
            content = os.readlink(path) if stat.S_ISLNK(info.st_mode) else content
            found[path.name] = (content, oct(info.st_mode), info.st_uid)
        return found

    def assertRefused(self, pattern: str, commands=COMMANDS) -> None:
        """Requires status 1, one error with a hint, an empty stdout from every command, and a state that stays as it was."""
        before = self.look()
        runs = [(command, self.program.run(command, timeout=5, env=NO_LEAK_CHECK)) for command in commands]
        headless = self.program.as_grok(expired=True, env=NO_LEAK_CHECK).wait(5)
        for name, result in [*runs, ("headless", headless)]:
            with self.subTest(name):
                self.assertFails(result, 1, pattern)
                self.assertIn("\ngrok-auth: hint: ", result.stderr)
        self.assertEqual(self.look(), before)

    def assertMovedAside(self, content: bytes, command: str = "token") -> None:
        """Requires that `status` tells about the damage, and that the next command moves the file aside, says so, and goes
        on as if nobody were signed in."""
        before = self.look()
        status = self.program.run("status", timeout=5, env=NO_LEAK_CHECK)
        self.assertEqual(status.status, 0, status)
        self.assertRegex(status.stdout, rf"signed_out\n.*{TOKEN_SET} is damaged")
        self.assertEqual(self.look(), before)
        run = self.program.as_grok(command, "--no-interactive", expired=True, env=NO_LEAK_CHECK) if command == "token" else \
            self.program.start(command, env=NO_LEAK_CHECK)
        result = run.wait(5)
        self.assertEqual((result.status, result.stdout), (3, ""), result)
        moved = re.search(rf"warning: the stored login '.*/{TOKEN_SET}' is damaged .* it was moved to '(.*)'\n", result.stderr)
        self.assertTrue(moved, result)
        aside = pathlib.Path(moved[1])
        self.assertEqual((aside.parent, aside.read_bytes(), stat.S_IMODE(aside.stat().st_mode)),
                         (self.program.state_folder, content, 0o600))
        self.assertFalse(self.path.exists())
        self.assertIn("nobody is signed in\ngrok-auth: hint: ", result.stderr)
        self.assertNotIn("damaged", self.program.run("status", env=NO_LEAK_CHECK).stdout)

    def in_shell(self, command: str, *args: str, timeout: float = 10) -> Result:
        """Runs a line of shell in which `"$@"` is the program with its arguments."""
        command = ["sh", "-c", command, "sh", self.program.binary, *args]
        done = subprocess.run(
            command, env={**self.program.environment, **NO_LEAK_CHECK}, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=timeout, start_new_session=True,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr, 0)


class BadTokenSet(StateTestCase):
    """The file of the token set is not what it should be."""

    def test_damaged(self):
        """What cannot be a token set is neither used nor thrown away: it is moved aside."""
        good = self.token_set()
        text = json.dumps(good)
        damaged = {
            "empty": "",
            "a line end": "\n",
            "cut short": text[:-20],
            "two in one": text + text,
            "an array": "[]",
            "a string": '"token"',
            "null": "null",
            "HTML": "<html></html>",
            "zeros": "\0" * len(text),
            "nested too deeply": "[" * 200000,
            "generation 0": json.dumps({**good, "generation": 0}),
            "generation as text": json.dumps({**good, "generation": "1"}),
            "a token with a line end": json.dumps({**good, "access_token": "a\nb"}),
            "a token with a blank": json.dumps({**good, "access_token": "a b"}),
            "an empty token": json.dumps({**good, "access_token": ""}),
            "a token that is a number": json.dumps({**good, "access_token": 3}),
        }
        required = ["store_id", "generation", "issuer", "client_id", "access_token", "token_endpoint"]
        for member in required:
            damaged[f"without {member}"] = json.dumps({name: value for name, value in good.items() if name != member})
        for name, content in damaged.items():
            with self.subTest(name):
                self.program.write_state(TOKEN_SET, content)
                self.assertMovedAside(content.encode())
        with self.subTest("refresh"):
            self.program.write_state(TOKEN_SET, "damaged")
            self.assertMovedAside(b"damaged", "refresh")

    def test_damaged_ones_go_at_logout(self):
        """What was moved aside may hold a token, so a logout deletes it with the rest."""
        self.path.write_text("damaged")
        self.assertMovedAside(b"damaged")
        self.path.write_text("damaged again")
        self.path.chmod(0o600)
        result = self.program.run("logout", env=NO_LEAK_CHECK)
        self.assertEqual(result.status, 0, result)
        self.assertIn("warning: the login was deleted here, but not revoked at the server: it is damaged", result.stderr)
        self.assertNotIn("moved", result.stderr)
        self.assertEqual([name for name in self.look() if "damaged" in name], [])

    def test_not_text(self):
        """Bytes that are no UTF-8 are damage too."""
        self.path.write_bytes(json.dumps(self.token_set()).replace("ada", "a\udcff").encode(errors="surrogateescape"))
        self.path.write_bytes(b"\xff\xfe" + self.path.read_bytes())
        self.assertMovedAside(self.path.read_bytes())

    def test_newer_version(self):
        """A token set of a later format is left to the program that wrote it."""
        self.store(version=2, surprise={"a": 1})
        self.assertRefused("newer version", commands=[command for command in COMMANDS if command != "status"])
        status = self.program.run("status")
        self.assertEqual(status.status, 0, status)
        self.assertRegex(status.stdout, "expired\n.*newer version")

    def test_unknown_member(self):
        """A member that this version does not know is no fault."""
        self.store(surprise={"a": [1, 2]})
        self.assertHandsOut(self.program.run())

    def test_another_login(self):
        """A login at another issuer or of another client is never printed, sent or replaced by a provider run."""
        for change in [{"issuer": "https://idp.example"}, {"issuer": "https://127.0.0.1:9/"}, {"client_id": "other"}]:
            self.store(**change)
            before = self.look()
            for command in ["token", "refresh"]:
                with self.subTest(change, command=command):
                    result = self.program.run(command)
                    self.assertFails(result, 2, "the login stored for profile 'test' is at")
                    self.assertEqual(self.look(), before)

    def test_huge(self):
        """A file that no token set can be is not read to its end."""
        self.program.write_state(TOKEN_SET, json.dumps(self.token_set()) + " " * 2 * 1024 * 1024)
        self.assertRefused(f"{TOKEN_SET}.*large")

    def test_symbolic_link(self):
        """A link is not followed, to whatever it leads."""
        elsewhere = self.program.folder / "elsewhere.json"
        self.path.rename(elsewhere)
        for target in [elsewhere, self.program.folder / "nothing", TOKEN_SET]:
            with self.subTest(target):
                self.path.unlink(missing_ok=True)
                self.path.symlink_to(target)
                self.assertRefused(f"{TOKEN_SET}.*symbolic link")
        self.assertEqual(json.loads(elsewhere.read_text())["access_token"], ACCESS_TOKEN)

    def test_fifo(self):
        """A fifo does not stop the program."""
        self.path.unlink()
        os.mkfifo(self.path, 0o600)
        self.assertRefused(TOKEN_SET)

    def test_folder_in_its_place(self):
        """A folder is not a token set."""
        self.path.unlink()
        self.path.mkdir(mode=0o700)
        self.assertRefused(TOKEN_SET)

    def test_writable_by_others(self):
        """What others could have written is not believed."""
        for mode in [0o602, 0o620, 0o666]:
            with self.subTest(oct(mode)):
                self.path.chmod(mode)
                self.assertRefused(f"{TOKEN_SET}' can be written by other users")

    def test_readable_by_others(self):
        """What others could read is closed to them, and used."""
        self.path.chmod(0o644)
        self.assertHandsOut(self.program.run())
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_of_another_user(self):
        """Somebody else's file is not read, not even by root."""
        self.needs_root()
        os.chown(self.path, NOBODY, NOBODY)
        self.assertRefused(f"{TOKEN_SET}' belongs to another user")

    def test_unreadable(self):
        """A file without permissions is an error, and not the same as none."""
        self.path.chmod(0)
        self.hand_over()
        self.assertRefused(f"{TOKEN_SET}'.*Permission denied")


class BadFolder(StateTestCase):
    """The folder is not what it should be."""

    def test_writable_by_others(self):
        """A folder into which others could put files is refused."""
        for mode in [0o702, 0o720, 0o777, 0o1777]:
            with self.subTest(oct(mode)):
                self.program.state_folder.chmod(mode)
                self.assertRefused("state/grok-auth' can be written by other users")

    def test_readable_by_others(self):
        """A folder into which others could look is closed to them, and used."""
        self.program.state_folder.chmod(0o755)
        self.assertHandsOut(self.program.run())
        self.assertEqual(stat.S_IMODE(self.program.state_folder.stat().st_mode), 0o700)

    def test_of_another_user(self):
        """Somebody else's folder is refused."""
        self.needs_root()
        os.chown(self.program.state_folder, NOBODY, NOBODY)
        self.assertRefused("state/grok-auth' belongs to another user")

    def test_symbolic_link(self):
        """A link to a folder is refused."""
        elsewhere = self.program.folder / "elsewhere"
        self.program.state_folder.rename(elsewhere)
        self.program.state_folder.symlink_to(elsewhere)
        self.assertRefused("state/grok-auth'.*symbolic link")

    def test_file_in_its_place(self):
        """A file is no folder."""
        for path in self.program.state_folder.iterdir():
            path.unlink()
        self.program.state_folder.rmdir()
        self.program.state_folder.write_text("")
        for command in COMMANDS:
            with self.subTest(command):
                self.assertFails(self.program.run(command), 1, "state/grok-auth'")
        self.assertEqual(self.program.state_folder.read_text(), "")

    def test_unsearchable(self):
        """A folder without permissions is an error, and not the same as none."""
        self.program.state_folder.chmod(0)
        self.hand_over()
        self.assertRefused("state/grok-auth.*Permission denied")

    def test_read_only(self):
        """A cached run needs no writable folder; one that must refresh sends nothing and says why."""
        self.program.state_folder.chmod(0o500)
        self.hand_over()
        for args in [[], ["status", "--json"], ["token", "--bare"]]:
            with self.subTest(args):
                result = self.program.run(*args, env=NO_LEAK_CHECK)
                self.assertEqual((result.status, result.stderr), (0, ""), result)
                self.assertTrue(result.stdout)
        self.program.state_folder.chmod(0o700)
        self.store(age=9000)
        self.program.state_folder.chmod(0o500)
        self.hand_over()
        self.assertRefused("Permission denied", commands=["token", "refresh", "logout"])

    def test_read_only_and_undelivered(self):
        """A token that was never handed out is handed out where that cannot be noted."""
        record = json.loads(self.program.state(f"{PROFILE}.last"))
        self.program.write_state(f"{PROFILE}.last", json.dumps({**record, "delivered_generation": 0}))
        self.program.state_folder.chmod(0o500)
        self.hand_over()
        self.assertHandsOut(self.program.run(env=NO_LEAK_CHECK))


class BadRecord(StateTestCase):
    """The files beside the token set count as absent when they cannot be used."""

    def test_last(self):
        """A record of the last refresh that is lost, damaged, somebody else's or no file hides no token."""
        path = self.program.state_folder / f"{PROFILE}.last"

        def put(content: str):
            return lambda: path.write_text(content)

        def no_file(make):
            return lambda: (path.unlink(), make(path))

        cases = {
            "lost": path.unlink,
            "empty": put(""),
            "damaged": put("{"),
            "of wrong types": put('{"store_id": 1, "generation": "x", "refused": {}, "dead": [1]}'),
            "writable by others": lambda: path.chmod(0o666),
            "a fifo": no_file(os.mkfifo),
            "a folder": no_file(os.mkdir),
            "a link": no_file(lambda link: link.symlink_to("/dev/null")),
        }
        for name, spoil in cases.items():
            with self.subTest(name):
                self.program = self.new_program()
                self.store()
                path = self.program.state_folder / f"{PROFILE}.last"
                spoil()
                self.assertHandsOut(self.program.run(timeout=5))
                self.assertEqual(self.program.run("status", timeout=5).status, 0)

    def test_id(self):
        """Without its `.id`, or with another one, the token set speaks for itself."""
        path = self.program.state_folder / f"{PROFILE}.id"
        for content in [None, "", "{", '{"store_id": "BBBBBBBBBBBBBBBBBBBBBB", "store": "file"}']:
            with self.subTest(content):
                path.unlink(missing_ok=True)
                if content is not None:
                    path.write_text(content)
                self.assertHandsOut(self.program.run())
        with self.subTest("a record of the token set's own id counts"):
            record = self.program.state_json(".last")
            self.program.write_state(f"{PROFILE}.last", json.dumps({**record, "generation": 2}))
            self.assertFails(self.program.run("--no-interactive"), 3, "older copy")

    def test_leftovers(self):
        """A logout takes what a killed run left, which may hold tokens, and touches no other profile."""
        names = ["other.json", f"{PROFILE}2.json", "notes.txt"]
        self.program.write_state(f"{PROFILE}.json.abc.tmp", "half-written")
        for name in names:
            self.program.write_state(name, "keep me")
        self.assertHandsOut(self.program.run())
        self.assertEqual(self.program.run("logout").status, 0)
        self.assertEqual([self.program.state(name) for name in names], ["keep me"] * len(names))
        self.assertIsNone(self.program.state(TOKEN_SET))
        self.assertIsNone(self.program.state(f"{PROFILE}.json.abc.tmp"))


class Streams(StateTestCase):
    """Standard input, output and error that are closed or full."""

    def test_no_output(self):
        """A token that cannot be written is an error, told once, and the login is kept."""
        text = self.program.state(TOKEN_SET)
        for where in [">&-", ">/dev/full"]:
            for args in [[], ["token", "--bare"], ["status"], ["status", "--json"], ["--help"], ["--version"]]:
                with self.subTest(where, args=args):
                    result = self.in_shell(f'exec "$@" {where}', *args)
                    self.assertFails(result, 1, "cannot write to standard output")
                    self.assertEqual(self.program.state(TOKEN_SET), text)
        self.assertHandsOut(self.program.run())

    def test_no_reader(self):
        """A reader that has gone away is an error and no signal."""
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w") as pipe:
            done = subprocess.run(
                [self.program.binary], env=self.program.environment, stdin=subprocess.DEVNULL, stdout=pipe,
                stderr=subprocess.PIPE, text=True, timeout=10,
            )  # fmt: skip
        self.assertFails(Result(done.returncode, "", done.stderr, 0), 1, "cannot write to standard output")

    def test_no_output_for_a_failure(self):
        """A failure that cannot be answered in JSON keeps its status, and is told once."""
        result = self.in_shell('exec "$@" >/dev/full', "status", "--json", "--profile=nope")
        self.assertFails(result, 2, "no profile 'nope'")

    def test_closed_input_and_errors(self):
        """A run does without standard input and standard error."""
        for closed in ["<&-", "2>&-", "<&- 2>&-"]:
            with self.subTest(closed):
                self.assertHandsOut(self.in_shell(f'exec "$@" {closed}'))
                self.assertEqual(self.in_shell(f'exec "$@" {closed}', "--frobnicate").status, 2)

    def test_everything_closed(self):
        """No file that is opened takes the place of a closed stream: messages do not end up in the login."""
        self.store(age=9000)
        text = self.program.state(TOKEN_SET)
        for args in [["refresh"], ["token", "--no-interactive"], ["refresh", "--json"]]:
            with self.subTest(args):
                result = self.in_shell('exec "$@" <&- >&- 2>&-', *args)
                self.assertEqual(result.status, 1)
                self.assertEqual(self.program.state(TOKEN_SET), text)
        for path in self.program.state_folder.iterdir():
            self.assertNotIn(b"grok-auth: ", path.read_bytes(), path)
        self.assertIn("last_refresh", self.program.state_json(".last"))


class Permissions(StateTestCase):
    """What the program makes is its owner's alone, whoever that is."""

    def open_umask(self, *args: str) -> Result:
        """Runs the program under a umask that would let others do everything."""
        return self.in_shell('umask 000; exec "$@"', *args)

    def assertPrivate(self, user: int, *names: str) -> None:
        """Requires these files of the profile, and that all there is, the folders too, belongs to `user` alone."""
        folders = [self.program.state_folder.parent, self.program.state_folder]
        files = list(self.program.state_folder.iterdir())
        self.assertLessEqual({PROFILE + name for name in names}, {path.name for path in files})
        for path in [*folders, *files]:
            info = path.lstat()
            self.assertEqual((stat.S_IMODE(info.st_mode), info.st_uid), (0o700 if path in folders else 0o600, user), path)

    def make_everything(self, user: int) -> None:
        """Signs out where there is no folder yet, then refreshes in vain: both make files."""
        shutil.rmtree(self.program.state_folder.parent)
        self.assertEqual(self.open_umask("logout").status, 0)
        self.assertPrivate(user, ".id", ".write.lock")
        self.store(age=9000)
        (self.program.state_folder / f"{PROFILE}.last").unlink()
        if user != os.geteuid():
            self.hand_over()
        self.assertFails(self.open_umask("refresh"), 1, "127.0.0.1")
        self.assertPrivate(user, ".json", ".last", ".lock")
        self.assertEqual(self.program.state_json(".last")["last_refresh"]["outcome"], "network")

    def test_umask(self):
        """Folders are 0700 and files 0600, whatever the umask."""
        self.make_everything(os.geteuid())

    def test_another_user(self):
        """A user without rights makes the same, and a refresh with its second process works."""
        self.hand_over()
        self.make_everything(NOBODY)

    def test_nameless_user(self):
        """A user that no list of users knows gets the stored token."""
        self.hand_over(user=54321)
        self.assertHandsOut(self.program.run(env=NO_LEAK_CHECK))
        self.assertEqual(self.program.run("status", "--json", env=NO_LEAK_CHECK).json["status"], "connected")


if __name__ == "__main__":
    unittest.main()
