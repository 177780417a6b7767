"""`doctor`: what it finds in a world that is in order and in worlds that are not, that it says what to do, and that it leaves
everything as it was."""

import glob
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from keyring import KeyringTestCase, Prompter  # noqa: E402
from loopback import free_port, pending_entries  # noqa: E402
from program import Program, ProgramTestCase, config_for, sign_in_url  # noqa: E402
from refreshing import Gate, ScriptedRefreshTestCase, stop, worker_of  # noqa: E402

LIBFAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), "")
ME = f"'{pathlib.Path('/proc/self/comm').read_text().strip()}' \\(process {os.getpid()}\\)"
NOBODY = 65534
NO_GROK = {"grok", "provider"}  # the notes of a machine without Grok
PASSWORD = "hunter2-of-the-proxy"


def look(program: Program) -> dict[str, tuple]:
    """Every file and folder of the program's world, with what would show a change."""
    seen = {}
    for path in [program.folder, *program.folder.rglob("*")]:
        info = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        seen[str(path)] = (info.st_mode, info.st_uid, info.st_mtime_ns, digest)
    return seen


class Finding(dict):
    """The checks by their name."""

    def outcomes(self, *outcomes: str) -> set[str]:
        return {name for name, check in self.items() if check["outcome"] in outcomes}


class Examining:
    """For test cases with a `program`. It has a port of its own: other tests take and leave the usual one."""

    def new_program(self, **changes) -> Program:
        return super().new_program(**{"redirect_port": free_port(), **changes})

    def examine(self, *args: str, status: int, env: dict | None = None, secrets: tuple[str, ...] = ()) -> Finding:
        """Runs `doctor`, once as JSON and once as a table, and requires that nothing changes and no secret is told."""
        before = look(self.program)
        result = self.program.run("doctor", "--json", "--verbose", *args, env=env, timeout=30)
        table = self.program.run("doctor", *args, env=env, timeout=30)
        self.assertEqual(look(self.program), before)
        self.assertEqual((result.status, table.status, table.stderr), (status, status, ""), (result, table))
        self.assertEqual((result.json["ok"], result.json["healthy"]), (True, status == 0))
        finding = Finding({check["name"]: check for check in result.json["checks"]})
        self.assertEqual(len(finding), len(result.json["checks"]), "a name comes twice")
        self.check_table(table.stdout, finding)
        for secret in {*secrets, *self.stored_secrets(), PASSWORD}:
            self.assertNotIn(secret, result.stdout + result.stderr + table.stdout)
        for check in finding.values():
            self.assertTrue(check["fix"] or check["outcome"] != "trouble", check)
        return finding

    def grok_folder(self, words: str, script: str = "") -> pathlib.Path:
        """A folder for PATH with a `grok` that says `words`, in place of the real one, which starts a second later."""
        folder = self.program.folder / "tools"
        folder.mkdir(exist_ok=True)
        (folder / "grok").write_text(f"#!/bin/sh\n{script}\necho '{words}'\n")
        (folder / "grok").chmod(0o755)
        return folder

    def check_table(self, table: str, finding: Finding) -> None:
        """It says the same: a line for each check, those of its fix below."""
        *lines, summary = table.splitlines()
        heads = [line.split()[:2] for line in lines if not line.startswith(" ")]
        self.assertEqual(heads, [[check["outcome"], check["name"]] for check in finding.values()])
        troubles, notes = len(finding.outcomes("trouble")), len(finding.outcomes("note"))
        words = "Nothing is wrong" if troubles == 0 else f"{troubles} trouble" + ("s" if troubles > 1 else "")
        self.assertEqual(summary, words + (f"; {notes} note" + ("s" if notes > 1 else "") if notes else "") + ".")

    def stored_secrets(self) -> list[str]:
        texts = [path.read_text() for path in self.program.state_folder.glob("*") if path.is_file()]
        return [secret for text in texts for secret in re.findall(r'"(?:access|refresh)_token":\s*"([^"]+)"', text)]

    def assert_trouble(self, finding: Finding, name: str, words: str, fix: str) -> None:
        self.assertEqual(finding[name]["outcome"], "trouble", finding)
        self.assertRegex(finding[name]["finding"], words)
        self.assertIn(fix, finding[name]["fix"])


class InOrder(Examining, KeyringTestCase):
    def test_signed_in_with_a_keyring(self):
        self.sign_in()
        secret = self.session.item().secret
        self.command("refresh")
        self.provider.reset()
        tokens = (secret["access_token"], secret["refresh_token"])
        environment = {**self.session.environment, "PATH": f"{self.grok_folder('grok 1.0.41')}:{os.environ['PATH']}"}
        self.assertEqual(self.program.run("setup", "--write").status, 0)
        finding = self.examine(status=0, env=environment, secrets=tokens)
        self.assertEqual(finding.outcomes("ok"), set(finding), finding)
        self.assertEqual(list(finding), ["config", "profile", "proxy", "issuer", "endpoints", "clock", "browser", "sign-in",
                                         "port", "state", "login", "refresh", "lifetime", "keyring", "locks", "grok",
                                         "provider"])
        self.assertRegex(finding["grok"]["finding"], r"^grok 1\.0\.41 at /")
        self.assertIn(self.program.binary, finding["provider"]["finding"])
        self.assertIn("ada@example.com", finding["login"]["finding"])
        self.assertEqual(finding["keyring"]["finding"], "open; the login is kept there")
        self.assertEqual({request["route"] for request in self.provider.requests()}, {"discovery"})

    def test_offline_asks_no_server(self):
        self.sign_in()
        self.provider.reset()
        finding = self.examine("--offline", status=0, env=self.session.environment)
        self.assertEqual(finding["issuer"]["finding"], "not asked (--offline)")
        self.assertEqual(finding.outcomes("note"), {"issuer", *NO_GROK})
        self.assertEqual(self.provider.requests(), [])

    def test_nobody_signed_in_and_no_folder(self):
        finding = self.examine(status=0, env=self.session.environment)
        self.assertEqual(finding.outcomes("note"), {"login", *NO_GROK})
        self.assertRegex(finding["state"]["finding"], "does not exist yet")
        self.assertFalse(self.program.state_folder.exists())


class Configuration(Examining, ProgramTestCase):
    def test_mistake_in_the_file(self):
        self.program.configure('default_profile = "test"\n[profile.test]\nissuer = 5\n')
        finding = self.examine(status=1)
        self.assert_trouble(finding, "config", r"config\.toml:3:\d+: ", "")
        self.assertEqual(finding.outcomes("trouble"), {"config"})
        self.assertEqual(finding["login"]["finding"], "not checked, without a profile")
        self.assertEqual(self.provider.requests(), [])

    def test_profile_that_is_not_there(self):
        finding = self.examine("--profile", "nowhere", status=1)
        self.assertEqual(finding.outcomes("trouble"), {"profile"})
        self.assert_trouble(finding, "profile", "there is no profile 'nowhere'", "the profiles are: test, xai")

    def test_no_file(self):
        program = Program()
        self.addCleanup(program.close)
        result = program.run("doctor", "--offline")
        self.assertRegex(result.stdout, r"\Aok +config +no '.*/config\.toml'; none is needed\nok +profile +'xai' at ")
        self.assertEqual(result.status, 0)

    def test_short_tokens(self):
        """Grok's early window would eat them up."""
        self.provider.settings(access_token_ttl=300)
        self.program.sign_in(self.provider)
        finding = self.examine(status=1)
        self.assertEqual(finding.outcomes("trouble"), {"lifetime"})
        self.assert_trouble(finding, "lifetime", "^tokens last 300 s; ", "export GROK_AUTH_EARLY_INVALIDATION_SECS=100 ")
        finding = self.examine(status=0, env={"GROK_AUTH_EARLY_INVALIDATION_SECS": "100"})
        self.assertEqual(finding["lifetime"]["finding"], "tokens last 5 min")


class Grok(Examining, ProgramTestCase):
    """How Grok is told to run the program; a real Grok runs it in test_grok_setup.py."""

    def examine_grok(self, config: str | None, status: int, words: str = "grok 1.0.41", script: str = "",
                     env: dict | None = None) -> Finding:  # fmt: skip
        folder = self.program.home / ".grok"
        folder.mkdir(exist_ok=True)
        if config is not None:
            (folder / "config.toml").write_text(config)
        path = f"{self.grok_folder(words, script)}:{os.environ['PATH']}"
        return self.examine("--offline", status=status, env={"PATH": path, **(env or {})})

    def test_grok_is_not_told(self):
        finding = self.examine_grok(None, status=1)
        self.assert_trouble(finding, "provider", "^Grok is not told to run grok-auth$", "grok-auth setup --write")

    def test_the_command_in_the_environment(self):
        finding = self.examine_grok(None, status=0, env={"GROK_AUTH_PROVIDER_COMMAND": f"exec {self.program.binary}"})
        self.assertIn("GROK_AUTH_PROVIDER_COMMAND", finding["provider"]["finding"])

    def test_programs_that_are_something_else(self):
        text = self.program.folder / "text"
        text.write_text("no program")
        for path, words, status in (("/nowhere/grok-auth", "which is not there", 1), (text, "no program that you may", 1),
                                    ("/bin/true", "this program is", 0)):  # fmt: skip
            with self.subTest(words):
                finding = self.examine_grok(f'[auth]\nauth_provider_command = "exec {path}"\n', status=status)
                self.assertIn(words, finding["provider"]["finding"])

    def test_configuration_that_is_not_toml(self):
        finding = self.examine_grok("[auth\n", status=1)
        self.assert_trouble(finding, "grok-config", "config.toml is not TOML: line 1", "correct that line")

    def test_old_grok(self):
        finding = self.examine_grok(f'[auth]\nauth_provider_command = "exec {self.program.binary}"\n', status=0,
                                    words="grok 0.2.118 (abc)")  # fmt: skip
        self.assertIn("grok-auth login", finding["grok"]["fix"])

    def test_grok_that_hangs_floods_or_fails(self):
        command = f'[auth]\nauth_provider_command = "exec {self.program.binary}"\n'
        for script in ("sleep 60 & exec sleep 60", "yes | tr -d '\\n'", "kill -9 $$", "exec 1>&-", "printf '\\033[2J'; exit 1"):
            with self.subTest(script):
                finding = self.examine_grok(command, status=0, script=script)
                self.assertEqual(finding["grok"]["outcome"], "note")

    def test_api_key(self):
        self.assertEqual(self.program.run("login", "--api-key", stdin="xai-0123456789abcdef\n").status, 0)
        finding = self.examine_grok(None, status=0)
        self.assertEqual(finding["login"]["finding"], "an API key takes its place")
        command = f'[auth]\nauth_provider_command = "exec {self.program.binary}"\n'
        self.assert_trouble(self.examine_grok(command, status=1), "provider", "has an API key and no login", "exec -- grok")

    def test_key_in_the_environment(self):
        finding = self.examine_grok(f'[auth]\nauth_provider_command = "exec {self.program.binary}"\n', status=0,
                                    env={"XAI_API_KEY": "xai-0123456789abcdef"})  # fmt: skip
        self.assertEqual(finding["api-key"]["outcome"], "note")
        self.assertNotIn("xai-0123456789abcdef", str(finding))


class Git(Examining, ProgramTestCase):
    """Whether git asks the program, with the real git; test_git.py has it asked."""

    def setUp(self) -> None:
        super().setUp()
        self.answer_for("git.example")
        self.tools = self.program.folder / "tools"
        self.tools.mkdir()
        self.link = self.tools / "git-credential-grok-auth"
        self.link.symlink_to(self.program.binary)
        self.environment = {"PATH": f"{self.tools}:{os.environ['PATH']}", "GIT_CONFIG_NOSYSTEM": "1"}

    def answer_for(self, *hosts: str) -> None:
        self.program.configure(config_for(self.provider, redirect_port=free_port()) + f"[profile.test.git]\nhosts = {list(hosts)}\n")

    def git(self, *arguments: str) -> None:
        """Runs `git config --global`."""
        environment = {**self.program.environment, **self.environment}
        subprocess.run(["git", "config", "--global", *arguments], env=environment, check=True)

    def examine_git(self, status: int = 0) -> Finding:
        """The checks of git."""
        finding = self.examine("--offline", status=status, env=self.environment)
        return Finding({name: check for name, check in finding.items() if name.startswith("git")})

    def follow(self, fix: str) -> None:
        """Does what the lines of a fix say that are commands."""
        environment = {**self.program.environment, **self.environment}
        commands = [line.strip() for line in fix.splitlines() if line.startswith("  ")]
        self.assertGreater(len(commands), 0, fix)
        subprocess.run(["sh", "-ec", "\n".join(commands)], env=environment, check=True)

    def assert_good(self, *hosts: str) -> None:
        finding = self.examine_git()
        self.assertEqual({name: (check["outcome"], check["finding"]) for name, check in finding.items()},
                         {"git": ("ok", "git asks grok-auth for " + ", ".join(hosts))})  # fmt: skip
        for host in hosts:
            self.assert_asked(host)

    def assert_asked(self, host: str) -> None:
        """Requires that git gets as far as grok-auth's own words."""
        environment = {**self.program.environment, **self.environment, "GIT_TERMINAL_PROMPT": "0"}
        name, _, path = host.partition("/")
        run = subprocess.run(["git", "credential", "fill"], env=environment, capture_output=True, text=True,
                             input=f"protocol=https\nhost={name}\npath={path}/repo.git\n\n")  # fmt: skip
        self.assertTrue(run.stderr.startswith("grok-auth: error: nobody is signed in\n"), run)

    def test_in_order(self):
        self.git("credential.helper", "grok-auth")
        self.assert_good("git.example")

    def test_nobody_wants_anything_of_git(self):
        self.answer_for()
        self.git("credential.helper", "store")
        self.assertEqual(self.examine_git(), {})

    def test_helper_without_hosts(self):
        self.answer_for()
        self.git("credential.helper", "grok-auth")
        self.assertIn("no profile names a host", self.examine_git()["git"]["finding"])

    def test_not_asked_and_what_helps(self):
        finding = self.examine_git(status=1)
        self.assert_trouble(finding, "git", "^git does not ask grok-auth for git.example$", "--add credential.helper")
        self.follow(finding["git"]["fix"])
        self.assert_good("git.example")

    def test_another_helper_and_what_helps(self):
        self.git("credential.helper", "store")
        finding = self.examine_git(status=1)
        self.follow(finding["git"]["fix"])
        self.assert_good("git.example")

    def test_no_link_and_what_helps(self):
        self.link.unlink()
        self.follow(self.examine_git(status=1)["git"]["fix"])
        self.assert_good("git.example")
        self.git("credential.helper", "grok-auth")
        finding = self.examine_git(status=1)
        self.assert_trouble(finding, "git-program", "git-credential-grok-auth, which is not there$", "ln -s")

    def test_storing_helper_beside_and_what_helps(self):
        self.git("credential.helper", "store")
        self.git("--add", "credential.helper", "grok-auth")
        finding = self.examine_git()
        self.assertEqual(finding["git-others"]["outcome"], "note")
        self.follow(finding["git-others"]["fix"])
        self.assert_good("git.example")

    def test_path_and_what_helps(self):
        self.answer_for("git.example/team")
        self.git("credential.helper", "grok-auth")
        finding = self.examine_git(status=1)
        self.assert_trouble(finding, "git-path", "nobody answers for git.example/team$", "useHttpPath")
        self.follow(finding["git-path"]["fix"])
        self.assert_good("git.example/team")

    def test_another_program_of_that_name(self):
        self.link.unlink()
        shutil.copy("/bin/true", self.link)
        self.git("credential.helper", "grok-auth")
        self.assertRegex(self.examine_git()["git-program"]["finding"], "^git runs .*, this program is ")

    def test_configuration_that_git_cannot_read(self):
        (self.program.home / ".gitconfig").write_text("[credential\n")
        self.assertIn("git does not tell its configuration", self.examine_git()["git"]["finding"])

    def test_git_that_hangs_floods_or_fails(self):
        for script in ("sleep 60 & exec sleep 60", "yes", "kill -9 $$", "exec 1>&-; exec sleep 60", "exit 3"):
            with self.subTest(script):
                (self.tools / "git").write_text(f"#!/bin/sh\n{script}\n")
                (self.tools / "git").chmod(0o755)
                self.assertEqual(self.examine_git()["git"]["finding"], "git does not tell its configuration")

    def test_no_git(self):
        self.environment["PATH"] = str(self.program.folder)
        self.assertEqual(self.examine_git()["git"]["finding"], "there is no git in PATH")


class Server(Examining, ProgramTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.program.sign_in(self.provider)
        self.provider.reset()

    def assert_only_trouble(self, name: str, words: str, fix: str, **options) -> None:
        finding = self.examine(status=1, **options)
        self.assertEqual(finding.outcomes("trouble"), {name}, finding)
        self.assert_trouble(finding, name, words, fix)

    def test_wrong_authority(self):
        self.program.configure(config_for(self.provider, ca_file=None, redirect_port=free_port()))
        self.assert_only_trouble("issuer", r"the certificate of localhost is not trusted", "ca_file")

    def test_authority_that_cannot_be_read(self):
        missing = str(self.program.folder / "missing.pem")
        self.assert_only_trouble("issuer", "cannot read the certificate authority file", "SSL_CERT_FILE",
                                 env={"SSL_CERT_FILE": missing})

    def test_wrong_issuer(self):
        self.provider.settings(members={"discovery": {"issuer": "https://other.example"}})
        self.assert_only_trouble("issuer", "names the issuer 'https://other.example' instead of", "written exactly")

    def test_endpoint_that_may_not_be_used(self):
        self.provider.settings(members={"discovery": {"token_endpoint": "http://localhost/token"}})
        self.assert_only_trouble("issuer", "names a token_endpoint that is plain http", "administrator")

    def test_no_flow(self):
        missing = {"device_authorization_endpoint": None, "authorization_endpoint": None}
        self.provider.settings(members={"discovery": missing})
        self.assert_only_trouble("sign-in", "offers neither", "'grok-auth-test'")

    def test_server_down(self):
        issuer = f"https://localhost:{free_port()}"
        self.program.configure(config_for(self.provider, issuer=issuer, redirect_port=free_port()))
        self.program.change_state_json(".json", lambda tokens: tokens.update(issuer=issuer))
        self.assert_only_trouble("issuer", "was refused", "check the network")

    @unittest.skipUnless(LIBFAKETIME, "libfaketime is not installed")
    def test_clock_a_day_off(self):
        for offset, words in (("+1d", "1 d ahead of"), ("-1d", "1 d behind")):
            with self.subTest(offset):
                sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
                env = {"LD_PRELOAD": LIBFAKETIME, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                       "ASAN_OPTIONS": sanitizer}
                self.assert_only_trouble("clock", f"this computer's clock is {words} the server's", "set the clock", env=env)

    def test_proxy(self):
        """It is named without its password."""
        self.program.configure(config_for(self.provider, issuer="https://idp.test", redirect_port=free_port()))
        (self.program.state_folder / "test.json").unlink()
        proxy = f"http://ada:{PASSWORD}@proxy.test:3128"
        finding = self.examine("--offline", status=0, env={"HTTPS_PROXY": proxy})
        self.assertEqual(finding["proxy"]["finding"], "the issuer is reached through the proxy proxy.test:3128")
        finding = self.examine("--offline", status=0, env={"HTTPS_PROXY": proxy, "NO_PROXY": ".test"})
        self.assertEqual(finding["proxy"]["finding"], "the issuer is reached directly")
        for bad in (f"socks5://ada:{PASSWORD}@proxy.test", f"http://ada:{PASSWORD}@proxy.test:port"):
            finding = self.examine("--offline", status=1, env={"HTTPS_PROXY": bad})
            self.assert_trouble(finding, "proxy", "HTTPS_PROXY", "HTTPS_PROXY")


class KeyringTrouble(Examining, KeyringTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in()

    def assert_keyring(self, words: str, fix: str, env: dict | None = None) -> None:
        finding = self.examine(status=1, env=self.session.environment if env is None else env)
        self.assertEqual(finding.outcomes("trouble"), {"keyring"}, finding)
        self.assertRegex(finding["login"]["finding"], "^cannot be read: ")
        self.assert_trouble(finding, "keyring", words, fix)

    def test_locked(self):
        """It stays so, and nobody is asked for its password."""
        self.session.lock(cold=True)
        with Prompter(self.session, "silent") as prompter:
            self.assert_keyring("^the keyring is locked", "unlock it", {**self.session.environment, "DISPLAY": ":99"})
            self.assertEqual(prompter.calls, [])
        self.assertTrue(self.session.is_locked())

    def test_absent(self):
        self.assert_keyring("^there is no keyring here", "desktop session", {})

    def test_cannot_start(self):
        broken = self.new_session("exits")
        self.assert_keyring("^the keyring does not start", "journalctl", broken.environment)

    def test_hung(self):
        self.session.stop_daemon()
        self.addCleanup(self.session.continue_daemon)
        self.assert_keyring("^the keyring does not answer", "restart the keyring program")

    def test_not_used(self):
        """With `store = "file"` it is only a note."""
        self.program = self.new_program(store="file")
        finding = self.examine(status=0, env={})
        self.assertEqual(finding.outcomes("note"), {"login", "keyring", *NO_GROK})


class StateFolder(Examining, ProgramTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.program.sign_in(self.provider)

    def assert_state(self, words: str, fix: str) -> None:
        finding = self.examine("--offline", status=1)
        self.assert_trouble(finding, "state", words, fix)
        self.assertEqual(finding.outcomes("trouble"), {"state"}, "told more than once")

    def test_writable_by_others(self):
        self.program.state_folder.chmod(0o777)
        self.assert_state("can be written by other users", "chmod go-rwx")

    def test_file_that_is_writable_by_others(self):
        (self.program.state_folder / "test.json").chmod(0o666)
        self.assert_state(r"test\.json' can be written by other users", "chmod go-rwx")

    def test_readable_by_others(self):
        """The next run closes it, which is not for a doctor to do."""
        self.program.state_folder.chmod(0o755)
        (self.program.state_folder / "test.json").chmod(0o644)
        finding = self.examine("--offline", status=0)
        self.assertEqual(finding["permissions"]["finding"], f"other users can read '{self.program.state_folder}/test.json'")
        self.assertEqual(self.program.run("status").status, 0)
        self.assertNotIn("permissions", self.examine("--offline", status=0))

    def test_link_in_its_place(self):
        moved = self.program.state_folder.rename(self.program.folder / "moved")
        self.program.state_folder.symlink_to(moved)
        self.assert_state("cannot open the state folder", "symbolic link")

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to give it away")
    def test_of_another_user(self):
        os.chown(self.program.state_folder, NOBODY, NOBODY)
        self.assert_state("belongs to another user", "XDG_STATE_HOME")

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to mount")
    def test_full_disk_and_read_only(self):
        folder = self.program.state_folder
        files = {path.name: path.read_text() for path in folder.iterdir() if path.suffix != ".lock"}
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700,size=128k", "tmpfs", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)
        for name, text in files.items():
            self.program.write_state(name, text)
        self.assert_state("the disk with the state folder .* is full", "make room")
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        self.assert_state("the state folder .* cannot be written", "XDG_STATE_HOME")

    def test_leftover(self):
        self.program.write_state("test.damaged-1", "{")
        finding = self.examine("--offline", status=0)
        self.assertRegex(finding["leftover"]["finding"], r"was moved to '.*/test\.damaged-1'")


class Place(Examining, ProgramTestCase):
    def take_port(self) -> int:
        return self.enterContext(socket.create_server(("127.0.0.1", 0))).getsockname()[1]

    def test_port_that_a_sign_in_must_have(self):
        self.program = self.new_program(flow="loopback", redirect_port=(port := self.take_port()), redirect_port_exact=True)
        finding = self.examine("--offline", status=1)
        self.assert_trouble(finding, "port", f"^port {port} of 127.0.0.1 is taken by {ME}$", "end that program")

    def test_port_that_nobody_needs(self):
        self.program = self.new_program(redirect_port=self.take_port())
        finding = self.examine("--offline", status=0)
        self.assertRegex(finding["port"]["finding"], f"is taken by {ME}; not needed here$")

    def test_browser_behind_ssh(self):
        self.program = self.new_program(flow="loopback")
        env = {"SSH_CONNECTION": "203.0.113.9 50000 192.0.2.7 22", "USER": "ada", "DISPLAY": ":99"}
        finding = self.examine(status=0, env=env)
        self.assertEqual(finding["browser"]["finding"], "none can be opened here, over SSH")
        self.assertEqual(finding["sign-in"]["finding"], "by the loopback flow: the browser must reach this computer")
        self.assertRegex(finding["sign-in"]["fix"], r"\n  ssh -N -L (\d+):127\.0\.0\.1:\1 ada@192\.0\.2\.7\n")

    def test_sign_in_under_way(self):
        run = self.program.as_grok(expired=False)
        url = sign_in_url(run)
        run.wait_for("Waiting for you")
        finding = self.examine("--offline", status=0)
        self.assertEqual(finding["locks"]["finding"], "a sign-in or a logout is under way")
        self.assertTrue(pending_entries(self.program))
        self.provider.approve(url=url)
        self.assertEqual(run.wait().status, 0)


class Locks(Examining, ScriptedRefreshTestCase):
    def test_stopped_worker(self):
        gate = Gate()
        self.server.before = [gate]
        run = self.held_run(gate)
        worker = worker_of(run)
        stop(self, worker)
        finding = self.examine(status=1)
        self.assert_trouble(finding, "locks", f"process {worker} is stopped", f"kill -CONT {worker}")
        self.assertEqual(finding.outcomes("trouble"), {"locks"}, finding)
        gate.open()
        os.kill(worker, signal.SIGCONT)
        run.wait()
        self.hand_out("access-1")
        self.assertEqual(self.examine(status=0)["locks"]["finding"], "nobody holds one")
        self.assertEqual(len(self.server.sent()), 1)

    def test_failed_refresh(self):
        self.server.answers["token"] = [(503, "down")]
        self.decline()
        self.assertEqual(self.examine(status=1).outcomes("trouble"), {"refresh"})


if __name__ == "__main__":
    unittest.main()
