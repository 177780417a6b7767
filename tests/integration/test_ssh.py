"""Signing a remote host in from where the person sits: a real ssh to a real sshd in a network namespace.

The program of the test is the laptop's, `remote` the world of the other host; both reach the server, and neither the other's
loopback addresses. $BROWSER is a script that writes down what it is given.
"""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import remote_host  # noqa: E402
from loopback import free_port, is_free, pending_entries, port_of, registered_port, visit  # noqa: E402
from program import Program, ProgramTestCase  # noqa: E402
from remote_host import Network, RemoteHost  # noqa: E402
from running import OnTerminal, Running  # noqa: E402


def setUpModule():
    remote_host.require()


def until(condition, timeout: float = 10) -> None:
    """Waits until the condition holds; AssertionError when that takes too long."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{timeout} s passed")
        time.sleep(0.02)


def ssh_of(run: Running) -> int:
    """The process of the ssh that the run has started; there must be one."""
    children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    ssh, = [int(pid) for pid in children if pathlib.Path(f"/proc/{pid}/comm").read_text() == "ssh\n"]
    return ssh


class SshTestCase(ProgramTestCase):
    """`remote_changes` and the changes of the laptop's profile are as for `config_for`; both sides have the profile `test`."""

    @classmethod
    def setUpClass(cls):
        cls.network = cls.enterClassContext(Network())
        cls.provider_settings = {"address": cls.network.here}
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self._hosts = self.enterContext(contextlib.ExitStack())

    def hosts(self, **changes) -> None:
        """Makes the laptop and the remote host, whose profiles have these settings; earlier ones end."""
        self._hosts.close()
        self.laptop = self.new_program(**changes)
        self.remote = self.new_program(**changes)
        self.host = self._hosts.enter_context(RemoteHost(self.network, self.remote.environment))
        (self.host.bin / "grok-auth").symlink_to(self.remote.binary)
        self.visited = self.laptop.folder / "visited"
        self.script = self.laptop.folder / "browser"
        self.script.write_text(f'#!/bin/sh\n[ $# = 1 ] || exit 1\nprintf "%s\\n" "$1" >>"{self.visited}"\n')
        self.script.chmod(0o755)

    @property
    def desktop(self) -> dict[str, str]:
        return {"DISPLAY": ":99", "BROWSER": str(self.script)}

    def opened(self) -> list[str]:
        """The addresses that the browser was given."""
        return self.visited.read_text().splitlines() if self.visited.exists() else []

    def start(self, *options: str, host: tuple = ("remote",), program: Program | None = None, env: dict | None = None) -> Running:
        """Starts `grok-auth ssh` on the laptop."""
        return (program or self.laptop).start("ssh", *options, *self.host.options, *host, env={**self.desktop, **(env or {})})

    def wait_for_browser(self) -> str:
        until(self.opened)
        return self.opened()[0]

    def approve_in_browser(self, url: str) -> None:
        """Opens the address here, and is sent through the forwarded port."""
        page = visit(url, ca=self.provider.ca)
        self.assertIn("<h1>Approved</h1>", page.body)

    def assert_signed_in(self, run: Running) -> str:
        """The run has signed the remote host in, and not this one; returns what it said."""
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (0, ""), result)
        self.assertIn("\nSigned in as ada@example.com", result.stderr)
        self.assertEqual(self.remote.state_json(".json")["account"]["email"], "ada@example.com")
        self.assertFalse(self.laptop.state_folder.exists())
        return result.stderr

    def fake(self, *lines: str, status: int = 0, more: str = "") -> None:
        """The remote host's grok-auth writes these lines, as printf(1) reads them, and ends with `status`."""
        printf = "".join(f"printf '%b' {shlex.quote(line)} >&2\n" for line in lines)
        self.host.install(f"#!/bin/sh\n{printf}{more}\nexit {status}\n")


class Forwarded(SshTestCase):
    """The way without `grok-auth ssh`: the line that the remote host prints is run by hand."""

    def test_line_that_is_printed(self):
        for ssh_port in remote_host.PORTS:
            with self.subTest(ssh_port):
                port = free_port()
                self.hosts(flow="loopback", redirect_port=port)
                login = self.host.ssh("-p", str(ssh_port), self.host.destination, "grok-auth login")
                line = login.wait_for(r"(?m)^ +(ssh -N -L .*)$").group(1)
                where = ["-p", "2222"] if ssh_port == 2222 else []
                self.assertEqual(shlex.split(line), ["ssh", "-N", "-L", f"{port}:127.0.0.1:{port}", *where, self.host.destination])
                tunnel = self.host.ssh(*shlex.split(line)[1:])
                self.addCleanup(tunnel.end)
                until(lambda: not is_free(port))
                url = login.wait_for(r"Sign in at (\S+)\n").group(1)
                self.approve_in_browser(url)
                self.assertEqual(login.wait().status, 0)
                self.assertIsNotNone(self.remote.state_json(".json"))


class Ssh(SshTestCase):
    def test_device_flow(self):
        port = free_port()
        self.hosts(flow="device", redirect_port=port)
        run = self.start()
        url = self.wait_for_browser()
        self.assertEqual(run.wait_for_line("Sign in at ").group(), f"Sign in at {url}\n")
        run.wait_for("(?m)^Code: ")
        self.assertTrue(is_free(port))  # a code needs no forward
        self.provider.approve(url=url)
        self.assert_signed_in(run)
        self.assertEqual(self.opened(), [url])

    def test_loopback_flow(self):
        port = free_port()
        self.hosts(flow="loopback", redirect_port=port)
        run = self.start()
        url = self.wait_for_browser()
        self.assertEqual(port_of(url), port)
        self.approve_in_browser(url)
        said = self.assert_signed_in(run)
        # What the host advises is done already.
        self.assertEqual(said.splitlines()[:2], [f"Sign in at {url}", "Waiting for your browser ..."])
        self.assertNotIn("ssh -N", said)
        until(lambda: is_free(port))

    def test_flow_that_is_asked_for(self):
        for flow, option, route in (("loopback", "--device", "device_authorization"), ("device", "--loopback", "authorization")):
            with self.subTest(option):
                self.provider.reset()
                self.hosts(flow=flow, redirect_port=free_port())
                run = self.start(option)
                url = self.wait_for_browser()
                if option == "--device":
                    self.provider.approve(url=url)
                else:
                    self.approve_in_browser(url)
                self.assert_signed_in(run)
                self.assertEqual(len(self.provider.requests(route)), 1)

    def test_no_profile_is_named(self):
        """The remote host's default needs the loopback flow, and its server is not xAI's."""
        with registered_port() as port:
            self.hosts(flow="loopback", redirect_port=port)
            self.laptop.configure("")
            run = self.start()
            url = run.wait_for(r"\ASign in at (\S+)\n").group(1)
            run.wait_for_line("warning: .* is not on x.ai .* name the profile with --profile")
            self.approve_in_browser(url)
            self.assert_signed_in(run)
            self.assertEqual(self.opened(), [])

    def test_profile_that_only_the_remote_host_has(self):
        with registered_port() as port:
            self.hosts(flow="loopback", redirect_port=port)
            self.laptop.configure("")
            run = self.start("--profile", "test")
            self.approve_in_browser(self.wait_for_browser())
            self.assert_signed_in(run)

    def test_no_browser(self):
        for options, env in ((["--no-browser"], {}), ([], {"DISPLAY": None}), ([], {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"})):
            with self.subTest(options=options, env=env):
                self.hosts(flow="device")
                run = self.start(*options, env=env)
                self.provider.approve(url=run.wait_for(r"\ASign in at (\S+)\n").group(1))
                self.assert_signed_in(run)
                self.assertEqual(self.opened(), [])

    def test_declined(self):
        self.hosts(flow="device")
        run = self.start()
        self.provider.deny(url=self.wait_for_browser())
        result = run.wait()
        self.assertEqual(result.status, 4, result)
        self.assertIn("\ngrok-auth: error: the sign-in was declined", result.stderr)

    def test_configuration_of_ssh_that_would_be_in_the_way(self):
        """Commands, terminals and shared connections that the person's ssh_config asks for."""
        self.hosts(flow="device")
        shared = self.laptop.folder / "shared"
        self.host.config.write_text("RemoteCommand sh -c 'echo wrong; exit 9'\nRequestTTY force\nControlMaster auto\n"
                                    f"ControlPath {shared}\nControlPersist yes\n" + self.host.config.read_text())
        run = self.start()
        self.provider.approve(url=self.wait_for_browser())
        self.assert_signed_in(run)
        self.assertFalse(shared.exists())

    def test_arguments_reach_ssh_unchanged(self):
        self.hosts(flow="device")
        known = self.laptop.folder / "known hosts  of the test"
        known.write_text((self.host.config.parent / "known_hosts").read_text())
        where = ["-p", "2222", "-o", f'UserKnownHostsFile="{known}"', "-o", f"ProxyCommand=env 'A=b  c' {self.host.proxy}",
                 "-l", "root", self.network.there, "-v"]  # fmt: skip
        run = self.start(host=tuple(where))
        self.provider.approve(url=self.wait_for_browser())
        self.assertIn("debug1: ", self.assert_signed_in(run))

    def test_every_argument_as_it_is(self):
        """A program `ssh` that writes down what it got, and what is open in it."""
        self.hosts(flow="loopback", redirect_port=(port := free_port()))
        ssh = self.laptop.folder / "ssh"
        note = self.laptop.folder / "note"
        ssh.write_text(f"#!{sys.executable} -I\nimport os, sys, json\n"
                       "names = sorted(int(name) for name in os.listdir('/proc/self/fd'))[:-1]\n"
                       f"with open({str(note)!r}, 'w') as note:\n"
                       "    same_group = os.getpgrp() == os.getpgid(os.getppid())\n"
                       "    json.dump([sys.argv[1:], names, same_group, os.getsid(0)], note)\n")
        ssh.chmod(0o755)
        given = ["-o", "ProxyCommand=nc 'a  b' %h", "$(id)", "", "a\nb", "--device", "--", "-N", "h\xe4"]
        env = {"PATH": f"{self.laptop.folder}:{os.environ['PATH']}"}
        run = self.laptop.start("ssh", "--verbose", *given, env=env)
        run.wait()
        arguments, descriptors, same_group, session = json.loads(note.read_text())
        own = ["-o", "ControlPath=none", "-o", "RequestTTY=no", "-o", "RemoteCommand=none", "-o", "ExitOnForwardFailure=yes",
               "-L", f"127.0.0.1:{port}:127.0.0.1:{port}"]  # fmt: skip
        self.assertEqual(arguments, [*own, *given, "grok-auth", "login", "--profile=test", "--loopback", "--no-browser"])
        self.assertEqual(descriptors, [0, 1, 2])
        self.assertTrue(same_group)
        self.assertEqual(session, run.pid)

    def test_words_in_front_of_the_remote_command(self):
        """What follows the host is in front of ours, and can put a folder into the PATH."""
        self.hosts(flow="device")
        away = self.remote.folder / "away"
        away.mkdir()
        (self.host.bin / "grok-auth").rename(away / "grok-auth")
        run = self.start(host=("remote", f"PATH=$PATH:{away}"))
        self.provider.approve(url=self.wait_for_browser())
        self.assert_signed_in(run)

    def test_nothing_of_the_host_reaches_standard_output(self):
        """Nor does the host get what is on standard input: a loop over hosts may read it."""
        self.hosts()
        self.fake(more="printf '\\033[2J'; tr a-z A-Z; tr a-z A-Z >&2\n", status=3)
        result = self.laptop.start("ssh", *self.host.options, "remote", stdin="abc\n").wait()
        self.assertEqual((result.status, result.stdout, result.stderr), (3, "", ""))


class OnATerminal(SshTestCase):
    """ssh asks the person at the terminal, past us."""

    def test_host_key_and_passphrase(self):
        self.hosts(flow="device")
        self.host.lock_key("secret")
        known = self.laptop.folder / "known_hosts"
        asking = ["-o", "BatchMode=no", "-o", "StrictHostKeyChecking=ask", "-o", f"UserKnownHostsFile={known}"]
        run = self.laptop.as_tty("ssh", *asking, *self.host.options, "remote", env=self.desktop)
        run.wait_to_see(r"The authenticity of host .* can't be established")
        run.wait_to_see(r"\(yes/no/\[fingerprint\]\)\? ")
        run.type("yes\n")
        run.wait_to_see("Enter passphrase for key")
        run.type("secret\n")
        self.provider.approve(url=self.wait_for_browser())
        result = run.wait()
        self.assertEqual(result.status, 0, result)
        self.assertIn("Signed in as ada@example.com", result.stdout)
        self.assertNotIn("secret", result.stdout.replace("secret_", ""))
        self.assertIn("ssh-ed25519", known.read_text())

    def test_control_c(self):
        port = free_port()
        self.hosts(flow="loopback", redirect_port=port)
        run = self.laptop.as_tty("ssh", *self.host.options, "remote", env=self.desktop)
        self.wait_for_browser()
        run.wait_to_see("Waiting for your browser")
        ssh = ssh_of(run)
        run.type("\x03")
        self.assertEqual(run.wait(5).status, 130)
        self.assertFalse(os.path.exists(f"/proc/{ssh}"))
        self.assertTrue(is_free(port))
        until(lambda: self.host.commands() == [])

    def test_control_c_at_the_passphrase(self):
        """The terminal is given back as it was: what is typed is shown again."""
        self.hosts(flow="device")
        self.host.lock_key("secret")
        script = 'trap : INT; "$@"; echo "status $?"; stty -a'
        command = ["sh", "-c", script, "sh", self.laptop.binary, "ssh", "-o", "BatchMode=no", *self.host.options, "remote"]
        run = OnTerminal(command, self.laptop.environment)
        self.addCleanup(run.end)
        run.wait_to_see("Enter passphrase for key")
        run.type("\x03")
        self.assertRegex(run.wait(5).stdout, r"status 130\r\n(.*\n)+.* echo ")


class Failures(SshTestCase):
    def test_no_grok_auth_on_the_host(self):
        self.hosts()
        (self.host.bin / "grok-auth").unlink()
        result = self.start().wait()
        self.assertEqual(result.status, 2, result)
        self.assertRegex(result.stderr, "grok-auth: (command )?not found\n"
                         "grok-auth: error: the host has no grok-auth where ssh looks for it\ngrok-auth: hint: .*command -v")

    def test_no_ssh_here(self):
        self.hosts()
        result = self.start(env={"PATH": str(self.laptop.folder)}).wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertRegex(result.stderr, r"\Agrok-auth: error: ssh cannot be started: .*\ngrok-auth: hint: install the OpenSSH")

    def test_ssh_that_fails(self):
        self.hosts()
        for where, words in ((["-p", "1", "remote"], "Connection refused"), (["-o", "PubkeyAuthentication=no", "remote"], "Permission denied"),
                             (["-Q", "nonsense"], "Unsupported query")):
            with self.subTest(where):
                result = self.start(host=tuple(where)).wait()
                self.assertEqual(result.status, 1, result)
                self.assertRegex(result.stderr, rf"{words}(.*\n)+grok-auth: error: ssh failed \(status 255\)\ngrok-auth: hint: ")

    def test_port_that_is_taken(self):
        port = free_port()
        self.hosts(flow="loopback", redirect_port=port)
        with socket.create_server(("127.0.0.1", port)):
            result = self.start().wait()
        self.assertEqual(result.status, 1, result)
        self.assertEqual(result.stderr.splitlines()[0], f"grok-auth: error: port {port} of 127.0.0.1 is taken here by "
                         f"'{pathlib.Path('/proc/self/comm').read_text().strip()}' (process {os.getpid()})")  # fmt: skip
        self.assertEqual(self.host.commands(), [])

    def test_port_that_is_taken_while_ssh_connects(self):
        port = free_port()
        self.hosts(flow="loopback", redirect_port=port)
        ready, go = self.laptop.folder / "ready", self.laptop.folder / "go"
        proxy = self.laptop.folder / "proxy"
        proxy.write_text(f'#!/bin/sh\ntouch "{ready}"\nuntil [ -e "{go}" ]; do sleep 0.02; done\n'
                         f'exec {self.host.proxy.removesuffix(" %h %p")} "$@"\n')
        proxy.chmod(0o755)
        run = self.start("-o", f"ProxyCommand={proxy} %h %p")
        until(ready.exists)
        with socket.create_server(("127.0.0.1", port)):
            go.touch()
            result = run.wait()
        self.assertEqual(result.status, 1, result)
        self.assertIn(f"cannot listen to port: {port}\n", result.stderr)
        self.assertRegex(result.stderr, rf"error: ssh failed \(status 255\)\ngrok-auth: hint: port {port} of 127.0.0.1 is taken "
                         rf"here by '.*' \(process {os.getpid()}\): end that program\n")  # fmt: skip

    def test_port_that_is_taken_but_may_not_be_needed(self):
        port = free_port()
        self.hosts(flow="auto", redirect_port=port)
        with socket.create_server(("127.0.0.1", port)):
            run = self.start()
            run.wait_for_line(f"warning: port {port} of 127.0.0.1 is taken here")
            self.provider.approve(url=self.wait_for_browser())
            self.assert_signed_in(run)

    def test_usage(self):
        self.hosts()
        for arguments in ([], ["--"], ["--json", "remote"], ["--profile=../x", "remote"], ["--device", "--loopback", "remote"]):
            with self.subTest(arguments):
                result = self.laptop.run("ssh", *arguments)
                self.assertEqual((result.status, result.stdout), (2, ""), result)
                self.assertRegex(result.stderr, r"\Agrok-auth: error: .+\ngrok-auth: hint: .+\n\Z")

    def test_signals(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with self.subTest(number):
                port = free_port()
                self.hosts(flow="loopback", redirect_port=port)
                run = self.start()
                self.wait_for_browser()
                ssh = ssh_of(run)
                run.signal(number)
                result = run.wait(5)
                self.assertEqual((result.status, result.stdout), (status, ""), result)
                self.assertFalse(os.path.exists(f"/proc/{ssh}"))
                self.assertTrue(is_free(port))
                # Its connection gone, the remote login ends too, and a new one finds nothing in its way.
                until(lambda: self.host.commands() == [])
                self.assertEqual(pending_entries(self.remote), [])

    def test_signal_that_ssh_does_not_heed(self):
        self.hosts()
        ssh = self.laptop.folder / "ssh"
        ready = self.laptop.folder / "ready"
        ssh.write_text(f"#!{sys.executable} -I\nimport signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                       f"open({str(ready)!r}, 'w')\nsignal.pause()\n")
        ssh.chmod(0o755)
        run = self.laptop.start("ssh", "host", env={"PATH": f"{self.laptop.folder}:{os.environ['PATH']}"})
        until(ready.exists)
        child = ssh_of(run)
        run.signal(signal.SIGTERM)
        self.assertEqual(run.wait(10).status, 143)
        self.assertFalse(os.path.exists(f"/proc/{child}"))


class HostileHost(SshTestCase):
    """Whoever controls the remote host chooses what its grok-auth prints."""

    def setUp(self):
        super().setUp()
        self.hosts(flow="device")

    def test_address_that_may_not_be_opened(self):
        for options, url, fault in (
            ([], "http://accounts.x.ai/device", "is not an https URL"),
            ([], "file:///etc/passwd", "is not an https URL"),
            ([], "https://user@accounts.x.ai/", "carries a user name"),
            ([], "https://accounts.x.ai/ --incognito https://evil.example/", "is not an https URL"),
            (["--profile=xai"], "https://evil.example/", "is not on x.ai"),
            (["--profile=xai"], "https://accounts.x.ai.evil.example/", "is not on x.ai"),
            (["--profile=xai"], "https://accounts.x.ai@evil.example/", "carries a user name"),
        ):
            with self.subTest(url):
                self.fake(f"Sign in at {url}\\n", more="exec sleep 60")
                run = self.start(*options)
                result = run.wait()
                self.assertEqual((result.status, result.stdout), (1, ""), result)
                self.assertIn(f"grok-auth: error: the host sent an address that {fault}", result.stderr)
                self.assertNotIn("Sign in at", result.stderr)
                self.assertEqual(self.opened(), [])

    def test_where_no_profile_is_named(self):
        self.laptop.configure("")
        self.fake("Sign in at https://evil.example/\\n")
        with registered_port():
            result = self.start().wait()
        self.assertEqual(result.status, 0, result)
        self.assertIn("warning: the address is not on x.ai and no profile was named, so it is not opened", result.stderr)
        self.assertEqual(self.opened(), [])

    def test_address_of_xai(self):
        self.fake("Sign in at https://accounts.x.ai/device?user_code=A-B\\n")
        self.assertEqual(self.start("--profile=xai").wait().status, 0)
        until(self.opened)
        self.assertEqual(self.opened(), ["https://accounts.x.ai/device?user_code=A-B"])

    def test_window_after_window(self):
        self.fake("".join(f"Sign in at https://id.example/{n}\\n" for n in range(20)))
        result = self.start().wait()
        self.assertEqual((result.status, result.stderr.count("Sign in at ")), (0, 20), result)
        until(self.opened)
        self.assertEqual(self.opened(), ["https://id.example/0"])

    def test_what_a_terminal_would_act_on(self):
        self.fake(r"\033[2J\033]0;title\007\033[31mred\033[0m \302\233 \342\200\256a\010\000\377!\r\n",
                  r"\033]8;;https://evil.example/\033\\click\033]8;;\033\\\n", r"one\rtwo\n", "  no end")
        result = self.start().wait()
        self.assertEqual((result.status, result.stderr), (0, "red  a!\nclick\none\ntwo\n  no end\n"))

    def test_line_without_end(self):
        self.fake("", more="head -c 5000000 /dev/zero | tr '\\0' x >&2; printf '\\nSign in at https://id.example/\\n' >&2")
        result = self.start().wait(60)
        self.assertEqual(result.status, 0, result.stderr[-300:])
        self.assertGreater(len(result.stderr), 5_000_000)
        until(self.opened)
        self.assertEqual(self.opened(), ["https://id.example/"])

    def test_output_that_outlives_ssh(self):
        """A process that ssh started holds on to its standard error."""
        self.fake("bye\\n", status=4)
        run = self.start("-o", f"ProxyCommand=sleep 10 >/dev/null </dev/null & exec {self.host.proxy}")
        until(lambda: not run.is_alive())
        self.assertEqual(run.wait(40).status, 4)

    def test_status(self):
        for status in (0, 1, 2, 3, 4, 130, 143):
            with self.subTest(status):
                self.fake("words\\n", status=status)
                result = self.start().wait()
                self.assertEqual((result.status, result.stdout, result.stderr), (status, "", "words\n"))


if __name__ == "__main__":
    unittest.main()
