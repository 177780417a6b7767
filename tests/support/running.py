"""A process under test whose output can be read while it runs, on pipes or on a terminal of its own."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import threading
import time
from typing import NamedTuple


class Result(NamedTuple):
    """A run that has ended; a negative status is the signal that ended it. On a terminal all output is in `stdout`."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def json(self):
        """The standard output, parsed. ValueError when it is not one JSON value."""
        return json.loads(self.stdout)


class Running:
    """A run that may still be going on. `stdout` and `stderr` grow as it writes."""

    def __init__(self, command: list[str], environment: dict[str, str], **options):
        self._started = time.monotonic()
        self._ended = None
        self._text = {"stdout": "", "stderr": ""}
        self._news = threading.Condition()
        self._process = subprocess.Popen(command, env=environment, **options)
        self._readers = []

    def read(self, name: str, source: int) -> "Running":
        """Collects what comes from the file descriptor `source`, which this object closes at its end."""
        reader = threading.Thread(target=self._collect, args=(name, source), daemon=True)
        reader.start()
        self._readers.append(reader)
        return self

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def stdout(self) -> str:
        """Standard output so far."""
        return self._text["stdout"]

    @property
    def stderr(self) -> str:
        """Standard error so far."""
        return self._text["stderr"]

    def is_alive(self) -> bool:
        """Whether the process itself, not one it started, still runs."""
        return self._process.poll() is None

    def wait_for_line(self, pattern: str, timeout: float = 10, stream: str = "stderr") -> re.Match:
        """The first match of `pattern` in a whole line; AssertionError when none comes in time or the stream ends."""
        return self.wait_for(rf"(?m)^.*?(?:{pattern}).*\n", timeout, stream)

    def wait_for(self, pattern: str, timeout: float = 10, stream: str = "stderr", start: int = 0) -> re.Match:
        """The first match of `pattern` in the text from `start` on, line ends or not; AssertionError as above."""
        deadline = time.monotonic() + timeout
        wanted = re.compile(pattern)
        with self._news:
            while not (match := wanted.search(self._text[stream], start)):
                left = deadline - time.monotonic()
                ended = not any(reader.is_alive() for reader in self._readers)
                if left <= 0 or ended:
                    why = "the run ended" if ended else f"{timeout} s passed"
                    raise AssertionError(f"{why} without {pattern!r} on {stream}; so far:\n{self._text}")
                self._news.wait(min(left, 0.1))
        return match

    def signal(self, number: int) -> None:
        """Sends the process a signal; SIGKILL and the like reach it alone, not its group."""
        self._process.send_signal(number)

    def signal_group(self, number: int) -> None:
        """Sends a signal to the process group that the run leads, as Grok does at the end of its patience."""
        os.killpg(self.pid, number)

    def wait(self, timeout: float = 20) -> Result:
        """Waits for the process and for all that it wrote. AssertionError when it does not end in time; it is killed then.

        A process left behind that holds on to an output counts as "does not end": to Grok it would not have either.
        """
        deadline = time.monotonic() + timeout
        try:
            status = self._process.wait(timeout)
            for reader in self._readers:
                reader.join(max(0.0, deadline - time.monotonic()))
                if reader.is_alive():
                    raise AssertionError(f"the run ended, but its output is still open; so far:\n{self._text}")
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f"the run did not end within {timeout} s; so far:\n{self._text}") from None
        self._ended = self._ended or time.monotonic()
        return Result(status, self.stdout, self.stderr, self._ended - self._started)

    def end(self) -> None:
        """Kills the process if it still runs."""
        if self.is_alive():
            self._process.kill()
        self._process.wait()

    def _collect(self, name: str, source: int) -> None:
        text = b""
        with open(source, "rb", buffering=0) as stream:
            while True:
                try:
                    chunk = stream.read(65536)
                except OSError:  # a terminal whose other side is closed
                    chunk = b""
                if not chunk:
                    break
                text += chunk
                with self._news:
                    self._text[name] = text.decode(errors="replace")
                    self._news.notify_all()
        with self._news:
            self._ended = time.monotonic()
            self._news.notify_all()


class OnTerminal(Running):
    """A run on a terminal of its own; what it shows is `stdout`."""

    def __init__(self, command: list[str], environment: dict[str, str], rows: int = 60, columns: int = 120):
        keyboard, terminal = pty.openpty()
        self._keyboard = keyboard
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
        super().__init__([shutil.which("setsid"), "--ctty", *command], environment, **streams)
        os.close(terminal)
        self.read("stdout", keyboard)

    def type(self, text: str) -> None:
        """Types `text`; "\\n" is the return key, "\\x03" control-C."""
        os.write(self._keyboard, text.encode())

    def wait_to_see(self, pattern: str, timeout: float = 10) -> re.Match:
        """The first match of `pattern` in what was shown; AssertionError when it is not shown in time."""
        return self.wait_for(pattern, timeout, "stdout")
