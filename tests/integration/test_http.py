"""The HTTP edge against servers and proxies that behave well, badly and worse. HTTP_PROBE names the probe program.

Every result is also held against two promises: no control character in a reason, and no deadline missed by 0.5 s.
"""

import contextlib
import gzip
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import pki
from scripted_server import ScriptedServer, answer, answering, tunnelling

PROBE = os.environ.get("HTTP_PROBE", "")
MEBIBYTE = 1024 * 1024
CONNECT_MS = 2000
TOTAL_MS = 3000
GRACE = 0.5


class Result(dict):
    """What the probe printed. A field that is not there reads as None."""

    def __getattr__(self, name):
        return self.get(name)


def fnv(data: bytes) -> str:
    """FNV-1a, as the probe prints it."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:x}"


class HttpTestCase(unittest.TestCase):
    """Runs the probe, and servers with the certificates of one throw-away authority."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="grok-auth-http-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.pki = pki.make(cls.folder)

    def serve(self, script, certificate="server", **options) -> ScriptedServer:
        """A server for this test; over TLS unless `certificate` is None."""
        server = ScriptedServer(script, certificate and getattr(self.pki, certificate), **options)
        self.addCleanup(server.stop)
        return server

    def url(self, server, path="/", host="localhost") -> str:
        return f"https://{host}:{server.port}{path}"

    def start(self, *arguments, ca="", connect_ms=CONNECT_MS, total_ms=TOTAL_MS, environment=None, wrapper=()):
        """Starts the probe. It trusts the test authority beside the system's unless `ca` is None or another file."""
        options = ["--connect-ms", str(connect_ms), "--total-ms", str(total_ms)]
        if ca is not None:
            options += ["--ca", ca or self.pki.ca]
        kept = {key: value for key, value in os.environ.items() if key == "PATH" or key.endswith("SAN_OPTIONS")}
        return subprocess.Popen(
            [*wrapper, PROBE, *options, *arguments], env={**kept, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def finish(self, process, total_ms=TOTAL_MS) -> Result:
        """The result of a probe that was started."""
        output, errors = process.communicate(timeout=20)
        self.assertEqual(errors, "")
        result = Result(json.loads(output))
        self.assertLessEqual(result.elapsed_ms, total_ms + GRACE * 1000)
        self.assertTrue((result.reason or "x").isprintable(), result)
        return result

    def probe(self, *arguments, **options) -> Result:
        return self.finish(self.start(*arguments, **options), options.get("total_ms", TOTAL_MS))

    def get(self, script, certificate="server", **options) -> Result:
        """GETs from a server of its own that runs `script`."""
        return self.probe("GET", self.url(self.serve(script, certificate)), **options)

    def private_etc(self, files: dict[str, str]) -> list[str]:
        """A command prefix that runs the rest with these in /etc: the text of a file, or a folder to put in a folder's
        place. Skips the test where that cannot be done."""
        mounts = []
        for name, content in files.items():
            if not os.path.isdir(content):
                path = Path(tempfile.mkstemp(dir=self.folder)[1])
                path.write_text(content)
                content = path
            mounts.append(f"mount --bind {content} /etc/{name}")
        wrapper = ["unshare", "--mount", "sh", "-ec", "; ".join(mounts) + '; exec "$@"', "sh"]
        if subprocess.run([*wrapper, "true"], capture_output=True).returncode != 0:
            self.skipTest("needs a mount namespace of its own (root)")
        return wrapper

    def assertFailure(self, result, cause, *, maybe_received, reason=""):
        self.assertEqual((result.cause, result.maybe_received), (cause, maybe_received), result)
        self.assertIn(reason, result.reason)

    def assertEnded(self, result, deadline_ms):
        """The deadline ended it, neither earlier nor later."""
        self.assertGreaterEqual(result.elapsed_ms, deadline_ms)
        self.assertLessEqual(result.elapsed_ms, deadline_ms + GRACE * 1000)


class Requests(HttpTestCase):
    def test_a_get_is_sent_exactly_like_this(self):
        server = self.serve(answering(answer('{"a": 1}', headers="Retry-After: 120\r\n")))
        result = self.probe("GET", self.url(server, "/a%2Fb/c?x=%C3%A4&y=1#fragment"))
        self.assertEqual(result.status, 200)
        self.assertEqual((result.content_type, result.retry_after, result.body), ("application/json", "120", '{"a": 1}'))
        (request,) = server.requests
        self.assertEqual(request.line, "GET /a%2Fb/c?x=%C3%A4&y=1 HTTP/1.1")
        self.assertEqual(request.body, b"")
        fields = {name.lower(): value for name, value in request.headers}
        self.assertRegex(fields.pop("user-agent"), r"^grok-auth/\d+\.\d+\.\d+$")
        self.assertEqual(fields.pop("connection").lower(), "close")
        self.assertEqual(
            fields, {"host": f"localhost:{server.port}", "accept": "application/json", "accept-encoding": "identity"}
        )

    def test_a_post_carries_the_form(self):
        server = self.serve(answering(answer("{}")))
        form = "grant_type=refresh_token&refresh_token=" + "r" * 3000
        result = self.probe("POST", self.url(server, "/token"), form)
        self.assertEqual((result.status, result.retry_after), (200, None))
        (request,) = server.requests
        self.assertEqual((request.line, request.body.decode()), ("POST /token HTTP/1.1", form))
        self.assertEqual(request.header("Content-Type"), "application/x-www-form-urlencoded")
        self.assertEqual(request.header("Content-Length"), str(len(form)))
        self.assertEqual(len(request.headers), 7)

    def test_the_path_is_never_empty(self):
        server = self.serve(answering(answer()))
        for suffix, line in ("", "GET / HTTP/1.1"), ("?a=b", "GET /?a=b HTTP/1.1"):
            with self.subTest(suffix):
                self.probe("GET", self.url(server, suffix))
                self.assertEqual(server.requests[-1].line, line)

    def test_plain_http_goes_to_loopback_hosts_when_allowed(self):
        server = self.serve(answering(answer()), None)
        for host in "localhost", "127.0.0.1", "LOCALHOST":
            with self.subTest(host):
                url = f"http://{host}:{server.port}/"
                self.assertEqual(self.probe("--allow-http-loopback", "GET", url).status, 200)
                self.assertEqual(server.requests[-1].header("Host"), f"{host.lower()}:{server.port}")

    def test_plain_http_goes_to_the_ipv6_loopback_too(self):
        try:
            server = self.serve(answering(answer()), None, address="::1")
        except OSError:
            self.skipTest("no IPv6 loopback here")
        url = f"http://[::1]:{server.port}/"
        self.assertEqual(self.probe("--allow-http-loopback", "GET", url).status, 200)
        self.assertEqual(server.requests[-1].header("Host"), f"[::1]:{server.port}")

    def test_plain_http_is_refused_without_the_option(self):
        server = self.serve(answering(answer()), None)
        self.assertFailure(self.probe("GET", f"http://localhost:{server.port}/"), "url", maybe_received=False)
        self.assertEqual(server.connections, 0)

    def test_plain_http_to_another_host_is_refused_whatever_the_option(self):
        for host in "example.com", "192.0.2.1", "localhost.example.com", "127.0.0.1.example.com", "[2001:db8::1]", "0.0.0.0":
            with self.subTest(host):
                result = self.probe("--allow-http-loopback", "GET", f"http://{host}/")
                self.assertFailure(result, "url", maybe_received=False, reason="not an https URL")

    def test_other_urls_are_refused(self):
        server = self.serve(answering(answer()))
        port = server.port
        urls = [
            "", "localhost", "/path", f"//localhost:{port}/", f"ftp://localhost:{port}/", "https:", "https:///path",
            f"https:localhost:{port}/", f"https://user@localhost:{port}/", f"https://u:p@localhost:{port}/",
            f"https://@localhost:{port}/", "https://localhost:0/", "https://localhost:65536/", "https://localhost:x/",
            f"https://local host:{port}/", f"https://localhost:{port}/a b", f"https://localhost:{port}/a\r\nX: y",
            f"https://localhost:{port}\\@example.com/", f"https://localhost:{port}/a\\b",
            f"https://lücalhost:{port}/", f"https://local%68ost:{port}/",
            "https://[::1/", "https://[::g]/", "https://a$b/",
        ]  # fmt: skip
        for url in urls:
            with self.subTest(url):
                self.assertFailure(self.probe("GET", url), "url", maybe_received=False)
        self.assertEqual(server.connections, 0)

    def test_a_redirect_is_an_answer_and_is_not_followed(self):
        target = self.serve(answering(answer()))
        for status in "301 Moved", "302 Found", "307 Temporary Redirect":
            with self.subTest(status):
                location = f"Location: {self.url(target)}\r\n"
                server = self.serve(answering(answer("", status, headers=location)))
                self.assertEqual(self.probe("POST", self.url(server), "a=b").status, int(status[:3]))
        self.assertEqual(target.connections, 0)

    def test_one_request_is_one_connection_whatever_happens(self):
        for reply in b"", b"garbage", answer("", "503 Busy"), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx":
            server = self.serve(answering(reply))
            self.probe("POST", self.url(server), "a=b")
            time.sleep(0.05)
            self.assertEqual((server.connections, len(server.requests)), (1, 1), reply)


class Answers(HttpTestCase):
    def test_every_complete_answer_is_a_response(self):
        cases = [
            (answer("<html>no</html>", "403 Forbidden", "text/html; charset=utf-8"), 403, "<html>no</html>"),
            (answer("oops", "500 Internal Server Error", "text/plain"), 500, "oops"),
            (answer("", "429 Slow", headers="Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"), 429, ""),
            (b"HTTP/1.1 520\r\nContent-Length: 0\r\n\r\n", 520, ""),
            (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
            (b"HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n", 200, "abcde"),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer("late"), 200, "late"),
            (answer("plain", headers="Content-Encoding: identity\r\n"), 200, "plain"),
        ]
        for reply, status, body in cases:
            with self.subTest(reply):
                result = self.get(answering(reply))
                self.assertEqual((result.status, result.body), (status, body))

    def test_the_headers_come_as_sent(self):
        kind, date = "text/html; charset=utf-8", "Fri, 31 Dec 1999 23:59:59 GMT"
        result = self.get(answering(answer("", "429 Slow", kind, f"retry-after: {date}\r\n")))
        self.assertEqual((result.content_type, result.retry_after), (kind, date))
        result = self.get(answering(answer("", headers=f"Date: {date}\r\nage: 1x\r\n")))
        self.assertEqual((result.date, result.age), (date, "1x"))
        result = self.get(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        self.assertEqual((result.content_type, result.retry_after), ("", None))

    def test_one_mebibyte_is_taken_and_not_a_byte_more(self):
        body = os.urandom(MEBIBYTE)
        frames = {
            "length": lambda data: answer(data),
            "chunks": lambda data: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n"
            % (1000, data[:1000], len(data) - 1000, data[1000:]),
            "end of stream": lambda data: b"HTTP/1.1 200 OK\r\n\r\n" + data,
        }
        for name, frame in frames.items():
            with self.subTest(name):
                result = self.get(answering(frame(body)))
                self.assertEqual((result.status, result.length, result.fnv), (200, MEBIBYTE, fnv(body)))
                result = self.get(answering(frame(body + b"!")))
                self.assertFailure(result, "broken", maybe_received=True, reason="answer larger than 1 MiB")

    def test_an_endless_body_is_not_read_to_its_end(self):
        def script(connection):
            connection.read_request()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.send(b"x" * 16384)

        result = self.get(script)
        self.assertFailure(result, "broken", maybe_received=True, reason="answer larger than 1 MiB")
        self.assertLess(result.elapsed_ms, 1000)

    def test_a_truncated_or_malformed_answer_is_broken(self):
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        cases = {
            "nothing": b"",
            "an empty line": b"\r\n\r\n",
            "half a status line": b"HTTP/1.1 20",
            "half a head": b"HTTP/1.1 200 OK\r\nContent-Ty",
            "a head without its end": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
            "not enough": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
            "a length and no body": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
            "half a chunk": chunked + b"a\r\nabc",
            "no last chunk": chunked + b"3\r\nabc\r\n",
            "no end of the trailer": chunked + b"3\r\nabc\r\n0\r\n",
            "no chunk": chunked,
            "a bad chunk header": chunked + b"zz\r\nabc\r\n0\r\n\r\n",
            "a chunk header without a number": chunked + b"\r\nabc\r\n0\r\n\r\n",
            "a chunk longer than it says": chunked + b"2\r\nabc\r\n0\r\n\r\n",
            "a negative chunk": chunked + b"-3\r\nabc\r\n0\r\n\r\n",
            "a monstrous chunk": chunked + b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n",
            "another transfer coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
            "garbage": b"\x00\xff\x1b]0;owned\x07\r\n\r\n",
            "words": b"hello world friend\r\n\r\n",
            "another protocol": b"SSH-2.0-OpenSSH 200 OK\r\n\r\n",
            "a status that is none": b"HTTP/1.1 999 \x1b[31mRed\r\nContent-Length: 0\r\n\r\n",
            "a long status": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
            "half a status": b"HTTP/1.1 20\r\nContent-Length: 0\r\n\r\n",
            "a negative status": b"HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n",
            "another protocol on this connection": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc",
            "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc",
            "a monstrous length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nabc",
            "a huge header": answer(headers="X: " + "x" * 100_000 + "\r\n"),
            "a large header": answer(headers="X: " + "x" * 10_000 + "\r\n"),
            "a large head": answer(headers=("X: " + "x" * 5000 + "\r\n") * 50),
            "200 headers": answer(headers="".join(f"X-{i}: y\r\n" for i in range(200))),
            "a compressed body": answer(gzip.compress(b"{}"), headers="Content-Encoding: gzip\r\n"),
        }
        for name, reply in cases.items():
            with self.subTest(name):
                self.assertFailure(self.get(answering(reply)), "broken", maybe_received=True)

    def test_plain_http_has_no_end_of_its_own_and_the_rest_holds_there_too(self):
        short = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall"
        for reply, status in (b"HTTP/1.1 200 OK\r\n\r\nall", 200), (short, None), (b"", None):
            server = self.serve(answering(reply), None)
            result = self.probe("--allow-http-loopback", "GET", f"http://localhost:{server.port}/")
            self.assertEqual(result.status, status)

    def test_tls_cut_off_without_a_close_notify_is_no_end(self):
        def script(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\n\r\nis this all?")

        self.assertFailure(self.get(script), "broken", maybe_received=True)

    def test_a_reset_after_the_request_is_broken(self):
        def script(connection):
            connection.read_request()
            connection.reset()

        self.assertFailure(self.get(script), "broken", maybe_received=True, reason="reset")


class Certificates(HttpTestCase):
    def assertRefused(self, certificate, host, reason):
        server = self.serve(answering(answer()), certificate)
        result = self.probe("POST", self.url(server, host=host), "secret=1")
        self.assertFailure(result, "certificate", maybe_received=False, reason=reason)
        self.assertEqual(server.requests, [])

    def test_the_right_certificate_is_taken_by_name_and_by_address(self):
        for host in "localhost", "127.0.0.1":
            with self.subTest(host):
                self.assertEqual(self.probe("GET", self.url(self.serve(answering(answer())), host=host)).status, 200)

    def test_a_certificate_for_another_name_is_refused_on_loopback_too(self):
        for certificate in "wrong", "cnonly":
            for host in "localhost", "127.0.0.1":
                with self.subTest(certificate=certificate, host=host):
                    self.assertRefused(certificate, host, f"the certificate of {host} is for another host name")

    def test_an_untrusted_certificate_is_refused(self):
        self.assertRefused("untrusted", "localhost", "the certificate of localhost is not trusted (self-signed certificate)")

    def test_an_expired_certificate_is_refused(self):
        self.assertRefused("expired", "localhost", "(certificate has expired)")

    def test_an_authority_nobody_trusts_is_refused(self):
        result = self.get(answering(answer()), ca=None)
        self.assertFailure(result, "certificate", maybe_received=False, reason="not trusted")

    def test_the_server_name_is_sent_for_names_only(self):
        names = []

        def watch(context):
            context.sni_callback = lambda _socket, name, _context: names.append(name)

        server = self.serve(answering(answer()), context_hook=watch)
        for host in "localhost", "127.0.0.1":
            self.assertEqual(self.probe("GET", self.url(server, host=host)).status, 200)
        self.assertEqual(names, ["localhost", None])

    def test_tls_1_2_is_spoken_and_tls_1_1_is_not(self):
        # Without this, OpenSSL's configuration would refuse TLS 1.1 for us.
        lax = os.path.join(self.folder, "openssl.cnf")
        Path(lax).write_text(
            "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
            "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n"
        )
        def only(version):
            def hook(context):
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = version

            return hook

        for version, cause in (ssl.TLSVersion.TLSv1_2, None), (ssl.TLSVersion.TLSv1_1, "tls"):
            with self.subTest(version), _quiet():
                server = self.serve(answering(answer()), context_hook=only(version))
                result = self.probe("GET", self.url(server), environment={"OPENSSL_CONF": lax})
                self.assertEqual(result.cause, cause, result)
        self.assertFailure(result, "tls", maybe_received=False, reason="protocol version")

    def test_a_server_without_tls_is_a_tls_failure(self):
        def script(connection):
            connection.socket.recv(1000)
            connection.send(answer())

        self.assertFailure(self.get(script, None), "tls", maybe_received=False, reason="wrong version number")

    def test_a_server_that_hangs_up_in_the_handshake_is_a_tls_failure(self):
        def hang_up(connection):
            connection.socket.recv(1000)

        def reset(connection):
            connection.socket.recv(1000)
            connection.reset()

        for script in hang_up, reset:
            self.assertFailure(self.get(script, None), "tls", maybe_received=False, reason="handshake with localhost")

    def test_the_files_of_authorities_must_be_readable(self):
        garbage = os.path.join(self.folder, "garbage.pem")
        Path(garbage).write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        missing = os.path.join(self.folder, "missing\x1b.pem")
        server = self.serve(answering(answer()))
        for path in garbage, missing, self.folder:
            for options in {"ca": path}, {"environment": {"SSL_CERT_FILE": path}}:
                with self.subTest(path=path, options=options):
                    result = self.probe("GET", self.url(server), **options)
                    self.assertFailure(result, "trust", maybe_received=False, reason=path.replace("\x1b", "?"))
        result = self.probe("GET", self.url(server), environment={"SSL_CERT_DIR": "/nowhere:/nowhere/else"})
        self.assertFailure(result, "trust", maybe_received=False, reason="/nowhere")
        self.assertEqual(server.connections, 0)

    def hashed_folder(self) -> str:
        """A folder that holds the test authority as `openssl rehash` leaves it."""
        folder = tempfile.mkdtemp(dir=self.folder)
        shutil.copy(self.pki.ca, folder)
        subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
        return folder

    def test_the_systems_authorities_are_found(self):
        bundle, empty = tempfile.mkdtemp(dir=self.folder), tempfile.mkdtemp(dir=self.folder)
        shutil.copy(self.pki.ca, os.path.join(bundle, "ca-certificates.crt"))
        server = self.serve(answering(answer()))
        for folder in self.hashed_folder(), bundle:
            wrapper = self.private_etc({"ssl/certs": folder})
            self.assertEqual(self.probe("GET", self.url(server), ca=None, wrapper=wrapper).status, 200)
            replaced = {"SSL_CERT_FILE": self.pki.untrusted.cert}
            result = self.probe("GET", self.url(server), ca=None, wrapper=wrapper, environment=replaced)
            self.assertEqual(result.cause, "certificate")
        wrapper = self.private_etc({"ssl/certs": empty})
        result = self.probe("GET", self.url(server), ca=None, wrapper=wrapper)
        self.assertFailure(result, "trust", maybe_received=False, reason="this system has no certificate authorities")
        self.assertEqual(self.probe("GET", self.url(server), wrapper=wrapper).status, 200)

    def test_ssl_cert_file_and_dir_take_the_place_of_the_system(self):
        folder = self.hashed_folder()
        other = self.pki.untrusted.cert
        server = self.serve(answering(answer()))
        cases = [
            ({"SSL_CERT_FILE": self.pki.ca}, None, 200),
            ({"SSL_CERT_DIR": folder}, None, 200),
            ({"SSL_CERT_DIR": "/nowhere:" + folder}, None, 200),
            ({"SSL_CERT_FILE": other, "SSL_CERT_DIR": folder}, None, 200),
            ({"SSL_CERT_FILE": other}, None, None),
            ({"SSL_CERT_FILE": other}, self.pki.ca, 200),  # ca_file is added to it
            ({"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}, self.pki.ca, 200),
        ]
        for environment, ca, status in cases:
            with self.subTest(environment=environment, ca=ca):
                self.assertEqual(self.probe("GET", self.url(server), ca=ca, environment=environment).status, status)


class Deadlines(HttpTestCase):
    # Short where nothing is to succeed before it, long enough for a busy machine where something is.
    NO_CONNECTION = {"connect_ms": 300, "total_ms": 2000}
    NO_ANSWER = {"connect_ms": 700, "total_ms": 800}

    def timed(self, limits, script, certificate="server", method="GET"):
        server = self.serve(script, certificate)
        return self.probe(method, self.url(server), **limits)

    def assertNoConnection(self, result):
        self.assertFailure(result, "connect", maybe_received=False, reason="in 300 ms")
        self.assertEnded(result, 300)

    def assertNoAnswer(self, result):
        self.assertFailure(result, "timeout", maybe_received=True, reason="no answer from localhost in 800 ms")
        self.assertEnded(result, 800)

    def test_nobody_accepts(self):
        with full_backlog() as port:
            url = f"https://127.0.0.1:{port}/"
            self.assertNoConnection(self.probe("GET", url, **self.NO_CONNECTION))

    def test_nobody_answers_the_handshake(self):
        self.assertNoConnection(self.timed(self.NO_CONNECTION, lambda connection: connection.hold(), None))

    def test_the_handshake_trickles(self):
        record = b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\x00" * 100
        self.assertNoConnection(self.timed(self.NO_CONNECTION, lambda connection: connection.trickle(record, 0.05), None))

    def test_the_total_deadline_bounds_the_connection_too(self):
        server = self.serve(lambda connection: connection.hold(), None)
        result = self.probe("GET", self.url(server), connect_ms=5000, total_ms=400)
        self.assertFailure(result, "connect", maybe_received=False, reason="in 400 ms")
        self.assertEnded(result, 400)

    def test_the_connection_deadline_does_not_bound_the_answer(self):
        def script(connection):
            connection.read_request()
            time.sleep(0.8)
            connection.send(answer("slow"))

        self.assertEqual(self.timed({"connect_ms": 700, "total_ms": 5000}, script).body, "slow")

    def test_no_answer_after_the_request(self):
        def script(connection):
            connection.read_request()
            connection.hold()

        self.assertNoAnswer(self.timed(self.NO_ANSWER, script, method="POST"))

    def test_the_head_trickles(self):
        def script(connection):
            connection.read_request()
            connection.trickle(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000, 0.02)

        self.assertNoAnswer(self.timed(self.NO_ANSWER, script))

    def test_the_body_trickles(self):
        for head in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n":
            with self.subTest(head):

                def script(connection):
                    connection.read_request()
                    connection.send(head)
                    connection.trickle(b"x" * 1000, 0.02)

                self.assertNoAnswer(self.timed(self.NO_ANSWER, script))

    def test_our_own_end_of_a_plain_connection_is_not_the_end_of_the_body(self):
        def script(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
            connection.hold()

        server = self.serve(script, None)
        url = f"http://localhost:{server.port}/"
        self.assertNoAnswer(self.probe("--allow-http-loopback", "GET", url, **self.NO_ANSWER))

    def test_interim_answers_without_end(self):
        for pause in 0.01, 0:
            with self.subTest(pause):

                def script(connection):
                    connection.read_request()
                    while not connection.server.stopped.wait(pause):
                        connection.send("HTTP/1.1 100 Continue\r\n\r\n")

                self.assertNoAnswer(self.timed(self.NO_ANSWER, script))

    def test_a_server_that_does_not_read(self):
        server = self.serve(lambda connection: connection.hold())
        form = Path(self.folder, "form")
        form.write_bytes(b"x" * 16 * MEBIBYTE)  # more than the sockets' buffers take
        result = self.probe("POST", self.url(server), f"@{form}", **self.NO_ANSWER)
        self.assertNoAnswer(result)


class Signals(HttpTestCase):
    def assertEndsAtOnce(self, process, ready, number=signal.SIGTERM):
        self.assertTrue(ready.wait(5), "the probe got nowhere")
        time.sleep(0.05)
        sent = time.monotonic()
        process.send_signal(number)
        result = self.finish(process, 30_000)
        self.assertLess(time.monotonic() - sent, GRACE)
        self.assertEqual(result.interrupted, number)
        self.assertEqual(process.returncode, 128 + number)

    def test_a_signal_ends_the_wait_for_the_answer(self):
        def script(connection):
            connection.read_request()
            connection.hold()

        for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
            with self.subTest(number):
                server = self.serve(script)
                self.assertEndsAtOnce(self.start("GET", self.url(server), total_ms=20_000), server.first_request, number)

    def test_a_signal_ends_the_handshake(self):
        server = self.serve(lambda connection: connection.hold(), None)
        process = self.start("GET", self.url(server), connect_ms=20_000, total_ms=20_000)
        self.assertEndsAtOnce(process, server.first_connection)

    def test_a_signal_ends_the_connection_attempt(self):
        with full_backlog() as port:
            process = self.start("GET", f"https://127.0.0.1:{port}/", connect_ms=20_000, total_ms=20_000)
            self.assertEndsAtOnce(process, _after(0.2))


class Connections(HttpTestCase):
    def test_a_closed_port_refuses(self):
        server = self.serve(answering(answer()))
        server.stop()
        result = self.probe("GET", self.url(server))
        self.assertFailure(result, "connect", maybe_received=False, reason=f"connection to localhost:{server.port} was refused")

    def test_an_unknown_host_is_not_found(self):
        result = self.probe("GET", "https://no-such-host.invalid/")
        self.assertFailure(result, "resolve", maybe_received=False, reason="could not find the host 'no-such-host.invalid'")

    def test_a_silent_name_server_cannot_hang_us(self):
        wrapper = self.private_etc({"resolv.conf": "nameserver 127.0.0.99\n", "nsswitch.conf": "hosts: files dns\n"})
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.99", 53))
        result = self.probe("GET", "https://slow.example/", connect_ms=300, total_ms=600, wrapper=wrapper)
        self.assertFailure(result, "resolve", maybe_received=False, reason="could not find the host 'slow.example' in 300 ms")
        self.assertEnded(result, 300)
        silent.setblocking(False)
        while True:
            try:
                silent.recv(1000)
            except BlockingIOError:
                break
        silent.settimeout(5)
        process = self.start("GET", "https://slow.example/", connect_ms=20_000, total_ms=20_000, wrapper=wrapper)
        silent.recv(1000)
        sent = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process).interrupted, signal.SIGTERM)
        self.assertLess(time.monotonic() - sent, GRACE)

    def test_an_address_that_swallows_everything_does_not_hold_up_the_next(self):
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                server = self.serve(answering(answer()), address="127.0.0.2")
                try:
                    stack.enter_context(full_backlog("127.0.0.1", server.port))
                    break
                except OSError:  # at that address another program has this port
                    continue
            else:
                self.fail("no port is free at both addresses")
            hosts = "127.0.0.1 idp.test\n127.0.0.2 idp.test\n"
            wrapper = self.private_etc({"hosts": hosts, "nsswitch.conf": "hosts: files\n"})
            found = subprocess.run([*wrapper, "getent", "ahosts", "idp.test"], capture_output=True, text=True).stdout
            if found.split()[0] != "127.0.0.1":
                self.skipTest(f"the system puts {found.split()[0]} first")
            result = self.probe("GET", self.url(server, host="idp.test"), wrapper=wrapper)
        self.assertEqual(result.status, 200)
        self.assertGreaterEqual(result.elapsed_ms, 250)
        self.assertLess(result.elapsed_ms, 750)

    def test_plain_http_does_not_leave_the_machine_even_when_localhost_does(self):
        wrapper = self.private_etc({"hosts": "192.0.2.1 localhost\n", "nsswitch.conf": "hosts: files\n"})
        result = self.probe("--allow-http-loopback", "GET", "http://localhost/", wrapper=wrapper)
        self.assertFailure(result, "resolve", maybe_received=False)


class Proxies(HttpTestCase):
    def setUp(self):
        self.idp = self.serve(answering(answer("through")))
        hosts = "idp.test", "192.0.2.1"
        self.proxy = self.serve(tunnelling({f"{host}:443": self.idp.port for host in hosts}), None)

    def address(self, proxy=None, user="") -> str:
        return f"http://{user}127.0.0.1:{(proxy or self.proxy).port}"

    def through(self, proxy=None, url="https://idp.test/", **variables) -> Result:
        return self.probe("GET", url, environment={"HTTPS_PROXY": self.address(proxy), **variables})

    def assertProxyFailure(self, script, reason):
        proxy = self.serve(script, None)
        result = self.through(proxy)
        self.assertFailure(result, "proxy", maybe_received=False, reason=reason)
        self.assertIn(f"the proxy 127.0.0.1:{proxy.port}", result.reason)

    def test_the_proxy_is_asked_for_a_tunnel(self):
        self.assertEqual(self.through().body, "through")
        (request,) = self.proxy.requests
        self.assertEqual(request.line, "CONNECT idp.test:443 HTTP/1.1")
        self.assertEqual(request.header("Host"), "idp.test:443")
        self.assertIsNone(request.header("Proxy-Authorization"))
        self.assertEqual(self.idp.requests[0].header("Host"), "idp.test")
        self.assertIsNone(self.idp.requests[0].header("Proxy-Authorization"))

    def test_all_forms_of_a_proxy_address(self):
        port = self.proxy.port
        forms = [f"http://127.0.0.1:{port}", f"127.0.0.1:{port}", f"HTTP://localhost:{port}/", f"http://127.0.0.1:{port}/x?y"]
        for variables in [{"HTTPS_PROXY": form} for form in forms] + [
            {"https_proxy": forms[0]},
            {"ALL_PROXY": forms[0]},
            {"all_proxy": forms[0]},
            {"HTTPS_PROXY": forms[0], "ALL_PROXY": "http://127.0.0.1:1"},
            {"HTTPS_PROXY": "", "ALL_PROXY": forms[0]},
        ]:
            with self.subTest(variables):
                self.assertEqual(self.probe("GET", "https://idp.test/", environment=variables).body, "through")

    def test_the_proxy_for_http_is_not_for_https(self):
        self.through(HTTPS_PROXY="", http_proxy=self.address())
        self.assertEqual(self.proxy.connections, 0)

    def test_credentials_are_decoded_and_sent(self):
        # base64 of "us er:p@ss:w/rd" and of "user:"
        for user, expected in ("us%20er:p%40ss:w%2frd@", "dXMgZXI6cEBzczp3L3Jk"), ("user@", "dXNlcjo="):
            with self.subTest(user):
                self.assertEqual(self.through(HTTPS_PROXY=self.address(user=user)).body, "through")
                self.assertEqual(self.proxy.requests[-1].header("Proxy-Authorization"), "Basic " + expected)

    def test_a_proxy_that_cannot_be_used_is_refused_and_no_password_is_shown(self):
        for address in [
            "https://user:hunter2@127.0.0.1:1", "socks5://user:hunter2@127.0.0.1:1", "socks5h://127.0.0.1",
            "http://user:hunter2@:1",
            "http://user:hunter2@127.0.0.1:99999", "http://user:hunter2@127.0.0.1:0", "http://user:hunter2@127.0.0.1:x",
            "http://user:hunter2%zz@127.0.0.1:1", "user:hunter2@ho st:1", "http://", "user:hunter2/x@127.0.0.1:1", "[::1:3128",
            "user:hunter2://x", "\x1b[31m://x",
        ]:  # fmt: skip
            with self.subTest(address):
                result = self.probe("GET", "https://idp.test/", environment={"HTTPS_PROXY": address})
                self.assertFailure(result, "proxy", maybe_received=False, reason="HTTPS_PROXY")
                self.assertNotIn("hunter2", result.reason)

    def test_a_proxy_that_is_not_there(self):
        self.proxy.stop()
        reason = f"connection to the proxy 127.0.0.1:{self.proxy.port} was refused"
        self.assertFailure(self.through(), "connect", maybe_received=False, reason=reason)
        result = self.through(HTTPS_PROXY="http://no-such-proxy.invalid:3128")
        self.assertFailure(result, "resolve", maybe_received=False, reason="'no-such-proxy.invalid'")

    def test_a_proxy_that_refuses(self):
        self.assertProxyFailure(answering("HTTP/1.1 407 Who are you\r\n\r\n"), "asks for credentials (407)")
        self.assertProxyFailure(answering("HTTP/1.1 502 \x1b[31mBad\x07\r\nX: \x1b]0;x\r\n\r\n"), "(502)")
        self.assertProxyFailure(answering("HTTP/1.1 302 Found\r\nLocation: https://portal.test/\r\n\r\n"), "(302)")
        proxy = self.serve(answering("HTTP/1.1 407 Wrong\r\n\r\n"), None)
        result = self.through(HTTPS_PROXY=self.address(proxy, "user:hunter2@"))
        self.assertFailure(result, "proxy", maybe_received=False, reason="refused the credentials (407)")
        self.assertNotIn("hunter2", result.reason)

    def test_a_proxy_that_talks_nonsense(self):
        for reply in "", "\x1b]0;owned\x07 garbage\r\n\r\n", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nX: y\r\n":
            with self.subTest(reply):
                self.assertProxyFailure(answering(reply), "gave no usable answer")
        self.assertProxyFailure(answering("HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 4000), "too large")
        self.assertProxyFailure(answering("HTTP/1.1 200 OK\r\n\r\nwelcome"), "sent more than an answer")

    def test_a_proxy_that_resets(self):
        def script(connection):
            connection.read_request()
            connection.reset()

        self.assertProxyFailure(script, "reset")

    def test_a_proxy_that_hangs_or_trickles(self):
        def trickle(connection):
            connection.read_request()
            connection.trickle(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, 0.02)

        for script in (lambda connection: connection.hold()), trickle:
            proxy = self.serve(script, None)
            environment = {"HTTPS_PROXY": self.address(proxy)}
            result = self.probe("GET", "https://idp.test/", connect_ms=300, total_ms=600, environment=environment)
            reason = f"no connection to idp.test:443 through the proxy 127.0.0.1:{proxy.port} in 300 ms"
            self.assertFailure(result, "connect", maybe_received=False, reason=reason)
            self.assertEnded(result, 300)

    def test_certificates_are_verified_through_the_tunnel(self):
        for certificate, reason in ("wrong", "another host name"), ("untrusted", "not trusted"), ("expired", "expired"):
            with self.subTest(certificate):
                idp = self.serve(answering(answer()), certificate)
                proxy = self.serve(tunnelling({"idp.test:443": idp.port}), None)
                self.assertFailure(self.through(proxy), "certificate", maybe_received=False, reason=reason)
                self.assertEqual(idp.requests, [])

    def test_the_address_of_the_proxy_is_not_what_the_certificate_is_checked_for(self):
        # The certificate is for 127.0.0.1, where the proxy is, and not for 192.0.2.1.
        result = self.through(url="https://192.0.2.1/")
        self.assertEqual(self.proxy.requests[-1].line, "CONNECT 192.0.2.1:443 HTTP/1.1")
        self.assertFailure(result, "certificate", maybe_received=False, reason="192.0.2.1 is for another host name")
        # The other way round: for 192.0.2.2, but not for 127.0.0.2.
        proxy = self.serve(tunnelling({"192.0.2.2:443": self.idp.port}), None, address="127.0.0.2")
        result = self.through(url="https://192.0.2.2/", HTTPS_PROXY=f"127.0.0.2:{proxy.port}")
        self.assertEqual(result.body, "through")

    def test_loopback_hosts_are_reached_directly(self):
        for host in "localhost", "127.0.0.1":
            self.assertEqual(self.through(url=self.url(self.idp, host=host)).body, "through")
        plain = self.serve(answering(answer()), None)
        environment = {"HTTPS_PROXY": self.address(), "http_proxy": self.address(), "ALL_PROXY": self.address()}
        result = self.probe("--allow-http-loopback", "GET", f"http://localhost:{plain.port}/", environment=environment)
        self.assertEqual(result.status, 200)
        self.assertEqual(self.proxy.connections, 0)

    def test_no_proxy_names_what_is_reached_directly(self):
        # Directly, none of these hosts can be reached; all that counts is whether the proxy was asked.
        ipv4, ipv6 = "https://192.0.2.1/", "https://[2001:db8::1]/"
        name, sub = "https://idp.test/", "https://a.idp.test/"
        cases = [
            (name, "idp.test", True), (name, "IDP.Test", True), (name, ".idp.test", True), (name, "*.idp.test", True),
            (name, "test", True), (name, "*", True), (name, "a,idp.test", True), (name, "a b , idp.test", True),
            (name, "idp.test:443", True),
            (name, "idp.test:8443", False), (name, "dp.test", False), (name, "a.idp.test", False), (name, "idp.test.", False),
            (name, "", False), (name, ",, ,", False), (name, ".", False), (name, "idp.test.example", False),
            (name, "192.0.2.0/24", False),
            (sub, "idp.test", True), (sub, ".idp.test", True), (sub, "b.idp.test", False),
            (ipv4, "192.0.2.1", True), (ipv4, "192.0.2.0/24", True), (ipv4, "192.0.2.1:443", True), (ipv4, "0.0.0.0/0", True),
            (ipv4, "192.0.2.0/25,x", True), (ipv4, "192.0.2.128/25", False), (ipv4, "192.0.2.1:80", False), (ipv4, "2.1", False),
            (ipv4, "192.0.3.0/23", True), (ipv4, "192.0.2.0/33", False), (ipv4, "192.0.2.0/x", False), (ipv4, "::/0", False),
            (ipv6, "2001:db8::1", True), (ipv6, "[2001:db8::1]", True), (ipv6, "[2001:db8::1]:443", True),
            (ipv6, "2001:db8::/32", True), (ipv6, "2001:db8:0:0::1", True), (ipv6, "[2001:db8::1]:80", False),
            (ipv6, "2001:db9::/32", False),
        ]  # fmt: skip
        for url, no_proxy, is_direct in cases:
            with self.subTest(url=url, no_proxy=no_proxy):
                before = self.proxy.connections
                environment = {"HTTPS_PROXY": self.address(), "NO_PROXY": no_proxy}
                self.probe("GET", url, connect_ms=100 if is_direct else 2000, environment=environment)
                self.assertEqual(self.proxy.connections - before, 0 if is_direct else 1)
        self.assertEqual(self.through(no_proxy="idp.test").cause, "resolve")


@contextlib.contextmanager
def full_backlog(address="127.0.0.1", port=0):
    """The port of a listener whose queue is full, so that further connection attempts get no answer at all."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]


class _after:
    """Ready after a while."""

    def __init__(self, seconds):
        self._seconds = seconds

    def wait(self, _timeout):
        time.sleep(self._seconds)
        return True


@contextlib.contextmanager
def _quiet():
    """Without Python's warning that TLS 1.1 is old."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


if __name__ == "__main__":
    if not PROBE:
        sys.exit("HTTP_PROBE does not name the probe program")
    unittest.main()
