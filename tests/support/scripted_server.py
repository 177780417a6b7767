"""A server on 127.0.0.1 that does to each connection exactly what a test tells it to, and remembers what it was sent."""

import socket
import ssl
import struct
import threading
from typing import Callable, NamedTuple


class Request(NamedTuple):
    """A request as it came in."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header field of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Connection:
    """One accepted connection, given to the server's script."""

    def __init__(self, server: "ScriptedServer", accepted: socket.socket):
        self.server = server
        self.socket = accepted

    def read_request(self) -> Request | None:
        """Reads one request whole and notes it in `server.requests`; None when the client goes away first."""
        data = b""
        while b"\r\n\r\n" not in data:
            step = self.socket.recv(4096)
            if not step:
                return None
            data += step
        head, _, body = data.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        request = Request(line, [tuple(field.split(": ", 1)) for field in fields], b"")
        while len(body) < int(request.header("Content-Length") or 0):
            body += self.socket.recv(4096)
        request = request._replace(body=body)
        self.server.note(request)
        return request

    def send(self, data: bytes | str) -> None:
        """Sends all of it; text as UTF-8."""
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def trickle(self, data: bytes, pause: float) -> None:
        """Sends one byte at a time, with a pause after each, until the client goes or the server is stopped."""
        for byte in data:
            self.send(bytes([byte]))
            if self.server.stopped.wait(pause):
                return

    def hold(self) -> None:
        """Does nothing until the server is stopped."""
        self.server.stopped.wait(30)

    def reset(self) -> None:
        """Makes closing the connection send a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        """Ends the stream; over TLS with a close_notify, as a server that is done does."""
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.settimeout(1)
            self.socket.unwrap()
        self.socket.close()


class ScriptedServer:
    """Listens on `port` of 127.0.0.1, or of `address`; 0 is a free one. `script(connection)` runs in a thread per
    connection; when it returns the connection is closed. With `certificate` (and `context_hook`, which may change the
    `ssl.SSLContext`) it speaks TLS. A context manager."""

    def __init__(
        self, script: Callable[[Connection], None], certificate=None, context_hook=None, address="127.0.0.1", port=0
    ):
        self.requests: list[Request] = []
        self.connections = 0
        self.stopped = threading.Event()
        self.first_request = threading.Event()
        self.first_connection = threading.Event()
        self._script = script
        self._context = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
            if context_hook is not None:
                context_hook(self._context)
        self._open: list[socket.socket] = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), family=family)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "ScriptedServer":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """Closes the listener and every connection."""
        self.stopped.set()
        for open_socket in [self._listener, *self._open]:
            try:
                open_socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            open_socket.close()

    def note(self, request: Request) -> None:
        """Adds to `requests`."""
        self.requests.append(request)
        self.first_request.set()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.append(accepted)
            self.first_connection.set()
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        try:
            if self._context is not None:
                accepted = self._context.wrap_socket(accepted, server_side=True)
                self._open.append(accepted)
            self._script(Connection(self, accepted))
        except (OSError, ValueError):
            pass  # what the client makes of it is the test's business
        finally:
            accepted.close()


def answering(answer: bytes | str) -> Callable[[Connection], None]:
    """A script that reads a request, sends `answer` and ends the stream properly."""

    def script(connection: Connection) -> None:
        if connection.read_request() is not None:
            connection.send(answer)
            connection.close()

    return script


def answer(
    body: bytes | str = b"{}", status: str = "200 OK", content_type: str = "application/json", headers: str = ""
) -> bytes:
    """A whole answer with a Content-Length. `headers` are further header lines, each with its CRLF."""
    body = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def chunked(*chunks: str, status: str = "200 OK") -> bytes:
    """An answer in these chunks; one that is empty is its end."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return (head + "".join(f"{len(chunk):x}\r\n{chunk}\r\n" for chunk in chunks)).encode()


def joining(port: int) -> Callable[[Connection], None]:
    """A script that joins the connection to that port of 127.0.0.1."""

    def script(connection: Connection) -> None:
        with socket.create_connection(("127.0.0.1", port)) as target:
            _join(connection.socket, target)

    return script


def tunnelling(routes: dict[str, int]) -> Callable[[Connection], None]:
    """The script of a proxy: CONNECT to a key of `routes` is joined to that port of 127.0.0.1, anything else gets 404."""

    def script(connection: Connection) -> None:
        request = connection.read_request()
        if request is None:
            return
        port = routes.get(request.line.split()[1])
        if port is None:
            connection.send("HTTP/1.1 404 Not Found\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as target:
            connection.send("HTTP/1.1 200 Connection established\r\n\r\n")
            _join(connection.socket, target)

    return script


def _join(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_copy, args=(other, one), daemon=True)
    back.start()
    _copy(one, other)
    back.join(5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(16384):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
