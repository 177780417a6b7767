"""A home that two containers share: each has processes of its own and a /proc that shows no others, and still one of all its
runs refreshes for everybody."""

import os
import pathlib
import shlex
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from refreshing import GROKS_PATIENCE, Gate, ScriptedRefreshTestCase, kill, stop, wait_until  # noqa: E402
from running import Running  # noqa: E402

RUNS = 20
COMMAND = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", "echo ready; exec sleep 600"]


class Container:
    """A PID namespace with a /proc of its own. `environment` takes a wrapped program into it."""

    def __init__(self):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process = subprocess.Popen(COMMAND, text=True, **pipes)
        if self._process.stdout.readline() != "ready\n":
            error = self._process.stderr.read()
            self.close()
            raise OSError(f"no PID namespace can be made: {error}")
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        self._init = int(children.read_text())
        self.environment = {"TEST_CONTAINER": str(self._init)}

    def kill(self) -> None:
        """Ends it as `docker kill` does, with everything in it."""
        kill(self._init)

    def close(self) -> None:
        self._process.kill()  # which takes the namespace along
        self._process.wait()
        self._process.stdout.close()
        self._process.stderr.close()


class TwoContainers(ScriptedRefreshTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.containers = [self.new_container(), self.new_container()]
        wrapper = self.program.folder / "in-container"
        inside = f'nsenter --target "$TEST_CONTAINER" --pid --mount -- {shlex.quote(self.program.binary)} "$@"'
        wrapper.write_text(f"#!/bin/sh\nexec {inside}\n")
        wrapper.chmod(0o700)
        self.program.binary = str(wrapper)

    def new_container(self) -> Container:
        try:
            container = Container()
        except OSError as error:
            self.assertFalse(os.environ.get("CI"), str(error))
            self.skipTest(str(error))
        self.addCleanup(container.close)
        return container

    def start(self, container: Container, expired: bool = True) -> Running:
        """A run in a container."""
        return self.program.as_grok(expired=expired, env=container.environment)

    def start_held(self, gate: Gate) -> tuple[Running, int]:
        """A run in the first container whose request is at the gate, and its own process."""
        run = self.start(self.containers[0])
        gate.wait_until_reached()
        return run, child_of(run.pid)

    def start_waiting(self) -> Running:
        """A run in the second container that has begun."""
        run = self.start(self.containers[1])
        wait_until(lambda: self.has_begun(run), "the run does not open the state folder")
        return run

    def has_begun(self, run: Running) -> bool:
        try:
            opened = pathlib.Path(f"/proc/{child_of(run.pid)}/fd")
            return any(os.readlink(entry) == str(self.program.state_folder) for entry in opened.iterdir())
        except (OSError, ValueError):
            return False

    def test_runs_in_both_make_one_request(self):
        gate = Gate()
        self.server.before = [gate]
        runs = [self.start(container, expired=False) for _ in range(RUNS) for container in self.containers]
        wait_until(lambda: all(self.has_begun(run) for run in runs), "not every run opens the state folder")
        gate.open()
        results = [run.wait(60) for run in runs]
        self.assertEqual({result.status for result in results}, {0}, results)
        self.assertEqual({result.json["access_token"] for result in results}, {"access-1"})
        self.assertEqual(self.server.sent(), ["stored-refresh-token"])

    def test_worker_of_one_serves_the_other(self):
        """Even when the run that started it was killed."""
        gate = Gate()
        self.server.after = [gate]
        first, process = self.start_held(gate)
        second = self.start_waiting()
        kill(process)
        self.assertEqual(first.wait().status, -signal.SIGKILL)
        gate.open()
        result = second.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "access-1"), result)
        self.assertEqual(len(self.server.sent()), 1)

    def test_end_of_one_in_the_middle_of_a_refresh(self):
        """What kills a container kills the worker; the other one tries again at once, with the same refresh token."""
        gate = Gate()
        self.server.before = [gate]
        first, _ = self.start_held(gate)
        second = self.start_waiting()
        self.containers[0].kill()
        self.assertNotEqual(first.wait().status, 0)
        result = second.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "access-1"), result)
        self.assertEqual(self.server.sent(), ["stored-refresh-token"] * 2)

    def test_stopped_worker_of_the_other(self):
        """It cannot be seen from here: the run ends in time, and names no process that is somebody else's here."""
        gate = Gate()
        self.server.after = [gate]
        _, process = self.start_held(gate)
        worker = child_of(process)
        stop(self, worker)
        gate.open()
        result = self.start(self.containers[1]).wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertLess(result.seconds, GROKS_PATIENCE)
        self.assertNotRegex(result.stderr, r"process -?\d")
        os.kill(worker, signal.SIGCONT)
        wait_until(lambda: self.program.state_json(".json")["generation"] == 2, "the worker does not save")
        self.assertEqual(self.start(self.containers[1]).wait().json["access_token"], "access-1")
        self.assertEqual(len(self.server.sent()), 1)


def child_of(pid: int) -> int:
    """The only child of a process."""
    [child] = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


if __name__ == "__main__":
    unittest.main()
