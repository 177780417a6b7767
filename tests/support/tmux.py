"""A real terminal: tmux (Debian package `tmux`), with a shell in it, typed at and looked at from outside."""

import fcntl
import itertools
import os
import pathlib
import re
import shlex
import struct
import subprocess
import tempfile
import termios
import time

_numbers = itertools.count()

# Nothing but the terminal: no status line, and what scrolls out is kept.
_CONFIGURATION = "set -g status off\nset -g history-limit 5000\nset -sg escape-time 0\n"


class Tmux:
    """A terminal of a fixed size with an interactive `sh` in it, whose prompt is "$ "; a context manager.

    The shell gets exactly `environment`, and TERM. The tmux server has a socket of its own, and ends with this object.
    """

    def __init__(self, environment: dict[str, str], columns: int = 80, rows: int = 24, term: str = "tmux-256color"):
        self._folder = tempfile.TemporaryDirectory(prefix="grok-auth-tmux-")
        self._socket = os.path.join(self._folder.name, f"socket-{os.getpid()}-{next(_numbers)}")
        configuration = pathlib.Path(self._folder.name, "tmux.conf")
        configuration.write_text(_CONFIGURATION)
        self._base = ["tmux", "-u", "-S", self._socket, "-f", str(configuration)]
        variables = {**environment, "TERM": term, "PS1": "$ "}
        shell = ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), "sh", "-i"]
        try:
            self._run("new-session", "-d", "-x", str(columns), "-y", str(rows), shlex.join(shell))
            self.wait_for(r"\A\$")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Tmux":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Ends the tmux server of this object, and with it whatever runs in the terminal."""
        subprocess.run([*self._base, "kill-server"], capture_output=True)
        self._folder.cleanup()

    def type(self, text: str) -> None:
        """Types `text` as it is."""
        self._run("send-keys", "-l", "--", text)

    def keys(self, *names: str) -> None:
        """Presses keys by their names, as in "Enter", "C-c"."""
        self._run("send-keys", *names)

    def enter(self, line: str) -> None:
        """Types a line, and the return key."""
        self.type(line)
        self.keys("Enter")

    def begin(self, command: str) -> None:
        """Runs `command` on a cleared terminal: nothing that was there before, the typed command included, is left."""
        self._run("send-keys", "-R")
        self._run("clear-history")
        self.enter(rf"printf '\033[H\033[2J\033[3J'; {command}")

    def paste(self, text: str) -> None:
        """Pastes `text` in one go; each newline arrives as the return key."""
        self._run("load-buffer", "-", stdin=text)
        self._run("paste-buffer", "-d")

    def screen(self, *options: str) -> str:
        """What is to be seen, row by row, without blanks at the end. Options of tmux's capture-pane: "-J" joins the rows of a
        line that was broken at the right edge, "-e" shows colors, "-S", "-" begins with what has scrolled out."""
        return "\n".join(line.rstrip() for line in self._run("capture-pane", "-p", *options).split("\n")).rstrip("\n")

    def everything(self, *options: str) -> str:
        """The same of all that was ever shown, lines that were broken joined."""
        return self.screen("-J", "-S", "-", *options)

    def wait_for(self, pattern: str, timeout: float = 15) -> re.Match:
        """The first match of `pattern` in `everything`; AssertionError when it does not come in time."""
        wanted = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        while not (match := wanted.search(self.everything())):
            if time.monotonic() > deadline:
                raise AssertionError(f"{timeout} s passed without {pattern!r}; to be seen:\n{self.everything()}")
            time.sleep(0.05)
        return match

    def wait_for_prompt(self, timeout: float = 15) -> None:
        """Waits until the last line is the shell's prompt, and nothing else."""
        self.wait_for(r"^\$\Z", timeout)

    def modes(self) -> set[str]:
        """The terminal's modes as `stty -a` tells them: {"echo", "icanon", ...}, or "-echo" for what is off."""
        terminal = self._run("display-message", "-p", "#{pane_tty}").strip()
        stty = subprocess.run(["stty", "-a", "-F", terminal], check=True, capture_output=True, text=True)
        return set(stty.stdout.replace(";", " ").split())

    def unread(self) -> int:
        """How many characters were typed that no program has read."""
        terminal = os.open(self._run("display-message", "-p", "#{pane_tty}").strip(), os.O_RDONLY | os.O_NOCTTY)
        try:
            return struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))[0]
        finally:
            os.close(terminal)

    def children(self) -> list[int]:
        """The processes that the shell started and that still are."""
        shell = self._run("display-message", "-p", "#{pane_pid}").strip()
        return [int(pid) for pid in pathlib.Path(f"/proc/{shell}/task/{shell}/children").read_text().split()]

    def _run(self, *command: str, stdin: str | None = None) -> str:
        options = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        run = subprocess.run([*self._base, *command], capture_output=True, text=True, **options)
        if run.returncode != 0:
            raise AssertionError(f"tmux {command}: {run.stderr.strip()}")
        return run.stdout
