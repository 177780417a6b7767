"""Logins of grok-auth to measure: in the file, in the keyring, and one in the file that is to be renewed."""

import json
import os
import pathlib
import shutil
from urllib.parse import urlencode

from keyring import Session
from measuring import Row
from other_system import add_authority
from program import PROFILE, Program, config_for
from provider import CLIENT_ID, Provider
from refreshing import age

TOKEN = "grok-auth-bench-" * 75  # 1.2 kB, the size of the tokens of most servers
SPENT = "grok-auth-spent-" * 75  # what it must not print instead
CERTIFICATES = "/etc/ssl/certs"
BUNDLE = f"{CERTIFICATES}/ca-certificates.crt"


class Stored:
    """A login at `provider`, kept in the keyring of `session` or, without one, in the file."""

    def __init__(self, provider: Provider, session: Session | None = None):
        self.program = Program(config_for(provider, store="libsecret" if session else "file"))
        self.environment = {**self.program.environment, **(session.environment if session else {})}
        self.program.sign_in(provider, env=self.environment)

    def row(self, name: str, binary: str, without: tuple[str, ...] = ()) -> Row:
        """A provider run that finds a fresh token; `without` some variables of the environment."""
        environment = {name: value for name, value in self.environment.items() if name not in without}
        return Row(name, [binary], environment, expected=TOKEN)


class Renewed:
    """A login in the file whose token has expired whenever a run begins. The server keeps its refresh token, so that a run
    can begin where the one before it began, and the authority that vouches for the server is the system's: see `trusting`."""

    def __init__(self, provider: Provider):
        self._provider = provider
        self._program = Program(config_for(provider, ca_file=None))
        self._program.sign_in(provider, env={"SSL_CERT_FILE": provider.ca})
        self._program.change_state_json(".json", _spend)
        provider.settings(refresh_without_new_token=True)
        self._expired = self._program.folder / "expired"
        shutil.copytree(self._program.state_folder, self._expired)

    def trusting(self) -> tuple[str, ...]:
        """A command that runs its arguments on this machine with that one authority more in its certificates, added as
        update-ca-certificates does."""
        copy = self._program.folder / "certs"
        shutil.copytree(CERTIFICATES, copy, symlinks=True)
        add_authority(self._provider.ca, copy)
        with open(copy / pathlib.Path(BUNDLE).name, "ab") as bundle:
            bundle.write(pathlib.Path(self._provider.ca).read_bytes())
        user = () if os.geteuid() == 0 else ("--map-root-user",)
        return ("unshare", "--mount", *user, "sh", "-ec", f'mount --bind "$0" {CERTIFICATES}; exec "$@"', str(copy))

    def row(self, name: str, binary: str, **environment: str) -> Row:
        """Grok's headless run."""
        variables = {**self._program.environment, "GROK_AUTH_EXPIRED": "1", **environment}
        files = [str(file) for file in self._expired.glob(f"{PROFILE}.*")]
        before = ("/usr/bin/cp", *files, str(self._program.state_folder))
        return Row(name, [binary], variables, expected=TOKEN, before=before)

    def curl(self, name: str, *options: str) -> Row:
        """The same request, without keeping what comes. curl reads the bundle, unless `options` say otherwise."""
        tokens = json.loads((self._expired / f"{PROFILE}.json").read_text())
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": CLIENT_ID}
        command = ["/usr/bin/curl", "--silent", "--fail", *options, "--data", urlencode(form), tokens["token_endpoint"]]
        return Row(name, command, self._program.environment, expected=TOKEN)

    def close(self) -> None:
        """Removes it."""
        self._program.close()


def _spend(token_set: dict) -> None:
    age(token_set)
    token_set["access_token"] = SPENT
