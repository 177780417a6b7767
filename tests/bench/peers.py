"""The programs of others that hand out a token: each set up in a private folder, with the same token stored."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess

from measuring import Row
from refreshing import wait_until
from scripted_provider import CLIENT_ID, ScriptedProvider, tokens

GIT_PROGRAMS = pathlib.Path("/usr/lib/git-core")  # git itself starts them by a further program
CACHE = "git-credential-cache, its daemon running"
SECRET_TOOL = "secret-tool lookup"
REQUEST = "protocol=https\nhost=git.example\n\n"
SERVER = "https://docker.example"


class Peers(contextlib.ExitStack):
    """Rows for the other programs, and what some of them need to run, until the end of a `with`. `environment` leads to
    the keyring."""

    def __init__(self, folder: pathlib.Path, environment: dict[str, str], token: str):
        super().__init__()
        self._folder = folder
        self._environment = environment
        self._token = token

    def rows(self) -> list[Row]:
        """Sets everything up, and says which programs are left out because that failed."""
        self._request = self._file("request", REQUEST)
        rows = []
        for set_up in self._git, self._keyring, self._docker, self._git_oauth, self._oidc_agent, self._github:
            try:
                rows += set_up()
            except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
                print(f"figure: left out: {error}")
        return rows

    def _git(self) -> list[Row]:
        credential = self._file("credential", f"{REQUEST.strip()}\nusername=ada\npassword={self._token}\n\n")
        store = [str(GIT_PROGRAMS / "git-credential-store"), "--file", str(self._folder / "credentials")]
        sockets = self._make("sockets")
        cache = [str(GIT_PROGRAMS / "git-credential-cache"), "--socket", str(sockets / "socket")]
        self._run([*store, "store"], credential)
        self._run([*cache, "store"], credential)
        self.callback(self._run, [*cache, "exit"])
        return [
            self._row("git-credential-store", [*store, "get"], self._request),
            self._row(CACHE, [*cache, "get"], self._request),
        ]

    def _keyring(self) -> list[Row]:
        secret = self._file("secret", self._token)
        self._run(["secret-tool", "store", "--label=bench", "purpose", "bench"], secret)
        return [self._row(SECRET_TOOL, ["secret-tool", "lookup", "purpose", "bench"])]

    def _docker(self) -> list[Row]:
        docker = json.dumps({"ServerURL": SERVER, "Username": "ada", "Secret": self._token})
        self._run(["docker-credential-secretservice", "store"], self._file("docker", docker))
        command = ["docker-credential-secretservice", "get"]
        return [self._row("docker-credential-secretservice", command, self._file("server", SERVER))]

    def _git_oauth(self) -> list[Row]:
        row = self._row("git-credential-oauth, a host it does not know", ["git-credential-oauth", "get"], self._request)
        return [row._replace(expected="")]  # it keeps no tokens

    def _oidc_agent(self) -> list[Row]:
        # It authenticates by HTTP Basic, without a secret; the real server refuses that of a public client.
        provider = self.enter_context(ScriptedProvider(token=[tokens(access_token=self._token)]))
        known = {"scopes_supported": ["openid"], "grant_types_supported": ["refresh_token"], "response_types_supported": []}
        provider.answers["discovery"] = [(200, {**provider.metadata, **known})]
        self._make("home/.oidc-agent")
        socket = self._make("agent") / "socket"
        agent = self.enter_context(subprocess.Popen(
            [_path_of("oidc-agent"), "--console", f"--socket-path={socket}"], env=self._environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))  # fmt: skip
        self.callback(agent.terminate)
        wait_until(socket.exists, "oidc-agent does not come up")
        account = [f"--issuer={provider.issuer}", f"--client-id={CLIENT_ID}", "--client-secret=", "--refresh-token=x",
                   f"--cert-path={provider.ca}", "--scope=openid", "--redirect-uri=http://localhost:4242"]  # fmt: skip
        environment = {"OIDC_SOCK": str(socket)}
        self._run(["oidc-gen", "bench", "--manual", "--flow=refresh", "--prompt=none", "--pw-env=PASSWORD", *account],
                  environment={**environment, "PASSWORD": "bench"})  # fmt: skip
        row = self._row("oidc-token, its agent running", ["oidc-token", "bench"])
        return [row._replace(environment={**row.environment, **environment})]

    def _github(self) -> list[Row]:
        folder = self._make("gh")
        (folder / "hosts.yml").write_text(f"github.com:\n    user: ada\n    oauth_token: {self._token}\n")
        row = self._row("gh auth token", ["gh", "auth", "token"])
        return [row._replace(environment={**row.environment, "GH_CONFIG_DIR": str(folder)})]

    def _row(self, name: str, command: list[str], source: str = os.devnull) -> Row:
        return Row(name, [_path_of(command[0]), *command[1:]], self._environment, source, self._token)

    def _run(self, command: list[str], source: str = os.devnull, environment: dict | None = None) -> None:
        output = self._folder / "output"  # a daemon that stays would keep a pipe open
        with open(source, "rb") as text, open(output, "wb") as out:
            done = subprocess.run(command, env={**self._environment, **(environment or {})}, stdin=text, timeout=60,
                                  stdout=out, stderr=subprocess.STDOUT)  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {output.read_text()}")

    def _file(self, name: str, text: str) -> str:
        path = self._folder / name
        path.write_text(text)
        return str(path)

    def _make(self, name: str) -> pathlib.Path:
        folder = self._folder / name
        folder.mkdir(mode=0o700, parents=True)
        return folder


def _path_of(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise RuntimeError(f"{program} is not installed")
    return path
