"""Grok's own window, in a terminal of tmux: what it shows, and a hand on keyboard and mouse."""

import os
import pathlib
import re
import signal
import subprocess
import time


class Tui:
    """A program in a terminal of its own, as a context manager. `folder` gets tmux's socket."""

    ROWS = 40

    def __init__(self, command: str, environment: dict[str, str], columns: int, folder: pathlib.Path):
        self._environment = {**environment, "TERM": "xterm-256color"}
        self._socket = str(folder / "tmux")
        size = ["-x", str(columns), "-y", str(self.ROWS)]
        self._tmux("new-session", "-d", *size, f"exec {command}", ";", "set-option", "-g", "remain-on-exit", "on")
        self._pid = int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def __enter__(self) -> "Tui":
        return self

    def __exit__(self, *_) -> None:
        """Hangs up, and waits for the program: it still writes into its home for a moment."""
        self._tmux("kill-server")
        deadline = time.monotonic() + 10
        while pathlib.Path(f"/proc/{self._pid}").exists():
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
                raise AssertionError("the program went on after its terminal was gone")
            time.sleep(0.05)

    @property
    def screen(self) -> str:
        """The text that is shown."""
        return self._tmux("capture-pane", "-p")

    def wait_for(self, pattern: str, timeout: float = 30) -> re.Match:
        """The first match of `pattern` on the screen; AssertionError with the screen when it is not shown in time."""
        deadline = time.monotonic() + timeout
        while not (match := re.search(pattern, screen := self.screen)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{timeout} s passed without {pattern!r}; the screen:\n{screen}")
            time.sleep(0.1)
        return match

    def type(self, text: str) -> None:
        """Types the text as it is; "\\r" is the return key."""
        self._tmux("send-keys", "-l", text)

    def click(self, words: str) -> None:
        """Presses the mouse at the first of these words of the screen (xterm's SGR mouse reports, mode 1006)."""
        before = self.wait_for(re.escape(words)).start()
        lines = self.screen[:before].split("\n")
        where = f"{len(lines[-1]) + 2};{len(lines)}"
        for event in "Mm":
            self.type(f"\x1b[<0;{where}{event}")

    def _tmux(self, *command: str) -> str:
        tmux = ["tmux", "-u", "-S", self._socket, "-f", "/dev/null", *command]
        return subprocess.run(tmux, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
