"""Another system, as far as a program can tell: its own /etc and /usr/lib/ssl, and on request nothing else at all."""

import os
import pathlib
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import unittest

NAMES = "passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache"  # what a run needs of /etc
HASHED = "/etc/ssl/certs"


class OtherSystem:
    """A system that trusts nobody yet, in a folder of `folder`. Needs what `require` looks for."""

    def __init__(self, folder: str):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="system-", dir=folder))
        self.root.chmod(0o755)
        (self.root / "etc").mkdir()
        (self.root / "usr/lib/ssl").mkdir(parents=True)
        for name in NAMES:
            if os.path.exists(f"/etc/{name}"):
                shutil.copy(f"/etc/{name}", self.root / "etc")

    def put(self, path: str, source: str) -> "OtherSystem":
        """Copies the file `source` to `path` of the system."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        return self

    def put_hashed(self, authority: str, folder: str = HASHED) -> "OtherSystem":
        """Adds `authority` to the hashed directory `folder`."""
        place = self.root / folder.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        add_authority(authority, place)
        return self

    def wrap(self, binary: str) -> str:
        """The path of a command that runs `binary` on this machine, but for the folders that differ here."""
        return self._script([f"mount --bind {self.root}{place} {place}" for place in ("/etc", "/usr/lib/ssl")], "", binary)

    def wrap_alone(self, binary: str, folder: str) -> str:
        """The path of a command that runs a copy of `binary` where there is nothing of this machine but the C library,
        /dev, /proc and `folder`."""
        self.put("/program", binary)
        libraries = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(", libraries):
            self.put(library, library)
        places = "/dev", "/proc", folder
        for place in places:
            (self.root / place.lstrip("/")).mkdir(parents=True)
        mounts = [f"mount --rbind {place} {self.root}{place}" for place in places]
        return self._script(mounts, f"chroot {self.root}", "/program")

    def _script(self, mounts: list[str], change: str, binary: str) -> str:
        script = self.root / "run"
        # A log for each thread: no call is cut in two by another's.
        trace = shlex.join(["strace", "-ff", "-qq", "-e", "trace=open,openat,connect", "-o", str(self.root / "calls")])
        steps = "; ".join([*mounts, f"rm -f {self.root}/calls.*", f'exec {trace} {change} "$@"'])
        script.write_text(f"#!/bin/sh\nexec unshare --mount sh -ec '{steps}' sh {binary} \"$@\"\n")
        script.chmod(stat.S_IRWXU)
        return str(script)

    @property
    def opened(self) -> set[str]:
        """The files and folders that the last run opened."""
        return set(re.findall(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]*)".* = \d', self._calls()))

    @property
    def connected(self) -> list[int]:
        """The ports that the last run connected to, or tried to, one for each attempt."""
        ports = re.findall(r"connect\(\d+, \{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\)", self._calls())
        return [int(port) for port in ports]

    def _calls(self) -> str:
        logs = [log.read_text() for log in self.root.glob("calls.*")]
        if not logs:
            raise RuntimeError("nothing has run yet")
        return "".join(logs)


def add_authority(authority: str, folder: pathlib.Path) -> None:
    """Adds `authority` to a hashed directory, as update-ca-certificates does."""
    shutil.copy(authority, folder / "authority.pem")
    subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)


def require() -> None:
    """To be called by `setUpModule`: skips the tests where none of this can be done, but fails when CI is set."""
    missing = [tool for tool in ("strace", "unshare", "openssl") if not shutil.which(tool)]
    if missing or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        reason = f"needs root and {', '.join(missing) or 'mount namespaces'}"
        if os.environ.get("CI"):
            raise RuntimeError(reason)
        raise unittest.SkipTest(reason)
