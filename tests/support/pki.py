"""A throw-away certificate authority and the server's certificates, made with the openssl command."""

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
    server: Certificate  # for localhost, idp.test, 127.0.0.1 and 192.0.2.2
    wrong: Certificate  # for another name
    cnonly: Certificate  # localhost is its common name, but not among its alternative names
    expired: Certificate  # as `server`, but of yesterday
    untrusted: Certificate  # as `server`, but signed by itself


# 192.0.2.2 (RFC 5737) is nowhere: only a proxy can claim to reach it.
_SERVER_NAMES = "DNS:localhost,DNS:idp.test,IP:127.0.0.1,IP:192.0.2.2"
_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def make(directory) -> Pki:
    """Makes everything anew in `directory`, which is created."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    def issue(name: str, common_name: str, alternative_names: str, days: int = 30) -> Certificate:
        certificate = Certificate(str(directory / f"{name}.pem"), str(directory / f"{name}.key"))
        extensions = directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative_names}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
        openssl("req", *_NEW_KEY, "-keyout", certificate.key, "-out", f"{name}.csr", "-subj", f"/CN={common_name}")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", str(days), "-extfile", str(extensions), "-out", certificate.cert,
        )  # fmt: skip
        return certificate

    openssl(
        "req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Test CA",
        "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    untrusted = Certificate(str(directory / "untrusted.pem"), str(directory / "untrusted.key"))
    openssl(
        "req", "-x509", *_NEW_KEY, "-keyout", untrusted.key, "-out", untrusted.cert, "-days", "30",
        "-subj", "/CN=localhost", "-addext", f"subjectAltName={_SERVER_NAMES}",
    )  # fmt: skip
    return Pki(
        ca=str(directory / "ca.pem"),
        server=issue("server", "localhost", _SERVER_NAMES),
        wrong=issue("wrong", "other.test", "DNS:other.test"),
        cnonly=issue("cnonly", "localhost", "DNS:unrelated.test"),
        expired=issue("expired", "localhost", _SERVER_NAMES, days=-1),
        untrusted=untrusted,
    )
