"""What a person is told when no browser can be opened here: how one elsewhere gets to the listener, on every kind of place."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, port_of  # noqa: E402
from program import Program, sign_in_url  # noqa: E402

NAME = os.uname().nodename
# Runs the program in a copy of the file tree that has the marks that a test wants, and no others.
ENTER = """#!/bin/sh
exec unshare --mount sh -e -c '
for entry in /*; do
  if [ -L "$entry" ]; then cp -P "$entry" "$0"
  elif [ -d "$entry" ]; then mkdir "$0$entry"; mount --rbind "$entry" "$0$entry"; fi
done
mount -t tmpfs tmpfs "$0/run"
for mark in {marks}; do touch "$0$mark"; done
exec chroot "$0" "$@"' "{root}" "{binary}" "$@"
"""


class SurroundingsTestCase(LoopbackTestCase):
    def shown(self, program: Program, *args: str, env: dict | None = None) -> tuple[int, list[str]]:
        """The port of the redirect, and what is shown between the address and the waiting."""
        run = program.as_grok(*args, expired=False, env={"USER": "ada", **(env or {})})
        url = sign_in_url(run)
        run.wait_for("(?m)^Waiting for your browser ...\n")
        first, *lines, last = run.stderr.splitlines()
        self.assertEqual((first, last), ("Sign in at " + url, "Waiting for your browser ..."))
        self.assertEqual([line for line in lines if len(line) > 80], [])
        run.end()
        return port_of(url), lines

    def assert_by_ssh(self, port: int, lines: list[str], words: str, beginning: str = "From the one you sit at:"):
        self.assertEqual(lines, ["The browser must reach this computer. " + beginning,
                                 f"  ssh -N -L {port}:127.0.0.1:{port} {words}",
                                 "  If you come through a jump host, add: -J JUMPHOST",
                                 f"  Or in one step: grok-auth ssh --profile test {words}"])


class ByTheEnvironment(SurroundingsTestCase):
    def setUp(self):
        super().setUp()
        self.program = self.new_program(self.serve())

    def test_ssh(self):
        for connection, words in (("203.0.113.9 50000 192.0.2.7 22", "ada@192.0.2.7"),
                                  ("203.0.113.9 50000 192.0.2.7 2222", "-p 2222 ada@192.0.2.7"),
                                  ("2001:db8::1 50000 2001:db8::2 2200", "-p 2200 ada@2001:db8::2"),
                                  ("fe80::1%eth0 50000 fe80::2%eth0 22", "ada@fe80::2%eth0"),
                                  ("203.0.113.9 50000 $(reboot) 22", "ada@HOST")):
            for display in ({}, {"DISPLAY": ":99"}, {"container": "podman"}):
                with self.subTest(connection, display=display):
                    shown = self.shown(self.program, env={"SSH_CONNECTION": connection, **display})
                    self.assert_by_ssh(*shown, words)
        for mark in ("SSH_TTY", "SSH_CLIENT"):
            with self.subTest(mark):
                self.assert_by_ssh(*self.shown(self.program, env={mark: "x"}), f"ada@{NAME}")

    def test_names_that_a_shell_would_not_leave_alone(self):
        for user, words in (("ACME\\ada", f"'ACME\\ada@{NAME}'"), ("a;reboot", f"USER@{NAME}"), ("a\x1b[2Jb", f"USER@{NAME}")):
            with self.subTest(user):
                self.assert_by_ssh(*self.shown(self.program, env={"SSH_TTY": "x", "USER": user}), words)

    def test_containers_and_cloud_shells(self):
        by_login = ["Or run 'grok-auth login --profile test' on a terminal here: it takes the", "address that the browser ends at."]
        gh = "  gh codespace ports forward {port}:{port}"
        gcloud = '  gcloud cloud-shell ssh --ssh-flag="-L {port}:127.0.0.1:{port}"'
        cloud = "The browser must reach port {port} of this cloud shell's own 127.0.0.1. If it"
        for env, line in (({"container": "podman"}, "where published ports (docker run -p) do not lead. In a container that was"),
                          ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, f"  kubectl port-forward {NAME} {{port}}"),
                          ({"CODESPACES": "true"}, gh), ({"CODESPACE_NAME": "x"}, gh), ({"CLOUD_SHELL": "true"}, gcloud),
                          ({"GITPOD_WORKSPACE_ID": "x"}, cloud), ({"REPL_ID": "x"}, cloud), ({"STACKBLITZ": "x"}, cloud),
                          ({"ACC_CLOUD": "PROD"}, cloud), ({"AWS_EXECUTION_ENV": "CloudShell"}, cloud),
                          ({"CODESPACES": "true", "SSH_TTY": "/dev/pts/0"}, gh)):
            with self.subTest(env=env):
                port, lines = self.shown(self.program, env=env)
                self.assertIn(line.format(port=port), lines)
                self.assertEqual(lines[-2:], by_login)
                self.assertNotIn("ssh -N", "\n".join(lines))


@unittest.skipUnless(os.geteuid() == 0, "needs root, to show the program other files")
class ByTheFiles(SurroundingsTestCase):
    def shown_with(self, *marks: str, **env: str) -> tuple[int, list[str]]:
        program = self.new_program(self.serve())
        root = program.folder / "root"
        root.mkdir()
        enter = program.folder / "enter"
        enter.write_text(ENTER.format(marks=" ".join(marks), root=root, binary=program.binary))
        enter.chmod(0o755)
        program.binary = str(enter)
        return self.shown(program, env=env)

    def test_no_mark(self):
        self.assert_by_ssh(*self.shown_with(), f"ada@{NAME}", "From another one:")
        self.assert_by_ssh(*self.shown_with(AWS_EXECUTION_ENV="AWS_ECS_FARGATE"), f"ada@{NAME}", "From another one:")

    def test_container(self):
        for mark in ("/.dockerenv", "/run/.containerenv"):
            with self.subTest(mark):
                port, lines = self.shown_with(mark)
                self.assertEqual(lines[0], f"The browser must reach port {port} of this container's own 127.0.0.1,")

    def test_container_with_sshd(self):
        self.assert_by_ssh(*self.shown_with("/.dockerenv", SSH_CONNECTION="a 1 192.0.2.7 2222"), "-p 2222 ada@192.0.2.7")


if __name__ == "__main__":
    unittest.main()
