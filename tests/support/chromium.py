"""A real Chromium without a window, driven through its DevTools protocol."""

import base64
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import time
import zlib
from urllib.parse import urlsplit

PROGRAM = shutil.which("chromium")
_OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --no-proxy-server"
).split()


def options(*trusted: str) -> list[str]:
    """For a Chromium without a window that takes the certificates of these https addresses as they are."""
    return [*_OPTIONS, f"--ignore-certificate-errors-spki-list={','.join(map(_key_of, trusted))}"]


class Chromium:
    """A browser with one window, as a context manager. `trusted` are https addresses whose certificates it takes as they are."""

    def __init__(self, *trusted: str):
        self._folder = tempfile.mkdtemp(prefix="grok-auth-chromium-")
        arguments = [*options(*trusted), f"--user-data-dir={self._folder}/profile", "--remote-debugging-pipe", "about:blank"]
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        # The browser reads from descriptor 3 and writes to 4.
        shell = ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "bash", PROGRAM, *arguments]
        with open(f"{self._folder}/stderr", "w") as errors:
            self._process = subprocess.Popen(
                shell, pass_fds=(commands, answers), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                env={"PATH": os.environ["PATH"], "HOME": self._folder}, start_new_session=True,
            )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.console: list[str] = []  # what it complained of
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *_) -> None:
        os.close(self._commands)  # it ends with its pipe
        os.close(self._answers)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method: str, **parameters) -> dict:
        """One command of the protocol. RuntimeError with the browser's own words when it fails."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            if answer.get("method") == "Log.entryAdded":
                entry = answer["params"]["entry"]
                self.console.append(f"{entry['level']}: {entry['text']}")

    def open(self, url: str) -> None:
        """Goes to the address. RuntimeError when there is nothing."""
        result = self.call("Page.navigate", url=url)
        if "errorText" in result:
            raise RuntimeError(f"{url}: {result['errorText']}")

    def evaluate(self, expression: str):
        """The value of JavaScript in the page."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, condition: str, timeout: float = 15):
        """The value of `condition`, JavaScript, as soon as it is true. AssertionError with the page when it never is."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                if value := self.evaluate(condition):
                    return value
            except RuntimeError:
                pass  # between two pages
            time.sleep(0.05)
        page = self.evaluate("location.href + '\\n' + document.documentElement.outerHTML")
        raise AssertionError(f"{timeout} s passed without {condition}; the page:\n{page}")

    def look(self, width: int, height: int, dark: bool) -> None:
        """Makes the window one of this size; a narrow one is a phone's."""
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=phone,
                  deviceScaleFactor=2 if phone else 1)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: pathlib.Path) -> tuple[int, int, int]:
        """Writes a PNG of the window and returns the colour of its first pixel."""
        picture = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        path.write_bytes(picture)
        where = picture.index(b"IDAT")
        length = int.from_bytes(picture[where - 4 : where], "big")
        # Of the first pixel of the first line every PNG filter leaves the colour as it is.
        line = zlib.decompressobj().decompress(picture[where + 4 : where + 4 + length], 16)
        return line[1], line[2], line[3]

    def _read(self) -> dict:
        while b"\0" not in self._buffer:
            step = os.read(self._answers, 1 << 20)
            if not step:
                raise RuntimeError("the browser ended:\n" + pathlib.Path(self._folder, "stderr").read_text()[-2000:])
            self._buffer += step
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


def _key_of(address: str) -> str:
    """The SHA-256 of the public key in the server's certificate, in base64."""
    parts = urlsplit(address)
    certificate = ssl.get_server_certificate((parts.hostname, parts.port))
    key = subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=certificate.encode(), capture_output=True, check=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key.stdout, capture_output=True, check=True)
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der.stdout, capture_output=True, check=True)
    return base64.b64encode(digest.stdout).decode()
