"""The port of a loopback sign-in: who may have it, what happens when it is taken, and how soon it is free again."""

import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import (  # noqa: E402
    REGISTERED_PORT, LoopbackTestCase, asked, free_port, is_free, pending_entries, port_of, redirect, registered_port, visit,
)
from program import sign_in_url  # noqa: E402
from scripted_provider import tokens  # noqa: E402

ME = f"'{pathlib.Path('/proc/self/comm').read_text().strip()}' \\(process {os.getpid()}\\)"


class PortTestCase(LoopbackTestCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve(token=[tokens()])

    def take(self, port: int = 0, address: str = "127.0.0.1", option: int = socket.SO_REUSEADDR) -> int:
        """Listens there until the test's end."""
        listener = self.enterContext(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.bind((address, port))
        listener.listen()
        return listener.getsockname()[1]

    def assert_signs_in(self, run, url):
        self.assertEqual(visit(redirect(url)).status, 200)
        result = run.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)


class RegisteredPort(PortTestCase):
    """56121, which is what the user's forward and the client's registration name."""

    def setUp(self):
        super().setUp()
        self.enterContext(registered_port())
        if not is_free(REGISTERED_PORT):
            raise AssertionError(f"something on this machine has port {REGISTERED_PORT}; the test needs it")

    def test_it_is_the_default(self):
        _, run, url = self.begin(self.server, redirect_port=None)
        self.assertEqual(asked(url)["redirect_uri"], "http://127.0.0.1:56121/callback")
        self.assert_signs_in(run, url)

    def test_forward_names_it(self):
        program = self.new_program(self.server, redirect_port=None)
        run = program.as_grok(expired=False, env={"SSH_CONNECTION": "203.0.113.9 5 192.0.2.7 2222", "USER": "ada"})
        url = sign_in_url(run)
        run.wait_for(r"(?m)^  ssh -N -L 56121:127\.0\.0\.1:56121 -p 2222 ada@192\.0\.2\.7\n")
        self.assert_signs_in(run, url)

    def test_taken_by_another_program(self):
        self.take(REGISTERED_PORT)
        _, run, url = self.begin(self.server, redirect_port=None)
        self.assertNotEqual(port_of(url), REGISTERED_PORT)
        self.assert_signs_in(run, url)
        self.assertEqual(self.server.seen("token")[0]["redirect_uri"], asked(url)["redirect_uri"])


class TakenPort(PortTestCase):
    def test_another_one_is_used_and_named(self):
        for address, option in (("127.0.0.1", socket.SO_REUSEADDR), ("0.0.0.0", socket.SO_REUSEADDR),
                                ("127.0.0.1", socket.SO_REUSEPORT), ("0.0.0.0", socket.SO_REUSEPORT)):
            with self.subTest(address=address, option=option):
                port = self.take(address=address, option=option)
                _, run, url = self.begin(self.server, redirect_port=port)
                self.assertNotEqual(port_of(url), port)
                self.assert_signs_in(run, url)
                self.assertEqual(self.server.seen("token")[-1]["redirect_uri"], asked(url)["redirect_uri"])

    def test_exact_port_names_its_holder(self):
        port = self.take()
        program = self.new_program(self.server, redirect_port=port, redirect_port_exact=True)
        result = self.assert_refused(program, program.as_grok(expired=False), f"port {port} of 127.0.0.1 is taken by {ME}$")
        self.assertIn("hint: end that program, or set redirect_port in the profile", result.stderr)
        self.assertNotIn("https://", result.stderr)

    def test_forwarded_port_is_exact(self):
        """The forward that the person has, or will make, is for this port."""
        for args, env in (([], {"SSH_CONNECTION": "a 1 b 22"}), ([], {"SSH_TTY": "/dev/pts/9"}), (["--no-browser"], {}),
                          (["--no-browser"], {"DISPLAY": ":99"}), ([], {"SSH_CONNECTION": "a 1 b 22", "DISPLAY": ":99"})):
            with self.subTest(args=args, env=env):
                port = self.take()
                program = self.new_program(self.server, redirect_port=port)
                self.assert_refused(program, program.as_grok(*args, expired=False, env=env), f"port {port} .* taken by {ME}$")

    def test_another_sign_in_is_named_as_the_holder(self):
        _, first, url = self.begin(self.server)
        program = self.new_program(self.server, redirect_port=port_of(url), redirect_port_exact=True)
        self.assert_refused(program, program.as_grok(expired=False), rf"taken by 'grok-auth' \(process {first.pid}\)$")
        self.assert_signs_in(first, url)

    def test_listener_at_another_address_is_not_in_the_way(self):
        port = self.take(address="127.0.0.2")
        _, run, url = self.begin(self.server, redirect_port=port, redirect_port_exact=True)
        self.assertEqual(port_of(url), port)
        self.assert_signs_in(run, url)

    def test_listener_at_another_address_is_not_called_the_holder(self):
        port = self.take()
        script = (f"import socket, sys; s = [socket.create_server((f'127.0.0.{{i}}', {port})) for i in range(2, 20)]; "
                  "print(flush=True); sys.stdin.read()")
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        other = self.enterContext(subprocess.Popen([sys.executable, "-c", script], **streams))
        other.stdout.readline()
        program = self.new_program(self.server, redirect_port=port, redirect_port_exact=True)
        self.assert_refused(program, program.as_grok(expired=False), f"taken by {ME}$")

    def test_racing_profiles(self):
        port = free_port()
        programs = [self.new_program(self.server, redirect_port=port) for _ in range(6)]
        runs = [program.as_grok(expired=False) for program in programs]
        urls = [sign_in_url(run) for run in runs]
        ports = [port_of(url) for url in urls]
        self.assertEqual(len(set(ports)), len(ports), ports)
        self.assertEqual(ports.count(port), 1)
        for run, url in zip(runs, urls):
            self.assert_signs_in(run, url)

    def test_nobody_shares_it(self):
        """With SO_REUSEPORT on both sides the kernel would deal the redirects out."""
        _, run, url = self.begin(self.server)
        port = port_of(url)
        for address in ("127.0.0.1", "0.0.0.0"):
            for options in ([socket.SO_REUSEPORT], [socket.SO_REUSEADDR], [socket.SO_REUSEPORT, socket.SO_REUSEADDR]):
                with self.subTest(address=address, options=options), socket.socket() as thief:
                    for option in options:
                        thief.setsockopt(socket.SOL_SOCKET, option, 1)
                    with self.assertRaises(OSError):
                        thief.bind((address, port))
                        thief.listen()
        self.assert_signs_in(run, url)

    def test_same_port_again_at_once(self):
        """Connections in TIME_WAIT do not keep the next sign-in from its port."""
        port = free_port()
        for _ in range(3):
            _, run, url = self.begin(self.server, redirect_port=port, redirect_port_exact=True)
            visit(redirect(url, state="wrong"))
            self.assert_signs_in(run, url)
            self.assertTrue(is_free(port))

    def test_only_this_computer_is_listened_to(self):
        _, run, url = self.begin(self.server)
        table = pathlib.Path("/proc/net/tcp").read_text().splitlines()
        local = [line.split()[1] for line in table if f":{port_of(url):04X} 00000000:0000 0A" in line]
        self.assertEqual(local, [f"0100007F:{port_of(url):04X}"])
        self.assert_signs_in(run, url)


class FreeAgain(PortTestCase):
    def test_after_the_timeout(self):
        for command in ([], ["login"]):
            with self.subTest(command):
                program = self.new_program(self.server)
                run = program.start(*command, "--timeout", "1")
                port = port_of(sign_in_url(run))
                result = self.assert_refused(program, run, "nobody finished the sign-in in time", 3)
                self.assertLess(result.seconds, 2.5)
                self.assertTrue(is_free(port))

    def test_after_sigterm_and_sigkill(self):
        for number, left in ((signal.SIGTERM, 0), (signal.SIGKILL, 1)):
            with self.subTest(number):
                program, run, url = self.begin(self.server)
                with socket.create_connection(("127.0.0.1", port_of(url))):
                    begin = time.monotonic()
                    run.signal(number)
                    status = run.wait().status
                self.assertLess(time.monotonic() - begin, 1)
                self.assertEqual(status, 143 if number == signal.SIGTERM else -signal.SIGKILL)
                self.assertTrue(is_free(port_of(url)))
                self.assertEqual(len(pending_entries(program)), left)

    def test_after_the_parents_death(self):
        """Grok kills only the shell that it started."""
        program = self.new_program(self.server)
        errors = program.folder / "errors"
        with open(errors, "w") as stream:
            shell = subprocess.Popen(["sh", "-c", f'"{program.binary}" & echo $!; wait'], stdin=subprocess.DEVNULL, text=True,
                                     stdout=subprocess.PIPE, stderr=stream, env=program.environment, start_new_session=True)
        pid = int(shell.stdout.readline())
        self.addCleanup(shell.stdout.close)
        while "Waiting for your browser" not in errors.read_text():
            time.sleep(0.02)
            self.assertIsNone(shell.poll())
        url = errors.read_text().splitlines()[0].split()[-1]
        self.assertFalse(is_free(port_of(url)))
        begin = time.monotonic()
        shell.kill()
        shell.wait()
        while not is_free(port_of(url)):
            self.assertLess(time.monotonic() - begin, 1, f"process {pid} still listens")
            time.sleep(0.02)
        while pending_entries(program):
            self.assertLess(time.monotonic() - begin, 1.5)
            time.sleep(0.02)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
    def test_port_that_may_not_be_used_is_not_called_taken(self):
        """A port below 1024, for somebody who is not root."""
        nobody = pwd.getpwnam("nobody")
        program = self.new_program(self.server, redirect_port=free_privileged_port(), redirect_port_exact=True)
        subprocess.run(["chown", "-R", "nobody", program.folder, self.server.ca], check=True)
        os.chmod(os.path.dirname(self.server.ca), 0o755)
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        run = subprocess.run([program.binary], env=program.environment, stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=20, **identity)
        self.assertEqual((run.returncode, run.stdout), (1, ""), run)
        self.assertNotIn("taken", run.stderr)


def free_privileged_port() -> int:
    for port in range(1023, 600, -1):
        if is_free(port):
            return port
    raise AssertionError("no free port below 1024")


if __name__ == "__main__":
    unittest.main()
