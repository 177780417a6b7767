"""Where the program finds the system's certificate authorities, on systems that keep them in different places.

Each run has an /etc and a /usr/lib/ssl of its own, so what this machine trusts plays no part. It ends at the pages of the
real server that it asked for a code, or with the failure of the handshake.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

import other_system
import pki
from other_system import HASHED, OtherSystem
from program import ProgramTestCase, config_for
from refreshing import ScriptedRefreshTestCase
from scripted_server import ScriptedServer

BUNDLES = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
]


def setUpModule() -> None:
    other_system.require()


def bundles_read(system: OtherSystem) -> set[str]:
    return system.opened & {*BUNDLES, "/usr/lib/ssl/cert.pem"}


class SystemAuthorities(ProgramTestCase):
    """The server's certificate is signed by an authority that is the system's to know: the profile names none."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="grok-auth-authorities-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.authority = cls.provider.ca
        cls.stranger = pki.make(f"{cls.folder}/stranger").ca

    def setUp(self) -> None:
        super().setUp()
        self.program.configure(config_for(self.provider, ca_file=None))
        self.binary = self.program.binary

    def start(self, system: OtherSystem, env: dict | None = None):
        """A run that asks the server for a code, on this system."""
        self.program.binary = system.wrap(self.binary)
        self.provider.reset()
        leaks = {"ASAN_OPTIONS": "detect_leaks=0"}  # impossible under strace
        return self.program.run("start", env={**leaks, **(env or {})})

    def assertTrusts(self, system: OtherSystem, env: dict | None = None) -> None:
        result = self.start(system, env)
        self.assertEqual(result.status, 0, result)
        routes = [request["route"] for request in self.provider.requests()]
        self.assertEqual(routes, ["discovery", "device_authorization"])

    def assertRefuses(self, system: OtherSystem, reason: str, status: int = 1) -> None:
        result = self.start(system)
        self.assertEqual(result.status, status, result)
        self.assertIn(reason, result.stdout + result.stderr)
        self.assertEqual(self.provider.requests(), [])

    def system(self) -> OtherSystem:
        return OtherSystem(self.folder)

    def test_a_hashed_directory_is_enough_and_no_bundle_is_read_beside_it(self):
        for folder in HASHED, "/usr/lib/ssl/certs":
            with self.subTest(folder):
                system = self.system().put_hashed(self.authority, folder)
                for bundle in BUNDLES:
                    system.put(bundle, self.stranger)
                self.assertTrusts(system)
                self.assertEqual(bundles_read(system), set())

    def test_a_bundle_is_found_in_each_of_its_places(self):
        for bundle in *BUNDLES, "/usr/lib/ssl/cert.pem":
            with self.subTest(bundle):
                system = self.system().put(bundle, self.authority)
                self.assertTrusts(system)
                self.assertEqual(bundles_read(system), {bundle})

    def test_a_bundle_knows_whom_the_hashed_directory_does_not(self):
        for bundle in *BUNDLES, "/usr/lib/ssl/cert.pem":
            with self.subTest(bundle):
                system = self.system().put_hashed(self.stranger).put(bundle, self.authority)
                self.assertTrusts(system)
                self.assertEqual(bundles_read(system), {bundle})

    def test_whom_nobody_knows_is_refused_and_nothing_is_sent(self):
        refused = "is not trusted (unable to get local issuer certificate)"
        self.assertRefuses(self.system().put_hashed(self.stranger), refused)
        self.assertRefuses(self.system().put(BUNDLES[0], self.stranger), refused)
        self.assertRefuses(self.system().put_hashed(self.stranger).put(BUNDLES[1], self.stranger), refused)

    def test_a_bundle_that_cannot_be_read_does_not_spoil_the_directory(self):
        garbage = pathlib.Path(self.folder, "garbage")
        garbage.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.assertTrusts(self.system().put_hashed(self.authority).put(BUNDLES[0], garbage))
        system = self.system().put_hashed(self.stranger).put(BUNDLES[0], garbage)
        self.assertRefuses(system, "is not trusted (unable to get local issuer certificate)")

    def test_a_system_without_authorities_is_told_so(self):
        self.assertRefuses(self.system(), "this system has no certificate authorities", status=2)

    def test_the_environment_comes_first_and_alone(self):
        system = self.system().put_hashed(self.stranger).put(BUNDLES[0], self.stranger).put("/etc/mine.pem", self.authority)
        self.assertTrusts(system, {"SSL_CERT_FILE": "/etc/mine.pem"})
        self.assertEqual(bundles_read(system), set())

    def test_an_authority_that_the_server_sends_along_is_looked_up_and_not_believed(self):
        root, servers = make_chain(pathlib.Path(self.folder, "chain"))
        for certificate in servers:
            with ScriptedServer(not_found, certificate) as server:
                issuer = f"https://localhost:{server.port}"
                self.program.configure(f'default_profile = "p"\n[profile.p]\nissuer = "{issuer}"\nclient_id = "c"\n')
                for hashed, bundle, read in (
                    (root, self.stranger, False),
                    (self.stranger, root, True),
                    (self.stranger, self.stranger, True),
                ):
                    with self.subTest(sent=certificate.cert, hashed=hashed, bundle=bundle):
                        system = self.system().put_hashed(hashed).put(BUNDLES[0], bundle)
                        requests, connections = len(server.requests), server.connections
                        result = self.start(system)
                        trusted = root in (hashed, bundle)
                        self.assertEqual("is not trusted" in result.stderr + result.stdout, not trusted, result)
                        self.assertEqual(bundles_read(system), {BUNDLES[0]} if read else set())
                        # One connection for each request, or one that failed.
                        done = len(server.requests) - requests
                        self.assertEqual(server.connections - connections, done if trusted else 1)
                        self.assertEqual(done > 0, trusted)


class Refresh(ScriptedRefreshTestCase):
    """A headless run whose login needs a refresh, with the worker that does it."""

    def test_reads_the_authority_it_needs_and_makes_one_request_over_one_connection(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="grok-auth-authorities-"))
        stranger = pki.make(f"{folder}/stranger").ca
        hosts = pathlib.Path(folder, "hosts")
        hosts.write_text("127.0.0.1 localhost\n")
        system = OtherSystem(folder).put_hashed(self.server.ca).put("/etc/hosts", str(hosts))
        for bundle in *BUNDLES, "/usr/lib/ssl/cert.pem":
            system.put(bundle, stranger)
        self.program.configure(self.server.config(ca_file=None, store="file"))
        self.program.binary = system.wrap(self.program.binary)
        self.hand_out("access-1", env={"ASAN_OPTIONS": "detect_leaks=0"})
        places = HASHED, "/usr/lib/ssl", "/etc/pki", *BUNDLES
        trusted = {path for path in system.opened if path.startswith(places)}
        self.assertEqual(trusted, {HASHED, f"{HASHED}/{hash_of(self.server.ca)}.0"})
        self.assertEqual(system.connected, [self.server.server.port])
        self.assertEqual(self.server.server.connections, 1)
        self.assertEqual([request.line for request in self.server.server.requests], ["POST /token HTTP/1.1"])


def hash_of(certificate: str) -> str:
    """The name in a hashed directory, without its number."""
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", certificate]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def not_found(connection) -> None:
    connection.read_request()
    connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    connection.close()


def make_chain(folder: pathlib.Path) -> tuple[str, list[pki.Certificate]]:
    """A root, and a certificate that an authority below it has signed: with that authority; with the root as well; with the
    root as signed by an older one that nobody knows any more, whose path leads nowhere."""
    folder.mkdir()

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    def request(name: str, common_name: str) -> None:
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", f"/CN={common_name}")  # fmt: skip

    def sign(name: str, requested: str, extensions: str, signer: str | None) -> None:
        (folder / f"{name}.ext").write_text(extensions)
        by = ["-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-CAcreateserial"] if signer else ["-signkey", f"{name}.key"]
        openssl("x509", "-req", "-in", f"{requested}.csr", "-extfile", f"{name}.ext", "-days", "30", "-out", f"{name}.pem", *by)

    authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
    for name, signer in ("old", None), ("root", None), ("intermediate", "root"):
        request(name, f"Test {name}")
        sign(name, name, authority, signer)
    sign("cross-signed", "root", authority, "old")
    request("server", "localhost")
    sign("server", "server", "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n", "intermediate")
    servers = []
    for last in [], ["root"], ["cross-signed"]:
        path = folder / f"with-{''.join(last)}.pem"
        path.write_text("".join((folder / f"{name}.pem").read_text() for name in ["server", "intermediate", *last]))
        servers.append(pki.Certificate(str(path), str(folder / "server.key")))
    return str(folder / "root.pem"), servers


if __name__ == "__main__":
    unittest.main()
