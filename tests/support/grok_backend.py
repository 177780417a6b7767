"""A local stand-in for the chat proxy that Grok sends its prompts to.

`Backend` is a context manager: its `url` goes into GROK_CLI_CHAT_PROXY_BASE_URL. Every prompt gets the answer `ANSWER`;
whatever else Grok asks for (models, settings, user) is answered with 404, which it takes for "use the built-in ones".
A request without a bearer token, or with one of `rejected`, is answered with 401. `before_answer` is called before a prompt is.
"""

import http.server
import json
import sys
import threading
from typing import NamedTuple

ANSWER = "The answer of the local backend."
PROMPT_PATH = "/v1/responses"
REJECTION = {
    "code": "unauthenticated:bad-credentials",
    "error": "The OAuth2 access token could not be validated.",
}


class Request(NamedTuple):
    """A request that was answered."""

    path: str
    bearer: str
    status: int


class Backend:
    """The server, in a thread of its own."""

    def __init__(self):
        self.rejected = set()
        self.requests = []
        self.before_answer = lambda: None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.backend = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self):
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Passes over a connection that Grok closed early: at its end it waits for no answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        """Answers a look-up."""
        self._answer("application/json", None)

    def do_POST(self):
        """Answers a prompt."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.backend.before_answer()
        self._answer("text/event-stream", _events() if self.path == PROMPT_PATH else None)

    def _answer(self, kind, body):
        backend = self.server.backend
        scheme, _, bearer = self.headers.get("Authorization", "").partition(" ")
        status = 200 if body else 404
        if scheme != "Bearer" or not bearer or bearer in backend.rejected:
            status = 401
            body = REJECTION
        if status != 200:
            kind, body = "application/json", json.dumps(body or {})
        backend.requests.append(Request(self.path, bearer, status))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Keeps quiet: `requests` is the record."""


def _events():
    """The events of a streamed answer, as in the Responses API."""
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "local",
        "status": "completed",
        "output": [message],
    }
    events = [
        {
            "type": "response.output_text.delta",
            "item_id": "msg_1",
            "output_index": 0,
            "content_index": 0,
            "delta": ANSWER,
        },
        {"type": "response.completed", "response": response},
    ]
    return "".join(f"data: {json.dumps(event | {'sequence_number': n})}\n\n" for n, event in enumerate(events))
