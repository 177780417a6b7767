"""examples/image.sh against a stand-in for the API: what it sends, what it makes of the answer, and what others can see."""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import ProgramTestCase  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("GROK_AUTH_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SCRIPT = SOURCE / "examples/image.sh"
IMAGE = bytes(range(256)) * 100


class Api(http.server.ThreadingHTTPServer):
    """A context manager. `answer` is (status, JSON); `requests` has path, authorization and body of each, and `seen` the
    command lines of all processes at that moment."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = (200, {})
        self.requests = []
        self.seen = b""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self) -> "Api":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        """Answers as told."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, self.headers["Authorization"], body))
        self.server.seen = b"\n".join(_command_lines())
        status, answer = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        """Keeps quiet."""


def _command_lines():
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes()
        except OSError:  # it has ended
            continue


class ImageExample(ProgramTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.api = self.enterContext(Api())
        self.token = self.program.sign_in(self.provider)["access_token"]
        self.bin = self.program.folder / "bin"
        self.bin.mkdir()
        (self.bin / "grok-auth").symlink_to(self.program.binary)

    def make(self, description: str, **env: str) -> subprocess.CompletedProcess:
        environment = {**self.program.environment, "IMAGE_API": self.api.url, "IMAGE_PROFILE": "test", **env}
        environment["PATH"] = f"{self.bin}:{environment['PATH']}"
        return subprocess.run([SCRIPT, description], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)

    def test_image(self):
        for prefix in ("", "data:image/jpeg;base64,"):
            encoded = prefix + base64.b64encode(IMAGE).decode()
            self.api.answer = (200, {"data": [{"b64_json": encoded, "mime_type": "image/jpeg"}], "usage": {}})
            result = self.make('a "lighthouse"\n in a \\storm')
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, IMAGE, b""))
        self.assertEqual(self.api.requests[0], ("/v1/images/generations", f"Bearer {self.token}", {
            "model": "grok-imagine-image", "prompt": 'a "lighthouse"  in a \\storm', "response_format": "b64_json"}))

    def test_token_is_in_no_command_line(self):
        self.make("x")
        self.assertIn(b"images/generations", self.api.seen)
        self.assertNotIn(self.token.encode(), self.api.seen)

    def test_other_model(self):
        self.make("x", IMAGE_MODEL="grok-imagine-image-quality")
        self.assertEqual(self.api.requests[0][2]["model"], "grok-imagine-image-quality")

    def test_failures(self):
        self.api.answer = (403, {"error": "no credits"})
        result = self.make("x")
        self.assertEqual((result.returncode, result.stdout), (1, b""), result)
        self.assertIn(b"no credits", result.stderr)
        self.assertIn(b"403", result.stderr)
        self.api.answer = (200, {"data": []})
        result = self.make("x")
        self.assertEqual((result.returncode, result.stdout), (1, b""), result)
        self.assertIn(b"image.sh: the answer has no image in it", result.stderr)
        self.program.run("logout")
        self.api.requests.clear()
        result = self.make("x")
        self.assertEqual((result.returncode, result.stdout), (3, b""), result)
        self.assertEqual(self.api.requests, [])


if __name__ == "__main__":
    unittest.main()
