"""git's own suite for credential helpers (t0303, a tool of git for the authors of helpers), with grok-auth before `store`.

The suite wants a helper that stores for any host. grok-auth answers for its own hosts only, so it is chained before one
that does, as users chain it: whatever is asked first of one and then of the other must come out as with `store` alone. The
suite is that of Debian's git, from Debian's source package.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import Program  # noqa: E402

# What gitcredentials(7) says of several helpers: for get the first answer counts, the rest goes to all of them.
CHAIN = """#!/bin/sh
request=$(mktemp) && answer=$(mktemp) || exit 1
trap 'rm -f "$request" "$answer"' EXIT
cat >"$request"
"$GROK_AUTH" credential "$1" <"$request" >"$answer" || echo "grok-auth ended with $?" >>"$FAILURES"
test ! -s "$answer" || echo "grok-auth answered $1" >>"$FAILURES"
exec git credential-store "$1" <"$request"
"""


def fetch_source(folder: pathlib.Path) -> pathlib.Path:
    """The source of the git that is installed, unpacked in `folder`. CalledProcessError when it cannot be had."""
    sources = folder / "sources.list"
    sources.write_text("deb-src http://deb.debian.org/debian bookworm main\n")
    (folder / "lists/partial").mkdir(parents=True)
    apt = ["apt-get", "-qq", "-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=-",
           "-o", f"Dir::State::Lists={folder}/lists", "-o", "APT::Sandbox::User=root"]  # fmt: skip
    for command in ([*apt, "update"], [*apt, "source", "--download-only", "git"]):
        subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    archive = next(folder.glob("git_*.orig.tar.xz"))
    subprocess.run(["tar", "xf", archive], cwd=folder, check=True)
    return next(path for path in folder.glob("git-*") if path.is_dir())


class GitSuite(unittest.TestCase):
    def test_store_works_as_if_alone(self):
        with tempfile.TemporaryDirectory(prefix="grok-auth-git-suite-") as name:
            folder = pathlib.Path(name)
            source = fetch_source(folder)
            make = ["make", "-s", "NO_GETTEXT=1", "NO_TCLTK=1", "NO_PYTHON=1"]
            for command in ([*make, "GIT-BUILD-OPTIONS"], [*make, "-C", "templates"]):
                subprocess.run(command, cwd=source, check=True, stdin=subprocess.DEVNULL, capture_output=True)
            # Of the suite's own tool only the date is asked for.
            tool = source / "t/helper/test-tool"
            tool.write_text('#!/bin/sh\ntest "$1" = date\n')
            tool.chmod(0o755)
            tools = folder / "tools"
            tools.mkdir()
            (tools / "git-credential-chain").write_text(CHAIN)
            (tools / "git-credential-chain").chmod(0o755)
            program = Program('[profile.work]\nissuer = "https://id.example"\nclient_id = "c"\n'
                              '[profile.work.git]\nhosts = ["git.work.example"]\n')  # fmt: skip
            self.addCleanup(program.close)
            failures = folder / "failures"
            environment = {
                **program.environment,
                "PATH": f"{tools}:{os.environ['PATH']}",
                "GIT_TEST_INSTALLED": "/usr/bin",
                "GIT_TEST_CREDENTIAL_HELPER": "chain",
                "GROK_AUTH": program.binary,
                "FAILURES": str(failures),
            }
            with open(folder / "out", "w+") as out:
                subprocess.run(["bash", "./t0303-credential-external.sh"], cwd=source / "t", env=environment,
                               stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=120)  # fmt: skip
                out.seek(0)
                text = out.read()
            outcomes = re.findall(r"(?m)^(ok|not ok) \d+ - (.*)", text)
            self.assertEqual([what for outcome, what in outcomes if outcome != "ok"], [], text)
            self.assertGreaterEqual(len(outcomes), 12, text)
            self.assertFalse(failures.exists() and failures.read_text(), failures)
            print(f"figure: git's suite for credential helpers, grok-auth before store: {len(outcomes)} of {len(outcomes)}")


if __name__ == "__main__":
    unittest.main()
