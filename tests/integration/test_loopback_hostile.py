"""The listener of a loopback sign-in among connections that are idle, slow, huge, broken or endless."""

import os
import random
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, port_of, redirect, visit  # noqa: E402
from program import is_sanitized  # noqa: E402
from scripted_provider import tokens  # noqa: E402

# What a person would not notice; the answer takes some milliseconds on an idle machine.
PATIENCE = 2.0


def client_hello() -> bytes:
    """The first bytes of a browser that tries https."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class HostileTestCase(LoopbackTestCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve(token=[tokens()])
        self.program, self.run_, self.url = self.begin(self.server)
        self.address = ("127.0.0.1", port_of(self.url))
        self.over = threading.Event()
        self.addCleanup(self.over.set)
        self.connections = 0

    def memory(self, name: str = "VmHWM") -> int:
        """kB of the run; by default the most it ever had."""
        with open(f"/proc/{self.run_.pid}/status") as status:
            return int(re.search(rf"{name}:\s+(\d+) kB", status.read()).group(1))

    def seconds_used(self) -> float:
        """The processor time of the run."""
        with open(f"/proc/{self.run_.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self) -> socket.socket:
        self.connections += 1
        connection = socket.create_connection(self.address, 5)
        self.addCleanup(connection.close)
        return connection

    def in_background(self, action, *args) -> None:
        def run():
            try:
                action(*args)
            except OSError:
                pass  # the listener ends such connections, and at the end all

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 5)

    def say(self, data: bytes) -> None:
        """Sends `data` and reads nothing."""
        self.in_background(self.connect().sendall, data)

    def drip(self, connection: socket.socket, data: bytes) -> None:
        """Sends a byte now and then, for ever (slow loris)."""
        while not self.over.is_set():
            for byte in data:
                connection.send(bytes([byte]))
                if self.over.wait(0.1):
                    return

    def vanish(self, data: bytes, reset: bool) -> None:
        """Closes early, with or without a reset."""
        connection = self.connect()
        connection.sendall(data)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def answer_to(self, data: bytes, timeout: float = 5) -> bytes:
        """All that is answered to these bytes."""
        with self.connect() as connection:
            connection.settimeout(timeout)
            connection.sendall(data)
            answer = b""
            try:
                while step := connection.recv(65536):
                    answer += step
            except ConnectionResetError:
                pass
            return answer

    def sign_in(self, what: str) -> None:
        """The true redirect, timed, and told to whoever runs the test."""
        memory = self.memory()
        page = visit(redirect(self.url))
        print(f"\nfigure: listener beside {what}: the redirect was answered in {page.seconds * 1000:.1f} ms, "
              f"peak memory {memory / 1024:.1f} MiB, processor time {self.seconds_used():.2f} s", flush=True)
        self.assertEqual(page.status, 200)
        self.assertIn("<h1>Approved</h1>", page.body)
        self.assertLess(page.seconds, PATIENCE)
        result = self.run_.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)


class Crowd(HostileTestCase):
    def test_nobody_else(self):
        self.sign_in("nobody else")

    def test_everything_at_once(self):
        before = self.memory()
        dice = random.Random(7636)
        state = redirect(self.url, state="wrong").partition("?")[2]
        get = f"GET /callback?{state} HTTP/1.1\r\nHost: 127.0.0.1:{self.address[1]}\r\n"
        idle = [self.connect() for _ in range(60)]
        for _ in range(40):
            self.in_background(self.drip, self.connect(), get.encode() + b"X-Slow: " + b"x" * 500)
        for _ in range(25):
            self.say(dice.randbytes(3000) + b"\r\n\r\n")
        for _ in range(25):
            self.say(client_hello())
        for _ in range(20):
            self.say(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        for number in range(30):
            self.vanish(get.encode()[: dice.randrange(len(get))], reset=number % 2 == 0)
        time.sleep(0.3)
        self.assertEqual(self.server.seen("token"), [])
        self.sign_in(f"{self.connections} hostile connections")
        self.assertEqual(len(idle), 60)
        self.assertGreater(before, 0)

    def test_memory_is_bounded(self):
        """256 connections of 8 KiB are 2 MiB; the rest is room for the allocator. All of what is sent would be 250 MB."""
        for connection in [self.connect() for _ in range(250)]:
            self.in_background(connection.sendall, b"GET /" + b"a" * 1_000_000)
        time.sleep(1)
        before = self.memory("VmRSS")
        # AddressSanitizer keeps shadow memory, and freed memory in quarantine.
        self.assertLess(before, 140_000 if is_sanitized() else 48_000)
        self.sign_in("250 connections with a megabyte each")

    def test_more_connections_than_are_kept(self):
        """The oldest give way."""
        idle = [self.connect() for _ in range(400)]
        self.sign_in("400 idle connections")
        self.assertEqual(len(idle), 400)

    def attack(self, body: str) -> subprocess.Popen:
        """Another process that does `body` with `connection` again and again, and says at the end how often."""
        script = f"""
import socket, struct
count = 0
try:
    while True:
        connection = socket.create_connection({self.address!r}, 5)
        count += 1
        {body}
except OSError:
    print(count)
"""
        attacker = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(attacker.stdout.close)
        self.addCleanup(attacker.wait)
        self.addCleanup(attacker.kill)
        return attacker

    def test_connections_that_never_stop_sending(self):
        """An answered connection is ended, and until then costs the others nothing."""
        attackers = [self.attack("while True: connection.send(bytes(1_000_000))") for _ in range(3)]
        time.sleep(1)
        self.sign_in("3 processes that send without end")
        self.assertGreaterEqual(sum(int(attacker.stdout.readline()) for attacker in attackers), 3)

    def test_connections_that_come_without_end(self):
        body = "connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); connection.close()"
        attackers = [self.attack(body) for _ in range(3)]
        time.sleep(1)
        self.sign_in("3 processes that connect without end")
        count = sum(int(attacker.stdout.readline()) for attacker in attackers)
        print(f"figure: they made {count} connections", flush=True)
        self.assertGreater(count, 100)

    def test_idle_connections_cost_no_time(self):
        """The loop sleeps while nothing comes."""
        idle = [self.connect() for _ in range(50)]
        half = self.connect()
        half.sendall(b"GET /callback HTTP/1.1\r\n")
        time.sleep(0.2)
        begin = self.seconds_used()
        time.sleep(2)
        self.assertLess(self.seconds_used() - begin, 0.1)
        self.assertEqual(len(idle), 50)
        self.sign_in("50 idle connections")

    def test_slow_request_is_ended(self):
        """10 s are enough for a request, however it trickles in."""
        connection = self.connect()
        begin = time.monotonic()
        self.in_background(self.drip, connection, b"GET /callback HTTP/1.1\r\nX: " + b"x" * 400)
        connection.settimeout(15)
        try:
            self.assertEqual(connection.recv(100), b"")
        except ConnectionResetError:
            pass
        self.assertTrue(9 < time.monotonic() - begin < 12, time.monotonic() - begin)
        self.sign_in("a slow connection that was ended")


class Malformed(HostileTestCase):
    """What is no request for the listener gets an answer at once and changes nothing."""

    def request(self, line: str = "", head: str = "") -> bytes:
        target = redirect(self.url).partition(str(self.address[1]))[2]
        line = (line or "GET TARGET HTTP/1.1").replace("TARGET", target)
        return f"{line}\r\nHost: 127.0.0.1:{self.address[1]}\r\n{head}\r\n".encode("latin-1")

    def test_refused(self):
        table = [
            (self.request("GET TARGET"), 400), (self.request("GET"), 400), (self.request("GET TARGET HTTP/2.0"), 400),
            (self.request("GET TARGET FTP/1.1"), 400), (self.request(head="no colon\r\n"), 400),
            (self.request(head="Host: evil.test\r\n"), 400), (self.request(head="X: a\x00b\r\n"), 400),
            (self.request(head="X: a\x1bb\r\n"), 400), (self.request("GET TARGET\x00 HTTP/1.1"), 400),
            (b"\r\n\r\n", 400), (b"\x16\x03\x01\r\n\r\n", 400), (self.request("GET http://evil.test/callback HTTP/1.1"), 404),
            (self.request("GET * HTTP/1.1"), 404), (self.request("OPTIONS * HTTP/1.1"), 404),
            (self.request(head=f"X: {'x' * 9000}\r\n"), 431), (b"GET /" + b"a" * 9000, 431), (b"a" * 9000, 431),
        ]
        for data, status in table:
            with self.subTest(data[:80]):
                answer = self.answer_to(data)
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), answer[:100])
                self.assertIn(b"\r\nConnection: close\r\n", answer)
                length = int(re.search(rb"\r\nContent-Length: (\d+)\r\n", answer).group(1))
                self.assertEqual(len(answer.partition(b"\r\n\r\n")[2]), length)
        self.assertEqual(self.server.seen("token"), [])
        self.sign_in("malformed requests")

    def test_large_request_that_is_allowed(self):
        answer = self.answer_to(self.request(head=f"X: {'x' * 7000}\r\n"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer[:100])
        self.assertEqual(self.run_.wait().status, 0)

    def test_request_in_pieces(self):
        with self.connect() as connection:
            for byte in self.request():
                connection.send(bytes([byte]))
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200 "))
        self.assertEqual(self.run_.wait().status, 0)

    def test_client_that_ends_its_side_first(self):
        """A tunnel or a simple client may say "that was all" before it reads the answer (RFC 9112 section 9.6)."""
        with self.connect() as connection:
            connection.sendall(self.request())
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(3)
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200 "))
        self.assertEqual(self.run_.wait().status, 0)

    def test_second_request_on_the_connection_is_not_answered(self):
        answer = self.answer_to(self.request("GET / HTTP/1.1") + self.request())
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
        self.assertEqual(self.server.seen("token"), [])
        self.sign_in("a pipelined request")


if __name__ == "__main__":
    unittest.main()
