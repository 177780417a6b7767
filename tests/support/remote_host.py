"""Another host that can be reached by ssh only: a network namespace of this machine, with a real sshd in it.

It needs root, and Debian's packages openssh-client, openssh-server and iproute2.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from running import Running

SSHD = "/usr/sbin/sshd"
PORTS = (22, 2222)


def require() -> None:
    """Skips the module where there can be no remote host, and says so. Where CI is set that is a failure."""
    missing = [name for name in ("ip", "ssh", "ssh-keygen", SSHD) if not shutil.which(name)]
    reason = f"not installed: {', '.join(missing)}" if missing else "only root can make a network namespace"
    if not missing and os.geteuid() == 0:
        return
    if os.environ.get("CI"):
        raise RuntimeError(f"there can be no remote host here, and CI must not go without: {reason}")
    print(f"skipped: {reason}", file=sys.stderr)
    raise unittest.SkipTest(reason)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr}")


class Network:
    """A network namespace, as a context manager, and a cable to it: `here` is the address of this end, `there` of the other."""

    def __init__(self):
        process = os.getpid()
        self.name = f"grok-auth-test-{process}"
        self._cable = f"ga{process}"
        # RFC 2544 has set these addresses aside for tests; four to a network.
        third, fourth = divmod(process % (1 << 15) * 4, 256)
        prefix = f"198.{18 + third // 256}.{third % 256}"
        self.here, self.there = f"{prefix}.{fourth + 1}", f"{prefix}.{fourth + 2}"

    def __enter__(self) -> "Network":
        near, far = f"{self._cable}n", f"{self._cable}f"
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name)
            _ip("address", "add", f"{self.here}/30", "dev", near)
            _ip("link", "set", near, "up")
            _ip("-n", self.name, "address", "add", f"{self.there}/30", "dev", far)
            _ip("-n", self.name, "link", "set", far, "up")
            _ip("-n", self.name, "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        # The kernel takes its time with what a namespace leaves behind; the name of the cable must be free at once.
        subprocess.run(["ip", "link", "delete", f"{self._cable}n"], stdin=subprocess.DEVNULL, capture_output=True)
        _ip("netns", "delete", self.name)

    def processes(self) -> list[int]:
        """The processes that run there."""
        listed = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True)
        return [int(line) for line in listed.stdout.split()]


class RemoteHost:
    """A host with this environment in `network`, as a context manager: its sshd listens on PORTS, and root may log in with a key.

    `bin` is the folder in front of the PATH of its commands. `options` are what ssh needs to get there without a question; they
    also make `remote` a name of the host. `proxy` is a command that connects as ssh itself would, for `ProxyCommand`.
    """

    proxy = f"{sys.executable} {os.path.abspath(__file__)} %h %p"

    def __init__(self, network: Network, environment: dict[str, str]):
        self._network = network
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="grok-auth-sshd-"))
        self.bin = self._folder / "bin"
        self.bin.mkdir()
        self.destination = f"root@{network.there}"
        self.config = self._folder / "ssh_config"
        self.options = ["-F", str(self.config)]
        self._environment = {**environment, "PATH": f"{self.bin}:/usr/bin:/bin"}
        self._sshd: subprocess.Popen | None = None

    def __enter__(self) -> "RemoteHost":
        try:
            self._write_files()
            os.makedirs("/run/sshd", exist_ok=True)  # sshd wants its folder for privilege separation
            command = ["ip", "netns", "exec", self._network.name, SSHD, "-D", "-f", str(self._folder / "sshd_config")]
            with open(self._folder / "log", "w") as log:
                self._sshd = subprocess.Popen([*command, "-e"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self._wait_for_sshd()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self._sshd:
            self._sshd.terminate()
            self._sshd.wait()
        for process in self._network.processes():  # what a connection left behind
            os.kill(process, signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def install(self, text: str, name: str = "grok-auth") -> None:
        """Puts a script into `bin`."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def lock_key(self, passphrase: str) -> None:
        """Makes ssh ask for this before it uses the key."""
        command = ["ssh-keygen", "-q", "-p", "-P", "", "-N", passphrase, "-f", str(self._folder / "key")]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def ssh(self, *arguments: str) -> Running:
        """Starts ssh here with `options` and these arguments."""
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        run = Running(["ssh", *self.options, *arguments], {"PATH": os.environ["PATH"]}, start_new_session=True,
                      stdin=subprocess.DEVNULL, stdout=out_end, stderr=err_end)  # fmt: skip
        os.close(out_end)
        os.close(err_end)
        return run.read("stdout", out).read("stderr", err)

    def commands(self) -> list[str]:
        """The names of the processes that run there, sshd's own left out."""
        names = []
        for process in self._network.processes():
            try:
                names.append(pathlib.Path(f"/proc/{process}/comm").read_text().strip())
            except FileNotFoundError:
                pass  # it has just ended
        return [name for name in names if name != "sshd"]

    def _write_files(self) -> None:
        for name in ("host", "key"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._folder / name)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        public = " ".join((self._folder / "host.pub").read_text().split()[:2])
        names = [f"[{self._network.there}]:2222", self._network.there]
        (self._folder / "known_hosts").write_text("".join(f"{name} {public}\n" for name in names))
        (self._folder / "authorized_keys").write_text((self._folder / "key.pub").read_text())
        variables = " ".join(f"{name}={value}" for name, value in self._environment.items())
        (self._folder / "sshd_config").write_text(
            "".join(f"ListenAddress {self._network.there}:{port}\n" for port in PORTS)
            + f"HostKey {self._folder}/host\nPidFile none\nAuthorizedKeysFile {self._folder}/authorized_keys\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\n"
            f"PermitRootLogin prohibit-password\nSetEnv {variables}\n"
        )
        self.config.write_text(
            f"Host remote\n  HostName {self._network.there}\n  User root\n"
            f"Host *\n  IdentityFile {self._folder}/key\n  IdentitiesOnly yes\n  IdentityAgent none\n"
            f"  UserKnownHostsFile {self._folder}/known_hosts\n  StrictHostKeyChecking yes\n  BatchMode yes\n"
        )

    def _wait_for_sshd(self) -> None:
        for port in PORTS:
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection((self._network.there, port), 1).close()
                    break
                except OSError:
                    if self._sshd.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError("sshd does not start:\n" + (self._folder / "log").read_text()) from None
                    time.sleep(0.02)


def _connect(host: str, port: str) -> None:
    """Carries standard input and output over a connection."""
    with socket.create_connection((host, int(port))) as connection:

        def send() -> None:
            while data := os.read(0, 65536):
                connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)

        threading.Thread(target=send, daemon=True).start()
        while data := connection.recv(65536):
            os.write(1, data)
        os._exit(0)


if __name__ == "__main__":
    _connect(*sys.argv[1:])
