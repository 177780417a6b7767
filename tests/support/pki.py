"""A throw-away certificate authority and the server's certificates, made with the openssl command.

They have been valid for a month and will be for another, so that a test may set the clock of the program.
"""

import datetime
import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """A server's certificate and its private key, as paths of PEM files."""

    cert: str
    key: str


class Pki(NamedTuple):
    """The authority's certificate and what it has issued; `untrusted` alone is signed by itself."""

    ca: str
    server: Certificate  # for localhost, idp.test, auth.x.ai, api.x.ai, 127.0.0.1 and 192.0.2.2
    wrong: Certificate  # for another name
    cnonly: Certificate  # localhost is its common name, but not among its alternative names
    expired: Certificate  # as `server`, but until yesterday
    untrusted: Certificate  # as `server`, but signed by itself


# 192.0.2.2 (RFC 5737) is nowhere: only a proxy can claim to reach it.
_SERVER_NAMES = "DNS:localhost,DNS:idp.test,DNS:auth.x.ai,DNS:api.x.ai,IP:127.0.0.1,IP:192.0.2.2"
_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


_AUTHORITY = """[ca]
default_ca = test
[test]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = names
unique_subject = no
[names]
commonName = supplied
"""


def make(directory, *more_names: str) -> Pki:
    """Makes everything anew in `directory`, which is created. The server's certificate is for `more_names`, too."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "ca.conf").write_text(_AUTHORITY)
    (directory / "index").touch()

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    def sign(name: str, common_name: str, extensions: str, days: int, *options: str) -> Certificate:
        certificate = Certificate(str(directory / f"{name}.pem"), str(directory / f"{name}.key"))
        (directory / f"{name}.ext").write_text(extensions)
        openssl("req", *_NEW_KEY, "-keyout", certificate.key, "-out", f"{name}.csr", "-subj", f"/CN={common_name}")
        openssl(
            "ca", "-batch", "-notext", "-config", "ca.conf", "-keyfile", "ca.key", *options, "-in", f"{name}.csr",
            "-startdate", _in_days(-30), "-enddate", _in_days(days), "-extfile", f"{name}.ext", "-out", certificate.cert,
        )  # fmt: skip
        return certificate

    def issue(name: str, common_name: str, alternative_names: str, days: int = 30) -> Certificate:
        extensions = f"subjectAltName={alternative_names}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
        return sign(name, common_name, extensions, days, "-cert", "ca.pem")

    sign("ca", "Test CA", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
         "subjectKeyIdentifier=hash\n", 30, "-selfsign")
    untrusted = Certificate(str(directory / "untrusted.pem"), str(directory / "untrusted.key"))
    openssl(
        "req", "-x509", *_NEW_KEY, "-keyout", untrusted.key, "-out", untrusted.cert, "-days", "30",
        "-subj", "/CN=localhost", "-addext", f"subjectAltName={_SERVER_NAMES}",
    )  # fmt: skip
    return Pki(
        ca=str(directory / "ca.pem"),
        server=issue("server", "localhost", ",".join([_SERVER_NAMES, *more_names])),
        wrong=issue("wrong", "other.test", "DNS:other.test"),
        cnonly=issue("cnonly", "localhost", "DNS:unrelated.test"),
        expired=issue("expired", "localhost", _SERVER_NAMES, days=-1),
        untrusted=untrusted,
    )


def _in_days(days: int) -> str:
    """The time in so many days, as openssl wants it."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days)).strftime("%Y%m%d%H%M%SZ")
