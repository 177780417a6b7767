"""`setup` and Grok's config.toml: what it writes into files of every kind, and which ones it leaves alone."""

import os
import pathlib
import re
import shlex
import shutil
import stat
import subprocess
import tomllib
import unittest

from offline import NOBODY, ROOT, OfflineTestCase
from running import Result

HAND_MADE = "# Grok\r\n[cli]\r\nauto_update = false # never\r\n\r\n[auth]# mine\r\nauth_token_ttl = 60"
STAMP = r"\.backup-\d{8}T\d{6}Z"


class SetupTestCase(OfflineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self.program.home / ".grok"
        self.path = self.folder / "config.toml"

    def write(self, text: str = HAND_MADE, mode: int = 0o600) -> bytes:
        """Makes Grok's file."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.path.write_bytes(text.encode())
        self.path.chmod(mode)
        return text.encode()

    def set_up(self, *args: str, **env: str) -> Result:
        result = self.program.run("setup", "--write", *args, env=env)
        self.assertEqual((result.status, result.stdout), (0, ""), result)
        return result

    def command(self, *args: str, program: str | None = None) -> str:
        return shlex.join(["exec", program or self.program.binary, *args])

    def backups(self) -> list[pathlib.Path]:
        return sorted(path for path in self.folder.iterdir() if ".backup-" in path.name)

    def auth(self) -> dict:
        return tomllib.loads(self.path.read_text())["auth"]

    def assertRefuses(self, status: int, pattern: str, folder: pathlib.Path | None = None, **env: str) -> None:
        """Requires that nothing in the folder changes, whoever looks."""
        before = snapshot(folder or self.folder)
        result = self.program.run("setup", "--write", env=env)
        result = Result(result.status, result.stdout, without_warnings(result.stderr), result.seconds)
        self.assertFails(result, status, pattern)
        self.assertEqual(snapshot(folder or self.folder), before)


class Files(SetupTestCase):
    def test_new_file(self):
        """Without a file there is one afterwards, for its owner alone, as its folder."""
        result = self.set_up()
        self.assertEqual(self.auth(), {"auth_provider_command": self.command(), "auth_provider_label": "grok-auth"})
        self.assertEqual((mode(self.folder), mode(self.path)), (0o700, 0o600))
        self.assertEqual(os.listdir(self.folder), ["config.toml"])
        self.assertIn(f"{self.path} makes Grok run: {self.command()}\nRestart Grok.", result.stderr)

    def test_hand_made_file(self):
        """Every byte stays, and what the file held is kept."""
        before = self.write(mode=0o640)
        result = self.set_up()
        lines = f'auth_provider_command = "{self.command()}"\r\nauth_provider_label = "grok-auth"\r\n'
        self.assertEqual(self.path.read_bytes().decode(), HAND_MADE.replace("# mine\r\n", "# mine\r\n" + lines))
        (backup,) = self.backups()
        self.assertRegex(backup.name, rf"\Aconfig\.toml{STAMP}\Z")
        self.assertIn(f"The old file is {backup}\n", result.stderr)
        self.assertEqual(backup.read_bytes(), before)
        self.assertEqual((mode(self.path), mode(backup)), (0o640, 0o640))
        self.assertEqual(len(os.listdir(self.folder)), 2)

    def test_again(self):
        """A second run changes nothing; one with other options does, and every backup stays."""
        self.write()
        self.set_up()
        before = snapshot(self.folder)
        result = self.set_up()
        self.assertIn("nothing was changed", result.stderr)
        self.assertEqual(snapshot(self.folder), before)
        for name in ("one", "two", "three"):  # within one second, mostly
            (self.program.folder / name).write_text("")
            self.set_up("--config", str(self.program.folder / name))
        self.assertEqual(len(self.backups()), 4)
        self.assertEqual(len({backup.read_bytes() for backup in self.backups()}), 4)

    def test_grok_home(self):
        home = self.program.folder / "of" / "grok"
        self.set_up(GROK_HOME=str(home))
        self.assertEqual(os.listdir(home), ["config.toml"])
        self.assertFalse(self.folder.exists())

    def test_links(self):
        """Links stay, to the file and to its folder; the file they lead to is replaced, and its backup is beside it."""
        real = self.program.folder / "dotfiles"
        real.mkdir()
        (real / "grok.toml").write_text(HAND_MADE)
        (real / "grok").mkdir()
        (self.program.folder / "link").symlink_to("dotfiles/grok")
        self.folder.symlink_to(self.program.folder / "link")
        self.path.symlink_to("../grok.toml")
        self.set_up()
        self.assertTrue(self.folder.is_symlink() and self.path.is_symlink())
        self.assertEqual(os.listdir(real / "grok"), ["config.toml"])
        self.assertEqual(self.auth()["auth_token_ttl"], 60)
        self.assertIn("auth_provider_command", self.auth())
        self.assertEqual(len([name for name in os.listdir(real) if re.fullmatch(rf"grok\.toml{STAMP}", name)]), 1)

    def test_owner(self):
        """Run by root, the file and its backup keep owner and group."""
        self.needs_root()
        self.write(mode=0o664)
        os.chown(self.path, NOBODY, 12345)
        self.set_up()
        for path in (self.path, *self.backups()):
            self.assertEqual((path.stat().st_uid, path.stat().st_gid, mode(path)), (NOBODY, 12345, 0o664))

    def test_attributes(self):
        """Extended attributes stay; a POSIX ACL is one, and the mode's group bits are its mask."""
        self.write(mode=0o600)
        entry = bytes.fromhex("02000000" "01000600ffffffff" "0200040039300000" "04000000ffffffff" "10000400ffffffff"
                              "20000000ffffffff")
        try:
            os.setxattr(self.path, "user.grok-auth", b"kept")
            os.setxattr(self.path, "system.posix_acl_access", entry)  # user 12345 may read
        except OSError as error:
            self.skipTest(f"the file system has no extended attributes: {error}")
        self.set_up()
        for path in (self.path, *self.backups()):
            self.assertEqual(os.getxattr(path, "user.grok-auth"), b"kept")
            self.assertEqual(os.getxattr(path, "system.posix_acl_access"), entry)
            self.assertEqual(mode(path), 0o640)


class Refusals(SetupTestCase):
    def test_not_toml(self):
        self.write("a = 1\n[auth\n")
        self.assertRefuses(2, r"cannot change '.*/config\.toml': line 2, column 6: ")

    def test_unsafe_form(self):
        self.write("[[auth]]\n")
        self.assertRefuses(2, r"cannot change '.*/config\.toml': 'auth' in it is no table")

    def test_link_to_nothing(self):
        self.folder.mkdir()
        self.path.symlink_to(self.program.folder / "missing")
        self.assertRefuses(2, "cannot read '.*/config.toml': No such file")
        self.assertFalse((self.program.folder / "missing").exists())

    def test_no_regular_file(self):
        self.folder.mkdir()
        self.path.mkdir()
        self.assertRefuses(2, "is not a regular file")
        self.path.rmdir()
        os.mkfifo(self.path)
        self.assertRefuses(2, "is not a regular file")
        self.path.unlink()
        self.path.symlink_to("/dev/null")
        self.assertRefuses(2, "'/dev/null' is not a regular file|config.toml' is not a regular file")

    def test_further_names(self):
        self.write()
        os.link(self.path, self.program.folder / "other")
        self.assertRefuses(1, r"has further names \(hard links\)")

    def test_files_of_others(self):
        """What cannot be read or written, or be given back to its owner, is left alone."""
        self.write()
        self.hand_over()
        self.path.chmod(0o400)
        self.assertRefuses(1, "cannot write '.*/config.toml': Permission denied")
        self.path.chmod(0)
        self.assertRefuses(2, "cannot read the configuration file")
        self.path.chmod(0o600)
        self.folder.chmod(0o500)
        self.assertRefuses(1, "cannot write beside '.*/config.toml': Permission denied")
        self.folder.chmod(0o700)
        os.chown(self.path, 12345, NOBODY)
        self.path.chmod(0o660)
        self.assertRefuses(1, "cannot give its owner to")

    def test_full_disk(self):
        """Neither half a file nor half a backup stays behind."""
        self.needs_root()
        text = "# " + "x" * 6000 + "\n"
        self.folder.mkdir()
        for size in (8192, 16384):  # pages for the file and the new one; and for its backup
            enter = f"mount -t tmpfs -o size={size} none {self.folder} && cp {self.program.folder}/full {self.path}"
            script = f'{enter} && "$0" setup --write; s=$?; cd {self.folder}; ls; wc -c config.toml; exit $s'
            (self.program.folder / "full").write_text(text)
            command = ["unshare", "--mount", "sh", "-c", script, self.program.binary]
            result = subprocess.run(command, env=self.program.environment, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 1, result)
            self.assertRegex(result.stderr, "error: cannot write .*: No space left on device")
            self.assertEqual(result.stdout.split(), ["config.toml", str(len(text)), "config.toml"])


class Command(SetupTestCase):
    def test_printed(self):
        """What is printed is TOML, and says the same as what is written and as the line for the environment."""
        result = self.program.run("setup")
        self.assertEqual(result.status, 0)
        self.assertFalse(self.folder.exists())
        printed = tomllib.loads(result.stdout)
        self.set_up()
        self.assertEqual(printed, tomllib.loads(self.path.read_text()))
        (export,) = re.findall(r"(?m)^# (export .*)$", result.stdout)
        script = f'{export}; sh -c "echo \\"\\$GROK_AUTH_PROVIDER_COMMAND\\""'
        echoed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
        self.assertEqual(echoed, printed["auth"]["auth_provider_command"] + "\n")

    def test_path(self):
        """The path is the one by which it was started, a link in it unresolved; the shell runs the program by it."""
        folder = self.program.folder / "it's my $HOME; \\ \"grok\""
        folder.mkdir()
        (folder / "link").symlink_to(folder)
        shutil.copy(self.program.binary, folder / "grok-auth-1.2")
        (folder / "grok-auth").symlink_to("grok-auth-1.2")
        (self.program.folder / "else/deep").mkdir(parents=True)
        (self.program.folder / "else/grok-auth").symlink_to(folder / "grok-auth")
        (folder / "away").symlink_to("../else/deep")
        path = os.environ["PATH"]
        cases = {
            str(folder / "grok-auth"): str(folder / "grok-auth"),
            str(folder / "link/./grok-auth"): str(folder / "link/grok-auth"),
            "grok-auth": str(folder / "link/grok-auth"),  # from PATH
            "./grok-auth": str(folder / "grok-auth"),
            "away/../grok-auth": str(self.program.folder / "else/grok-auth"),
        }
        for name, expected in cases.items():
            env = {**self.program.environment, "PATH": f"{folder}/link:{path}"}
            subprocess.run([name, "setup", "--write"], cwd=folder, env=env, check=True, capture_output=True)
            command = self.auth()["auth_provider_command"]
            self.assertEqual(shlex.split(command), ["exec", expected])
            shown = subprocess.run(["sh", "-c", f"{command} --version"], capture_output=True, text=True, check=True)
            self.assertTrue(shown.stdout.startswith("grok-auth "), shown)

    def test_strange_name(self):
        """A name by which it was started that leads elsewhere is not believed."""
        env = self.program.environment
        for name in ("sh", "/bin/sh", "/missing/grok-auth", "missing", ""):
            subprocess.run([name, "setup", "--write"], executable=self.program.binary, env=env, check=True, capture_output=True)
            self.assertEqual(shlex.split(self.auth()["auth_provider_command"]), ["exec", self.program.binary])

    def test_options(self):
        """A profile and a configuration file are named in the command, the file by its absolute path."""
        (self.program.home / "my own.toml").write_text((self.program.config_folder / "config.toml").read_text())
        command = [self.program.binary, "setup", "--write", "--profile", "test", "--config", "my own.toml"]
        subprocess.run(command, cwd=self.program.home, env=self.program.environment, check=True, capture_output=True)
        arguments = ["--profile=test", f"--config={self.program.home / 'my own.toml'}"]
        self.assertEqual(shlex.split(self.auth()["auth_provider_command"]), ["exec", self.program.binary, *arguments])
        self.assertEqual(self.auth()["auth_provider_label"], "grok-auth (test)")
        result = self.program.run("setup", "--write", "--profile", "nobody")
        self.assertFails(result, 2, "there is no profile 'nobody'")

    def test_build_folder(self):
        """A path that will not stay gets a warning."""
        program = self.program.folder / "build" / "grok-auth"
        program.parent.mkdir()
        shutil.copy(self.program.binary, program)
        self.program.binary = str(program)
        self.assertNotIn("build folder", self.set_up().stderr)
        (self.program.folder / "CMakeCache.txt").touch()
        self.assertIn(f"warning: {program} is in a build folder; install grok-auth", self.set_up().stderr)

    def test_profiles(self):
        """The profiles are listed without a state folder, and Grok's OIDC settings are one of them."""
        self.assertEqual(self.program.run("profiles").stdout, "test\nxai\n")
        self.write('[auth.oidc]\nissuer = "https://idp.example"\nclient_id = "a"\n')
        self.assertEqual(self.program.run("profiles").stdout, "test\nxai\ngrok-oidc\n")
        answer = self.program.run("profiles", "--json", env={"GROKAUTH_PROFILE": "x-ai-oauth"}).json
        names = [(profile["name"], profile["default"]) for profile in answer["profiles"]]
        self.assertEqual((answer["ok"], names), (True, [("test", False), ("xai", True), ("grok-oidc", False)]))
        self.write('[auth.oidc]\nissuer = "https://idp.example"\n')
        result = self.program.run("profiles")
        self.assertEqual((result.status, result.stdout), (0, "test\nxai\n"))
        self.assertIn("warning: Grok's OIDC configuration", result.stderr)
        self.assertFalse(self.program.state_folder.exists())


class Examples(SetupTestCase):
    def test_configuration(self):
        """examples/config.toml is one that the program reads."""
        result = self.program.run("status", "--config", str(ROOT / "examples/config.toml"))
        self.assertEqual((result.status, result.stderr), (0, ""))
        result = self.program.run("profiles", "--config", str(ROOT / "examples/config.toml"))
        self.assertEqual(result.stdout, "local\nwork\nxai\n")

    def test_grok_configuration(self):
        """examples/grok-config.toml is what setup writes, but for the comments and where the program is."""
        example = tomllib.loads((ROOT / "examples/grok-config.toml").read_text())
        self.set_up()
        self.path.write_text(self.path.read_text().replace(self.program.binary, "/usr/bin/grok-auth"))
        self.assertEqual(tomllib.loads(self.path.read_text()), example)


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def snapshot(folder: pathlib.Path) -> dict:
    """All that can be told of the files in a folder."""
    found = {}
    for path in [folder, *folder.iterdir()]:
        info = path.lstat()
        held = path.read_bytes() if stat.S_ISREG(info.st_mode) else path.is_symlink() and path.readlink()
        written = None if path == folder else info.st_mtime_ns  # a file may have come and gone
        found[path.name] = (held, info.st_ino, info.st_mode, info.st_uid, info.st_gid, written)
    return found


def without_warnings(text: str) -> str:
    """Messages without the warning that the program is in a build folder."""
    return re.sub(r"(?m)^grok-auth: warning: .* folder; install .*\n", "", text)


if __name__ == "__main__":
    unittest.main()
