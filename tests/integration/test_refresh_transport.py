"""A refresh without an answer: names that are not found, ports that refuse, certificates that are wrong, proxies, resets and
silence. The login is kept, whatever was sent, and each run ends in time and says what failed."""

import contextlib
import os
import socket
import sys
import threading
import time
import unittest
from typing import Callable, Iterator

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refresh_outcome import STORED, Ended, Kept, Login, RefreshTestCase, Row, Taken, print_figures  # noqa: E402
from scripted_provider import ScriptedProvider, refusal, tokens  # noqa: E402
from scripted_server import Connection, ScriptedServer, answer, joining, tunnelling  # noqa: E402

BUDGET = 4.5 + 1.5  # of a headless run; and for a busy machine
FAILED = "the refresh failed: "
HANDSHAKE = FAILED + "the TLS handshake with localhost failed ("
CERTIFICATE = FAILED + "the certificate of localhost is "
UNCHANGED = "try again; nothing that is stored was changed"
CHECK_NETWORK = "check the network"
CHECK_PROXY = "check HTTPS_PROXY and NO_PROXY"
CHECK_AUTHORITY = "name its PEM file in ca_file or SSL_CERT_FILE; otherwise do not go on"
SILENCE = Kept("the server has not answered the refresh yet", "the refresh goes on in the background")

Script = Callable[[Connection], None]


def saying(data: bytes | str) -> Script:
    """Hears the client's first words, then says this and hangs up."""

    def script(connection: Connection) -> None:
        connection.socket.recv(4096)
        connection.send(data)

    return script


def resetting(connection: Connection) -> None:
    """Hears the client's first words, then resets the connection."""
    connection.socket.recv(4096)
    connection.reset()


class Door(ScriptedServer):
    """What stands in the way to a server: it does `fault` to every connection, and `through` once that is set."""

    def __init__(self, fault: Script):
        self.through: Script | None = None
        super().__init__(lambda connection: (self.through or fault)(connection))


class FaultTestCase(RefreshTestCase):
    def check_budget(self, login: Login, row: Row, recover: Callable[[], None]) -> None:
        """As for an answer; and the run does not wait for ever."""
        first = self.check_login(login, row, recover)
        self.assertLess(first.seconds, BUDGET)


class Connections(FaultTestCase):
    def check(self, row: Row) -> None:
        """`row.answer` is done to each connection, before the server sees anything of it."""
        with ScriptedProvider() as server, Door(row.answer) as door:
            server.issuer = f"https://localhost:{door.port}"
            with self.login(server) as login:

                def recover() -> None:
                    door.through = joining(server.server.port)
                    login.recover()

                self.check_budget(login, row._replace(requests=0), recover)

    def test_connections_that_fail(self):
        self.check_rows([
            Row("nothing is said", Connection.hold, SILENCE),
            Row("hangs up", saying(""), Kept(HANDSHAKE, UNCHANGED)),
            Row("reset", resetting, Kept(HANDSHAKE, UNCHANGED)),
            Row("plain HTTP", saying(answer()), Kept(HANDSHAKE + "wrong version number)", UNCHANGED)),
            Row("alert", saying(b"\x15\x03\x03\x00\x02\x02\x28"), Kept(HANDSHAKE + "sslv3 alert handshake", UNCHANGED)),
            Row("nonsense", saying(b"\x1b[2J" * 100), Kept(HANDSHAKE, UNCHANGED)),
        ], self.check)  # fmt: skip

    def test_certificates_that_are_wrong(self):
        words = {
            "wrong": "for another host name",
            "cnonly": "for another host name",
            "expired": "not trusted (certificate has expired)",
            "untrusted": "not trusted (self-signed certificate)",
        }
        with contextlib.ExitStack() as servers:
            rows = []
            for kind, reason in words.items():
                impostor = servers.enter_context(ScriptedProvider(certificate=kind, token=[tokens()]))
                rows.append(Row(kind, joining(impostor.server.port), Kept(CERTIFICATE + reason, CHECK_AUTHORITY)))
            self.check_rows(rows, self.check)

    def test_refused(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            with ScriptedProvider() as server, contextlib.ExitStack() as later:
                server.issuer = f"https://localhost:{port}"
                with self.login(server) as login:

                    def recover() -> None:
                        nobody.close()
                        later.enter_context(ScriptedServer(joining(server.server.port), port=port))
                        login.recover()

                    refused = Kept(f"{FAILED}connection to localhost:{port} was refused", CHECK_NETWORK)
                    self.check_budget(login, Row("refused", None, refused, requests=0), recover)

    def test_token_endpoint_that_is_gone_is_asked_for_again(self):
        """A name that is not found or a port that refuses: the issuer knows where the token endpoint is now."""
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            for place in ("https://gone.invalid/token", f"https://localhost:{nobody.getsockname()[1]}/token"):
                with self.subTest(place), ScriptedProvider(token=[tokens()]) as server:
                    with self.login(server, token_endpoint=place) as login:
                        self.check_login(login, Row(place, None, Taken()))


class Answers(FaultTestCase):
    def test_answers_that_are_lost(self):
        """The request was sent: the run does not send it again, the next one does."""
        half = answer("{" + " " * 500)[:200]

        def sending(data: bytes, end: Callable[[Connection], None] | None = None):
            def script(_form: dict, connection: Connection) -> None:
                connection.send(data)
                if end is not None:
                    end(connection)

            return script

        self.check_rows([
            Row("closed without an answer", sending(b"", Connection.close), Kept("closed without an answer", UNCHANGED)),
            Row("cut off", sending(b""), Kept(FAILED + "the connection was cut off", UNCHANGED)),
            Row("reset", sending(b"", Connection.reset), Kept(FAILED + "the connection was reset", UNCHANGED)),
            Row("closed in the body", sending(half, Connection.close), Kept(FAILED + "the answer is truncated", UNCHANGED)),
            Row("cut off in the body", sending(half), Kept(FAILED + "the connection was cut off", UNCHANGED)),
            Row("reset in the body", sending(half, Connection.reset), Kept(FAILED + "the connection was ", UNCHANGED)),
            Row("cut off at what could be its end", sending(b"HTTP/1.0 200 OK\r\n\r\n{}"), Kept("was cut off", UNCHANGED)),
        ])  # fmt: skip

    def test_unexpired_token_is_used_meanwhile(self):
        """By a run that may use a token which the caller has seen."""
        now = int(time.time())
        valid = {"minted_at": now - 3500, "expires_at": now + 100}
        with ScriptedProvider(token=[lambda _form, connection: connection.reset()]) as server:
            with self.login(server, **valid) as login:
                result = login.program.as_grok(expired=False).wait()
                self.assertEqual((result.status, result.json["access_token"]), (0, "stored-access-token"), result)
                self.assertIn("grok-auth: warning: the refresh failed: the connection was reset", result.stderr)
                self.check_login(login, Row("headless", None, Kept("the connection was reset", UNCHANGED), requests=2))

    def test_answers_later_than_the_run_can_wait(self):
        """The worker takes what comes: a token that the next run finds without a request, or a refusal for the next run."""
        late = {"a token": tokens(), "invalid_grant": refusal("invalid_grant"), "503": (503, "")}
        expected = {"a token": (0, [STORED]), "invalid_grant": (3, [STORED]), "503": (0, [STORED, STORED])}

        def check(row: Row) -> None:
            answered = threading.Event()

            def wait(_form, connection):
                answered.wait(60)
                return row.answer

            with ScriptedProvider(token=[wait]) as server, self.login(server) as login:
                first = login.headless()
                self.assert_refused(first, SILENCE)
                self.assertLess(first.seconds, BUDGET)
                answered.set()
                login.recover()
                following = login.headless()
                self.assertEqual((following.status, login.sent()), row.outcome, following)

        self.check_rows([Row(name, given, expected[name]) for name, given in late.items()], check)


class Names(FaultTestCase):
    """A server that only a proxy can reach."""

    @contextlib.contextmanager
    def far_login(self) -> Iterator[tuple[Login, Script]]:
        """A login at a server whose name is not found here, and the script of a proxy that knows it."""
        with ScriptedProvider(host="idp.test") as server, self.login(server) as login:
            yield login, tunnelling({f"idp.test:{server.server.port}": server.server.port})

    def check(self, row: Row, address: str | None = None) -> None:
        """`row.answer` is what the proxy does."""
        with self.far_login() as (login, tunnel), Door(row.answer) as door:
            proxy = f"http://127.0.0.1:{door.port}"
            login.env = {"HTTPS_PROXY": address or proxy}

            def recover() -> None:
                door.through = tunnel
                login.env = {"HTTPS_PROXY": proxy}
                login.recover()

            self.check_budget(login, row._replace(requests=0), recover)

    def test_name_that_is_not_found(self):
        """How long a resolver takes to say so is not the program's choice."""
        with self.far_login() as (login, tunnel), ScriptedServer(tunnel) as proxy:

            def recover() -> None:
                login.env = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
                login.recover()

            first = self.check_login(login, Row("not found", None, Kept("", ""), requests=0), recover)
            self.assertRegex(first.stderr, f"{FAILED}could not find the host 'idp.test'|{SILENCE.error}")
            self.assertLess(first.seconds, BUDGET)

    def test_proxies(self):
        refused = {
            407: Kept("asks for credentials (407)", CHECK_PROXY),
            **{status: Kept(f"refused the connection ({status})", CHECK_PROXY) for status in (302, 403, 502, 504)},
        }
        with ScriptedProvider(certificate="untrusted") as inspector:
            self.check_rows([
                *[Row(str(status), saying(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\n{{}}"), outcome)
                  for status, outcome in refused.items()],
                Row("nothing is said", Connection.hold, SILENCE),
                Row("hangs up", saying(""), Kept("gave no usable answer: the connection was closed", CHECK_PROXY)),
                Row("reset", resetting, Kept("gave no usable answer: the connection was reset", CHECK_PROXY)),
                Row("nonsense", saying("\x1b[2J nonsense\r\n\r\n"), Kept("gave no usable answer", CHECK_PROXY)),
                Row("more than an answer", saying("HTTP/1.1 200 OK\r\n\r\nhi"), Kept("more than an answer", CHECK_PROXY)),
                Row("reads along", lambda connection: (
                    connection.read_request(), connection.send("HTTP/1.1 200 OK\r\n\r\n"),
                    joining(inspector.server.port)(connection)), Kept("is not trusted", CHECK_AUTHORITY)),
            ], self.check)  # fmt: skip
            self.assertEqual(inspector.seen("token"), [])

    def test_proxies_that_are_not_there(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            refused = Kept(f"{FAILED}connection to the proxy 127.0.0.1:{port} was refused", CHECK_NETWORK)
            self.check(Row("refused", None, refused), f"http://127.0.0.1:{port}")
        for address, words in {"https://proxy.example": "a proxy of the kind 'https'", "http://:1": "is malformed"}.items():
            with self.subTest(address):
                self.check(Row(address, None, Kept(words, CHECK_PROXY)), address)


def tearDownModule() -> None:
    print_figures()


if __name__ == "__main__":
    unittest.main()
