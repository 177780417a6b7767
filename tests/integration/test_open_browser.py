"""The browser that a sign-in opens: which program, how it is started, and where none is."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import free_port, pending_entries  # noqa: E402
from program import ProgramTestCase, config_for, sign_in_url  # noqa: E402
from running import Running  # noqa: E402

DESKTOP = {"DISPLAY": ":99"}
SSH = {"SSH_CONNECTION": "203.0.113.9 50000 192.0.2.7 22"}
# A program that tells how it was started, and talks.
RECORDER = """#!{python} -I
import json, os, sys
files = {{}}
for name in os.listdir("/proc/self/fd"):
    try:
        files[int(name)] = os.readlink("/proc/self/fd/" + name)
    except FileNotFoundError:
        pass  # what the folder was listed by
record = {{"program": sys.argv[0], "arguments": sys.argv[1:], "files": files, "environment": dict(os.environ)}}
record |= {{"leads_session": os.getsid(0) == os.getpid(), "input": sys.stdin.read()}}
print("noise", flush=True)
print("noise", file=sys.stderr, flush=True)
with open(f"{seen}/.{{os.getpid()}}", "w") as file:
    json.dump(record, file)
os.rename(file.name, f"{seen}/{{os.getpid()}}")
"""


class OpenTestCase(ProgramTestCase):
    """Programs are looked for in the folder `bin` alone, unless a test says otherwise."""

    def setUp(self):
        super().setUp()
        self.folder = self.program.folder
        self.bin, self.seen = self.folder / "bin", self.folder / "seen"
        self.bin.mkdir()
        self.seen.mkdir()
        self.last: Running | None = None

    def install(self, path: str) -> pathlib.Path:
        """A recorder, by its name in `bin` or by its path below the test's folder."""
        program = self.folder / path if "/" in path else self.bin / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(RECORDER.format(python=sys.executable, seen=self.seen))
        program.chmod(0o755)
        return program

    def link(self, path: str, target: str) -> pathlib.Path:
        """A symbolic link below the test's folder, to `target` as it stands."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
        return place

    def login(self, *args: str, flow: str | None = None, **env: str | None) -> Running:
        """A sign-in that waits for its person, the only one. What it was to start is started."""
        if self.last:
            self.last.end()
        for name in pending_entries(self.program):
            (self.program.state_folder / name).unlink()
        self.program.configure(config_for(self.provider, flow=flow or "device", redirect_port=free_port()))
        run = self.program.start("login", *args, env={"PATH": str(self.bin), **env})
        self.last = run
        run.wait_for("(?m)^Waiting for you")
        return run

    def opened(self, run: Running) -> dict:
        """What the one program that the run started recorded."""
        self.assertEqual(len(children_of(run)), 1)
        deadline = time.monotonic() + 10
        while not (found := [file for file in self.seen.iterdir() if not file.name.startswith(".")]):
            self.assertLess(time.monotonic(), deadline, "nothing was recorded")
            time.sleep(0.02)
        (file,) = found
        record = json.loads(file.read_text())
        file.unlink()
        return record

    def assert_opens(self, program: pathlib.Path, run: Running, *arguments: str):
        """The run started this program and no other; `arguments` are those beside the address."""
        record = self.opened(run)
        self.assertEqual((record["program"], record["arguments"]), (str(program), [*arguments, sign_in_url(run)]))
        run.end()

    def assert_opens_nothing(self, run: Running):
        """The run has started no program."""
        self.assertEqual(children_of(run), [])
        self.assertNotIn("No browser", run.stderr)
        run.end()


def children_of(run: Running) -> list[int]:
    """The processes that the run started. Those that have ended are among them, because it does not wait for them."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "stat").read_text().rpartition(")")[2].split()[1] == str(run.pid):
                found.append(int(folder.name))
    return found


class Commands(OpenTestCase):
    """$BROWSER"""

    def test_first_that_is_there(self):
        first, second, spaced = self.install("first"), self.install("second"), self.install("a folder/with blank")
        (self.bin / "folder").mkdir()
        (self.bin / "text").write_text("not executable")
        (self.bin / "damaged").write_text("not a program")
        (self.bin / "orphan").write_text("#!/nowhere/interpreter\n")
        for name in ("damaged", "orphan"):
            (self.bin / name).chmod(0o755)
        for list_of_commands, program in (
            ("first", first), (str(second), second), ("first:second", first), ("nowhere:/nowhere/b:second:first", second),
            ("::second", second), ("folder:text:second", second), ("damaged:orphan:second", second),
            ("'unfinished:second", None), (f"'{spaced}'", spaced), (str(spaced).replace(" ", "\\ "), spaced),
        ):
            with self.subTest(list_of_commands):
                run = self.login(**DESKTOP, BROWSER=list_of_commands)
                if program:
                    self.assert_opens(program, run)
                else:
                    self.assert_opens_nothing(run)

    def test_arguments(self):
        first = self.install("first")
        for command, before, after in (
            ("first --new-window", ["--new-window"], []), ("first --new-window %s", ["--new-window"], []),
            ("first %s --tail", [], ["--tail"]), ("first '-P my profile' 5%%", ["-P my profile", "5%"], []),
            ("first %s &", [], []), ("first $HOME;touch${IFS}x `id` >y", ["$HOME;touch${IFS}x", "`id`", ">y"], []),
        ):
            with self.subTest(command):
                run = self.login(**DESKTOP, BROWSER=command)
                record = self.opened(run)
                self.assertEqual(record["arguments"], [*before, sign_in_url(run), *after])
                self.assertEqual(record["program"], str(first))
                run.end()

    def test_address_is_one_argument(self):
        """One with many parameters, which a shell would take apart."""
        self.install("first")
        run = self.login(**DESKTOP, BROWSER="first --app=%s", flow="loopback")
        url = sign_in_url(run)
        self.assertIn("&", url)
        self.assertEqual(self.opened(run)["arguments"], ["--app=" + url])

    def test_folders_that_depend_on_where_the_run_is(self):
        """They may be somebody else's checkout."""
        self.install("first")
        with contextlib.chdir(self.folder):
            for path in ("bin", ":bin:./bin", ".", ":"):
                with self.subTest(path):
                    self.assert_opens_nothing(self.login(**DESKTOP, BROWSER="first:xdg-open", PATH=path))
            self.assert_opens(self.bin / "first", self.login(**DESKTOP, BROWSER="first", PATH=f"bin:{self.bin}"))

    def test_that_cannot_be_started(self):
        broken = self.bin / "broken"
        broken.write_text("#!/nowhere/interpreter\n")
        broken.chmod(0o755)
        run = self.login(**DESKTOP, BROWSER="broken")
        self.assertIn("\nNo browser could be started here: open the address by hand.\n", run.stderr)
        self.assertEqual(children_of(run), [])


class TextBrowsers(OpenTestCase):
    """They need a terminal, and would have to share it with the program."""

    def test_by_name(self):
        graphical = self.install("graphical")
        for name in ("lynx", "w3m", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl", "edbrowse"):
            with self.subTest(name):
                path = self.install(name)
                for command in (name, str(path), f"{name} %s"):
                    self.assert_opens_nothing(self.login(**DESKTOP, BROWSER=command, flow="auto"))
                self.assert_opens(graphical, self.login(**DESKTOP, BROWSER=f"{name}:graphical"))

    def test_by_link(self):
        """A link to one, and a link that passes through the name of one, as /usr/bin/www-browser does on Debian."""
        self.install("real/lynx")
        self.install("real/unknown")
        self.link("etc/www-browser", "../real/unknown")
        for name, target in (("direct", str(self.folder / "real/lynx")), ("relative", "../real/lynx"), ("chain", "relative"),
                             ("alternative", "../etc/www-browser")):
            self.link(f"bin/{name}", target)
            with self.subTest(name):
                for command in (name, str(self.bin / name)):
                    self.assert_opens_nothing(self.login(**DESKTOP, BROWSER=command))
        for name, target in (("x-www-browser", "../etc/x-www-browser"), ("known", "../real/unknown")):
            self.link(f"bin/{name}", target)
        self.link("etc/x-www-browser", "../real/unknown")
        for name in ("x-www-browser", "known"):
            with self.subTest(name):
                self.assert_opens(self.bin / name, self.login(**DESKTOP, BROWSER=name))

    def test_link_to_nothing(self):
        self.link("bin/dangling", "nowhere")
        self.link("bin/circle", "circle")
        self.assert_opens_nothing(self.login(**DESKTOP, BROWSER="dangling:circle"))


class Places(OpenTestCase):
    """Where a browser is opened, and which. By itself the flow follows: the loopback flow is taken where one can be opened."""

    def assert_place(self, env: dict, program: str | None, *args: str):
        with self.subTest(env=env, args=args):
            run = self.login(*args, flow="auto", **env)
            self.assertEqual("redirect_uri=" in sign_in_url(run), program is not None)
            if program:
                self.assert_opens(self.bin / program, run)
            else:
                self.assert_opens_nothing(run)

    def test_desktop(self):
        self.install("xdg-open")
        self.assert_place(DESKTOP, "xdg-open")
        self.assert_place({"WAYLAND_DISPLAY": "wayland-0"}, "xdg-open")
        self.assert_place({**DESKTOP, "BROWSER": "nowhere"}, "xdg-open")
        self.assert_place(DESKTOP, None, "--no-browser")

    def test_desktop_without_browser(self):
        self.assert_place({**DESKTOP, "BROWSER": "nowhere"}, None)

    def test_text_console(self):
        for name in ("xdg-open", "firefox"):
            self.install(name)
        self.assert_place({}, None)
        self.assert_place({"BROWSER": "firefox"}, None)
        self.assert_place({"DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": "firefox"}, None)

    def test_ssh(self):
        """The browser would be on another screen, or come slowly through X forwarding."""
        for name in ("xdg-open", "firefox", "wslview"):
            self.install(name)
        for mark in (SSH, {"SSH_CLIENT": "203.0.113.9 50000 22"}, {"SSH_TTY": "/dev/pts/0"}):
            for env in ({}, {"DISPLAY": "localhost:10.0"}, {"DISPLAY": "localhost:10.0", "BROWSER": "firefox"},
                        {"WSL_DISTRO_NAME": "Debian", "BROWSER": "firefox"}):
                self.assert_place({**mark, **env}, None)

    def test_windows(self):
        self.install("xdg-open")
        for mark in ({"WSL_DISTRO_NAME": "Debian"}, {"WSL_INTEROP": "/run/WSL/1_interop"}):
            self.assert_place(mark, None)
            self.assert_place({**mark, **DESKTOP}, "xdg-open")
            self.install("wslview")
            self.assert_place(mark, "wslview")
            self.assert_place({**mark, **DESKTOP}, "wslview")
            self.assert_place({**mark, "BROWSER": "xdg-open"}, "xdg-open")
            (self.bin / "wslview").unlink()

    def test_editor_on_another_computer(self):
        """VS Code sets BROWSER in its terminals to a program that opens the page where the person sits."""
        for name in ("helper", "xdg-open"):
            self.install(name)
        for mark in ({"CODESPACES": "true"}, {"REMOTE_CONTAINERS": "true"}, {"VSCODE_IPC_HOOK_CLI": "/run/vscode.sock"}):
            for place in ({}, SSH):
                self.assert_place({**mark, **place}, None)
                self.assert_place({**mark, **place, "BROWSER": "helper"}, "helper")
                self.assert_place({**mark, **place, "BROWSER": "nowhere"}, None)


class ASessionOfItsOwn(OpenTestCase):
    def test_what_the_browser_gets(self):
        """Nothing of the program's: not its listener, its outputs, its secrets, or what it was given itself."""
        self.install("xdg-open")
        starter = self.folder / "starter"  # leaves a file open, as careless programs do
        starter.write_text(f'#!/bin/sh\nexec 7<"$0"\nexec "{self.program.binary}" "$@"\n')
        starter.chmod(0o755)
        self.program.binary = str(starter)
        secrets = {"GROK_AUTH_PROVIDER_ACCESS_TOKEN": "secret", "XAI_API_KEY": "secret", "GROKAUTH_STORE": "file"}
        run = self.login(**DESKTOP, **secrets, LANG="de_DE.UTF-8", flow="loopback")
        record = self.opened(run)
        self.assertEqual(record["files"], {number: "/dev/null" for number in ("0", "1", "2")})
        self.assertEqual((record["leads_session"], record["input"]), (True, ""))
        environment = record["environment"]
        self.assertEqual([name for name in environment if name.startswith(("GROK", "XAI"))], [])
        self.assertEqual((environment["DISPLAY"], environment["LANG"]), (":99", "de_DE.UTF-8"))
        self.assertEqual((environment["HOME"], environment["PATH"]), (str(self.program.home), str(self.bin)))
        run.end()
        self.assertNotIn("noise", run.stdout + run.stderr)

    def test_it_outlives_the_run(self):
        """The run's end, by a signal to its whole group, does not close the window."""
        alive = self.folder / "alive"
        program = self.bin / "slow"
        program.write_text(f'#!/bin/sh\necho $$ > "{alive}"\nexec /bin/sleep 60\n')
        program.chmod(0o755)
        run = self.login(**DESKTOP, BROWSER="slow")
        (child,) = children_of(run)
        self.addCleanup(os.kill, child, 9)
        run.signal_group(15)
        self.assertEqual(run.wait().status, 143)
        self.assertRegex(pathlib.Path(f"/proc/{child}/stat").read_text(), r"\) [RSD] ")


class Windows(OpenTestCase):
    """Grok starts sign-ins by itself."""

    def test_one_however_many_runs(self):
        """Also in the loopback flow, where each run has an address of its own."""
        self.install("xdg-open")
        self.program.configure(config_for(self.provider, flow="loopback"))
        env = {**DESKTOP, "PATH": f"{self.bin}:{os.environ['PATH']}"}
        urls = []
        for number in range(3):
            run = self.program.as_grok("--timeout", "2", expired=False, env=env)
            urls.append(sign_in_url(run))
            run.wait_for("(?m)^Waiting for you")
            self.assertEqual(len(children_of(run)), 1 if number == 0 else 0)
            self.assertEqual(run.wait().status, 3)
        self.assertEqual(len(set(urls)), 3)
        run = self.login(**DESKTOP, flow="loopback")  # who asks for it gets a window
        self.assertEqual(len(children_of(run)), 1)


class XdgOpen(OpenTestCase):
    """The real one. It goes by the desktop's default browser, else by $BROWSER, else by a list with text-mode browsers in it."""

    def setUp(self):
        super().setUp()
        program = shutil.which("xdg-open")
        if not program:
            if os.environ.get("CI"):
                self.fail("xdg-utils is not installed")
            print(f"\nskipped: {self.id()}: xdg-utils is not installed", file=sys.stderr)
            self.skipTest("xdg-utils is not installed")
        # The system's tools without its browsers, and a desktop without any.
        self.desktop = {**DESKTOP, "XDG_DATA_DIRS": str(self.seen)}
        taken = re.compile(r".*(browser|browse|lynx|w3m|links|chrom|firefox|epiphany|konqueror|dbus-send).*")
        for folder in ("/usr/bin", "/bin"):
            for tool in pathlib.Path(folder).iterdir():
                if not taken.fullmatch(tool.name) and not (self.bin / tool.name).is_symlink():
                    (self.bin / tool.name).symlink_to(tool)

    def test_default_browser(self):
        mine = self.install("mine")
        applications = self.program.home / ".local/share/applications"
        applications.mkdir(parents=True)
        (applications / "mine.desktop").write_text(
            f"[Desktop Entry]\nType=Application\nName=Mine\nExec={mine} --window %u\nMimeType=x-scheme-handler/https;\n")
        (applications / "mimeapps.list").write_text("[Default Applications]\nx-scheme-handler/https=mine.desktop\n")
        run = self.login(**self.desktop)
        self.assert_opens(mine, run, "--window")

    def test_no_text_browser(self):
        """Neither by its own list nor by $BROWSER."""
        for name in ("lynx", "www-browser", "links", "w3m"):
            self.install(name)
        for env in ({}, {"BROWSER": "lynx"}, {"BROWSER": "lynx %s"}):
            with self.subTest(env=env):
                run = self.login(**self.desktop, **env)
                (child,) = children_of(run)
                while not re.search(r"\) Z ", pathlib.Path(f"/proc/{child}/stat").read_text()):
                    time.sleep(0.05)
                self.assertEqual(list(self.seen.iterdir()), [])
                run.end()
        graphical = self.install("google-chrome")
        self.assert_opens(graphical, self.login(**self.desktop, BROWSER="lynx"))


if __name__ == "__main__":
    unittest.main()
