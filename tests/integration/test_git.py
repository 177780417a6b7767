"""The credential helper with the real git, against a git server that checks each token."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from git_server import GitServer  # noqa: E402
from program import ProgramTestCase, config_for, sign_in_url  # noqa: E402
from provider import Provider  # noqa: E402
from running import OnTerminal  # noqa: E402


def age(token_set: dict) -> None:
    """Makes a stored token one that has expired."""
    token_set["minted_at"] -= 7200
    token_set["expires_at"] -= 7200


SOURCE = pathlib.Path(os.environ.get("GROK_AUTH_SOURCE", pathlib.Path(__file__).resolve().parents[2]))


class GitTestCase(ProgramTestCase):
    """A git server; a world whose profile answers for it, and a git that has the program as its helper."""

    provider_settings = {"interval": 1, "access_token_ttl": 3600}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = GitServer(cls.provider)
        cls.addClassCleanup(cls.server.close)

    def setUp(self) -> None:
        super().setUp()
        self.server.seen.clear()
        self.server.refused.clear()
        self.program.configure(self.config([self.server.host]))
        tools = self.program.folder / "tools"
        tools.mkdir()
        (tools / "git-credential-grok-auth").symlink_to(self.program.binary)
        self.environment = {
            **self.program.environment,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_SSL_CAINFO": self.server.ca,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
        }  # fmt: skip
        self.use_helpers("grok-auth")

    def config(self, hosts: list[str], username: str | None = None, **changes) -> str:
        """config.toml with a profile `test` that answers git for these hosts."""
        lines = [config_for(self.provider, **changes), "[profile.test.git]", f"hosts = {hosts}"]
        return "\n".join([*lines, f'username = "{username}"' if username else "", ""])

    def use_for_host(self, *others: str) -> None:
        """What the manual and examples/gitconfig show: these helpers for all hosts, and ours alone for the server's."""
        lines = ["[credential]", *(f"\thelper = {helper}" for helper in others)]
        lines += [f'[credential "{self.server.url.rstrip("/")}"]', "\thelper =", "\thelper = grok-auth"]
        (self.program.home / ".gitconfig").write_text("\n".join(lines) + "\n")

    def use_helpers(self, *helpers: str, **settings: str) -> None:
        """Makes these git's credential helpers, in this order; `settings` are further keys of [credential]."""
        lines = ["[credential]", *(f"\thelper = {helper}" for helper in helpers)]
        lines += [f"\t{name} = {value}" for name, value in settings.items()]
        (self.program.home / ".gitconfig").write_text("\n".join(lines) + "\n")

    def git(self, *arguments: str, folder: pathlib.Path | None = None, input_text: str = "", status: int = 0):
        """Runs git to its end, which must have this status."""
        run = subprocess.run(["git", *arguments], cwd=folder or self.program.folder, env=self.environment,
                             input=input_text, capture_output=True, text=True, timeout=60)  # fmt: skip
        self.assertEqual(run.returncode, status, run)
        self.assertNotIn("eyJ", run.stderr, "a token was told")
        return run

    def clone(self, name: str = "clone", **options) -> pathlib.Path:
        """A clone of the server's repository."""
        self.git("clone", "--quiet", f"{self.server.url}team/repo.git", name, **options)
        return self.program.folder / name

    def fill(self, *lines: str, **options) -> dict[str, str]:
        """What `git credential fill` answers."""
        out = self.git("credential", "fill", input_text="\n".join([*lines, "", ""]), **options).stdout
        return dict(line.partition("=")[::2] for line in out.splitlines())

    def helper(self, operation: str, *lines: str, status: int = 0) -> str:
        """What the helper alone answers."""
        text = "".join(f"{line}\n" for line in lines)
        run = subprocess.run(["git-credential-grok-auth", operation], env=self.environment, input=text,
                             capture_output=True, text=True, timeout=60)  # fmt: skip
        self.assertEqual(run.returncode, status, run)
        return run.stdout

    def refreshes(self) -> int:
        return sum(request["form"].get("grant_type") == "refresh_token" for request in self.provider.requests("token"))


class Git(GitTestCase):
    def test_clone_fetch_and_push_with_a_cached_token(self):
        token = self.program.sign_in(self.provider)["access_token"]
        self.provider.reset()
        folder = self.clone()
        self.assertEqual((folder / "README").read_text(), "hello\n")
        (folder / "big").write_bytes(os.urandom(3_000_000))  # more than git sends in one piece
        self.git("add", "big", folder=folder)
        self.git("commit", "--quiet", "--message=big", folder=folder)
        self.git("push", "--quiet", "origin", "HEAD:refs/heads/other", folder=folder)
        self.git("fetch", "--quiet", folder=folder)
        accepted = [one for one in self.server.seen if one.status == 200]
        self.assertEqual({(one.scheme, one.username, one.token) for one in accepted}, {("Basic", "oauth2", token)})
        ours = [request for request in self.provider.requests() if request["route"] != "jwks"]
        self.assertEqual(ours, [], "the cached token costs no request")

    def test_expired_token_is_refreshed(self):
        first = self.program.sign_in(self.provider)["access_token"]
        self.program.change_state_json(".json", age)
        self.clone()
        self.assertEqual(self.refreshes(), 1)
        self.assertNotIn(first, {one.token for one in self.server.seen})

    def test_refused_token_is_erased_and_the_next_try_works(self):
        first = self.program.sign_in(self.provider)["access_token"]
        self.server.refused.add(first)
        failed = self.git("clone", f"{self.server.url}team/repo.git", "failed", status=128)
        self.assertIn("Authentication failed", failed.stderr)
        self.assertEqual(self.refreshes(), 0)
        self.clone()
        self.assertEqual(self.refreshes(), 1)
        self.assertIsNotNone(self.program.state_json(".json"), "the login is kept")
        self.assertEqual({one.token == first for one in self.server.seen if one.status == 200}, {False})

    def test_erased_token_is_not_handed_out_when_the_server_is_down(self):
        token = self.program.sign_in(self.provider)["access_token"]
        request = ["protocol=https", f"host={self.server.host}"]
        self.helper("erase", *request, "username=oauth2", f"password={token}")
        self.provider.settings(fail_next={"route": "token", "status": 503, "count": 9})
        self.assertEqual(self.helper("get", *request, status=1), "")
        run = self.program.as_grok(expired=False)
        self.assertIn("/device", sign_in_url(run), "a sign-in run would rather print a token that lasts")
        run.end()

    def test_no_login_and_no_terminal_fails_cleanly(self):
        failed = self.git("clone", f"{self.server.url}team/repo.git", "failed", status=128)
        self.assertIn("grok-auth: error: nobody is signed in", failed.stderr)
        self.assertIn("grok-auth login --profile test", failed.stderr)
        self.assertEqual(self.provider.requests(), [], "nobody was asked to sign in")

    def test_sign_in_at_the_terminal(self):
        self.environment["GIT_TERMINAL_PROMPT"] = "1"
        command = ["git", "clone", f"{self.server.url}team/repo.git", str(self.program.folder / "clone")]
        run = OnTerminal(command, {**self.environment, "TERM": "xterm-256color"})
        self.addCleanup(run.end)
        address = run.wait_for(r"https://\S+user_code=\S+", 20, "stdout").group()
        self.provider.approve(url=address)
        self.assertEqual(run.wait(30).status, 0, run.stdout)
        self.assertTrue((self.program.folder / "clone/README").exists())
        self.assertNotIn("eyJ", run.stdout)


class Protocol(GitTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.token = self.program.sign_in(self.provider)["access_token"]
        self.request = ["protocol=https", f"host={self.server.host}"]

    def test_get(self):
        answer = dict(line.split("=", 1) for line in self.helper("get", *self.request).splitlines())
        self.assertEqual(set(answer), {"username", "password", "password_expiry_utc"})
        self.assertEqual((answer["username"], answer["password"]), ("oauth2", self.token))
        self.assertEqual(int(answer["password_expiry_utc"]), self.program.state_json(".json")["expires_at"])
        self.assertEqual(self.helper("get", *self.request, "username=ada").splitlines()[0], "username=ada")

    def test_get_with_authtype(self):
        """git 2.46 and later; Debian 12's is older, so the protocol is spoken here."""
        lines = self.helper("get", "capability[]=authtype", "capability[]=state", *self.request).splitlines()
        self.assertEqual(lines[:4], ["capability[]=authtype", "authtype=Bearer", f"credential={self.token}", "ephemeral=1"])
        self.helper("erase", "capability[]=authtype", *self.request, "authtype=Bearer", f"credential={self.token}")
        again = self.helper("get", "capability[]=authtype", *self.request)
        self.assertNotIn(self.token, again)
        self.assertEqual(self.refreshes(), 1)

    def test_a_bearer_token_is_what_the_server_takes(self):
        lines = self.helper("get", "capability[]=authtype", *self.request).splitlines()
        token = dict(line.split("=", 1) for line in lines)["credential"]
        run = self.git("-c", f"http.extraHeader=Authorization: Bearer {token}", "-c", "credential.helper=",
                       "ls-remote", f"{self.server.url}team/repo.git")  # fmt: skip
        self.assertIn("refs/heads/main", run.stdout)
        self.assertIn(("Bearer", 200), {(one.scheme, one.status) for one in self.server.seen})

    def test_what_is_not_ours_is_left_to_the_next_helper(self):
        for lines in (["protocol=https", "host=other.example"], ["protocol=http", f"host={self.server.host}"],
                      ["protocol=https"], [f"host={self.server.host}"], [], ["protocol=https", "host=localhost"]):
            with self.subTest(lines):
                self.assertEqual(self.helper("get", *lines), "")
        self.assertEqual(self.helper("store", *self.request, "username=u", "password=p"), "")
        self.assertEqual(self.helper("capability"), "")
        self.assertEqual(self.helper("frobnicate", *self.request), "")
        self.assertEqual(self.fill(*self.request)["password"], self.token, "nothing was stored or forgotten")

    def test_another_password_is_not_erased(self):
        self.helper("erase", *self.request, "username=oauth2", "password=other")
        self.helper("erase", *self.request)
        self.assertIn(self.token, self.helper("get", *self.request))
        self.assertEqual(self.refreshes(), 0)

    def test_bad_input_gets_no_token(self):
        for lines in ([*self.request, "x\r=1"], [*self.request, "username=a\rb"], [*self.request, "nonsense"],
                      [*self.request, "a=\0"], [*self.request, "wwwauth[]=" + "a" * 70000]):
            with self.subTest(lines[-1][:20]):
                self.assertEqual(self.helper("get", *lines, status=2), "")

    def test_the_built_in_profile_answers_for_its_api_alone(self):
        """Nobody is signed in to it, and that is what is said."""
        run = subprocess.run([self.program.binary, "credential", "get"], env=self.environment,
                             input="protocol=https\nhost=api.x.ai\n", capture_output=True, text=True)  # fmt: skip
        self.assertEqual((run.returncode, run.stdout), (3, ""), run)
        self.assertIn("--profile xai", run.stderr)
        self.assertEqual(self.helper("get", "protocol=https", "host=x.ai"), "")

    def test_storing_helpers_before_and_after(self):
        for helpers in (["grok-auth", "store"], ["store", "grok-auth"], ["grok-auth", "cache"], ["cache", "grok-auth"]):
            with self.subTest(helpers):
                self.use_helpers(*helpers)
                self.clone("clone-" + "-".join(helpers))
                self.git("credential", "approve", input_text="protocol=https\nhost=other.example\n"
                         "username=u\npassword=p\n\n")  # fmt: skip
                self.assertEqual(self.fill("protocol=https", "host=other.example")["password"], "p")
                self.git("credential", "reject", input_text="protocol=https\nhost=other.example\n\n")
                self.git("credential-cache", "exit")
                (self.program.home / ".git-credentials").unlink(missing_ok=True)

    def test_no_other_helper_gets_the_token(self):
        """As it is documented: git would give what one helper answers to all of them to store."""
        self.use_for_host("store", "cache")
        self.clone()
        self.git("credential", "approve", input_text=f"protocol=https\nhost={self.server.host}\nusername=oauth2\n"
                 f"password={self.token}\n\n")  # fmt: skip
        self.assertFalse((self.program.home / ".git-credentials").exists())
        self.git("credential-cache", "exit")
        self.program.run("logout")
        self.git("clone", f"{self.server.url}team/repo.git", "after-logout", status=128)

    def test_the_example(self):
        """examples/gitconfig as it is: git asks for its hosts, with the profile that it names."""
        example = (SOURCE / "examples/gitconfig").read_text()
        calls = self.program.folder / "calls"
        helper = self.program.folder / "tools/git-credential-grok-auth"
        helper.unlink()
        helper.write_text(f'#!/bin/sh\ncat >/dev/null\necho "$@" >>{calls}\n')
        helper.chmod(0o755)
        (self.program.home / ".gitconfig").write_text("[credential]\n\thelper = store\n" + example)
        for url in ("https://git.acme.example.com/x", "https://code.acme.example.com:8443/team/x"):
            self.git("credential", "fill", input_text=f"url={url}\n\n", status=128)
        self.assertEqual(calls.read_text().splitlines(), ["get", "--profile work get"])

    def test_who_is_told_not_to_prompt_is_not_asked(self):
        self.program.run("logout")
        for value in ("0", "false", "no", "OFF"):
            run = OnTerminal([self.program.binary, "credential", "get"],
                             {**self.environment, "TERM": "xterm-256color", "GIT_TERMINAL_PROMPT": value})  # fmt: skip
            self.addCleanup(run.end)
            run.type(f"protocol=https\nhost={self.server.host}\n\n")
            result = run.wait(15)
            self.assertEqual(result.status, 3, (value, result))
            self.assertIn("nobody is signed in", result.stdout)

    def test_paths(self):
        self.program.configure(self.config([f"{self.server.host}/team"]))
        self.use_helpers("grok-auth", useHttpPath="true")
        self.clone()
        self.server.add_repository("teams/repo.git")
        self.git("clone", f"{self.server.url}teams/repo.git", "other", status=128)
        self.use_helpers("grok-auth")
        self.git("clone", f"{self.server.url}team/repo.git", "without-path", status=128)


class TwoProfiles(GitTestCase):
    def test_each_answers_for_its_own_host(self):
        with Provider(interval=1) as other_provider:
            other = GitServer(other_provider)
            self.addCleanup(other.close)
            profile = config_for(other_provider).partition("[profile.test]")[2]
            self.program.configure("\n".join([
                self.config([self.server.host], username="ada"), "[profile.other]", profile,
                "[profile.other.git]", f'hosts = ["{other.host}"]', ""]))  # fmt: skip
            bundle = self.program.folder / "bundle.pem"
            bundle.write_text(pathlib.Path(self.server.ca).read_text() + pathlib.Path(other.ca).read_text())
            self.environment["GIT_SSL_CAINFO"] = str(bundle)
            tokens = {self.server.host: self.program.sign_in(self.provider)["access_token"],
                      other.host: self.program.sign_in(other_provider, "--profile", "other")["access_token"]}
            self.git("clone", "--quiet", f"{self.server.url}team/repo.git", "one")
            self.git("clone", "--quiet", f"{other.url}team/repo.git", "two")
            for server, username in ((self.server, "ada"), (other, "oauth2")):
                used = {(one.username, one.token) for one in server.seen if one.token}
                self.assertEqual(used, {(username, tokens[server.host])})
            with self.subTest("--profile narrows it"):
                self.use_helpers("grok-auth --profile other")
                self.git("clone", f"{self.server.url}team/repo.git", "three", status=128)


if __name__ == "__main__":
    unittest.main()
