"""Grok's own OIDC settings as a profile: a company that has configured Grok needs to configure nothing else."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, asked, registered_port, visit  # noqa: E402
from program import Program, ProgramTestCase, sign_in_url  # noqa: E402
from provider import CLIENT_ID, SCOPES  # noqa: E402
from scripted_provider import refusal, tokens  # noqa: E402

GROK_SCOPES = "openid profile email offline_access api:access"
SECTIONS = ("auth", "grok_com_config")


def section(name: str, **keys) -> str:
    """`[name.oidc]` of Grok's config.toml."""
    return "\n".join([f"[{name}.oidc]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()), ""])


def new_program(case: unittest.TestCase, grok_config: str | None = None, config: str | None = None) -> Program:
    """A world with this config.toml of Grok, and of ours."""
    program = Program(config)
    case.addCleanup(program.close)
    if grok_config is not None:
        (program.home / ".grok").mkdir()
        (program.home / ".grok" / "config.toml").write_text(grok_config)
    return program


class RealServer(ProgramTestCase):
    def environment(self) -> dict[str, str]:
        return {"SSL_CERT_FILE": self.provider.ca, "GROKAUTH_STORE": "file"}

    def settings(self) -> dict:
        return {"issuer": self.provider.issuer, "client_id": CLIENT_ID, "scopes": SCOPES}

    def assert_signs_in(self, program: Program, env: dict, issuer: str | None = None) -> None:
        answer = program.sign_in(self.provider, env=env)
        self.assertEqual(answer["issuer"], issuer or self.provider.issuer)
        self.assertEqual(program.state_json(".json", "grok-oidc")["access_token"], answer["access_token"])
        status = program.run("status", "--json", env=env).json
        self.assertEqual((status["profile"], status["status"]), ("grok-oidc", "connected"))
        asked_for = self.provider.requests("device_authorization")[-1]["form"]
        self.assertEqual((asked_for["client_id"], asked_for["scope"]), (CLIENT_ID, " ".join(SCOPES)))

    def test_environment(self):
        env = {**self.environment(), "GROK_OIDC_ISSUER": self.provider.issuer, "GROK_OIDC_CLIENT_ID": CLIENT_ID,
               "GROK_OIDC_SCOPES": ",".join(SCOPES)}
        program = new_program(self)
        self.assert_signs_in(program, env)
        self.provider.reset()
        self.assertEqual(program.run(env=env).status, 0)  # cached
        self.assertEqual(program.run("refresh", env=env).status, 0)  # the worker finds the profile too
        self.assertEqual([request["form"]["grant_type"] for request in self.provider.requests("token")], ["refresh_token"])
        self.assertEqual(program.run("logout", env=env).status, 0)
        self.assertEqual(len(self.provider.requests("revocation")), 1)

    def test_file(self):
        for name in SECTIONS:
            with self.subTest(name):
                self.assert_signs_in(new_program(self, section(name, **self.settings())), self.environment())

    def test_folder_that_grok_home_names(self):
        program = new_program(self)
        folder = program.folder / "elsewhere"
        folder.mkdir()
        (folder / "config.toml").write_text(section("auth", **self.settings()))
        self.assert_signs_in(program, {**self.environment(), "GROK_HOME": str(folder)})

    def test_by_the_browser(self):
        self.enterContext(registered_port())
        program = new_program(self, section("auth", **self.settings()))
        run = program.as_grok(expired=False, env={**self.environment(), "DISPLAY": ":99", "BROWSER": "true"})
        url = sign_in_url(run)
        self.assertEqual(asked(url)["client_id"], CLIENT_ID)
        visit(url, ca=self.provider.ca)
        result = run.wait()
        self.assertEqual((result.status, result.json["issuer"]), (0, self.provider.issuer), result)


class Precedence(LoopbackTestCase):
    """What the profile is made of, seen by what is asked of the server. The client is what differs."""

    def setUp(self):
        super().setUp()
        self.server = self.serve(device=[refusal("access_denied")])
        self.env = {"SSL_CERT_FILE": self.server.ca, "GROKAUTH_STORE": "file", "GROKAUTH_FLOW": "device"}

    def form(self, program: Program, *args: str, **env) -> dict:
        """The device authorization request of a run."""
        before = len(self.server.seen("device"))
        result = program.as_grok(*args, expired=False, env={**self.env, **env}).wait()
        forms = self.server.seen("device")[before:]
        self.assertEqual(len(forms), 1, result)
        del forms[0]["code_challenge"], forms[0]["code_challenge_method"]
        return forms[0]

    def issuer_in_environment(self, **more) -> dict:
        return {"GROK_OIDC_ISSUER": self.server.issuer, "GROK_OIDC_CLIENT_ID": "from-environment", **more}

    def test_environment_alone(self):
        program = new_program(self)
        expected = {"client_id": "from-environment", "scope": GROK_SCOPES}
        self.assertEqual(self.form(program, **self.issuer_in_environment()), expected)
        self.assertEqual(self.form(program, **self.issuer_in_environment(GROK_OIDC_AUDIENCE="api://grok")),
                         {**expected, "audience": "api://grok"})

    def test_scopes_are_separated_by_commas(self):
        program = new_program(self)
        for text, scope in (("openid", "openid"), ("openid,email", "openid email"), (" openid , email ,", "openid email"),
                            ("openid,,x:y", "openid x:y"), ("openid\t,\nemail", "openid email"), ("", GROK_SCOPES)):
            with self.subTest(text):
                form = self.form(program, **self.issuer_in_environment(GROK_OIDC_SCOPES=text))
                self.assertEqual(form["scope"], scope)

    def test_key_by_key(self):
        full = {name: {"issuer": self.server.issuer, "client_id": f"from-{name}", "audience": f"for-{name}", "scopes": [name]}
                for name in SECTIONS}
        environment = self.issuer_in_environment(GROK_OIDC_SCOPES="environment", GROK_OIDC_AUDIENCE="for-environment")
        for key, parameter in (("client_id", "client_id"), ("audience", "audience"), ("scopes", "scope")):
            for without in ((), ("grok_com_config",), SECTIONS):
                with self.subTest(key=key, without=without):
                    tables = {name: dict(full[name]) for name in SECTIONS}
                    for name in without:
                        del tables[name][key]
                    program = new_program(self, "".join(section(name, **tables[name]) for name in SECTIONS))
                    winner = next((name for name in ("grok_com_config", "auth") if name not in without), "environment")
                    expected = {
                        name: {"client_id": f"from-{name}", "audience": f"for-{name}", "scope": name}
                        for name in (*SECTIONS, "environment")
                    }
                    form = self.form(program, **environment)
                    self.assertEqual(form, {**expected["grok_com_config"], parameter: expected[winner][parameter]})

    def test_issuer_from_one_place_and_client_from_another(self):
        program = new_program(self, section("grok_com_config", issuer=self.server.issuer))
        self.assertEqual(self.form(program, GROK_OIDC_CLIENT_ID="c", GROK_OIDC_ISSUER="https://evil.test")["client_id"], "c")
        program = new_program(self, section("auth", client_id="c"))
        self.assertEqual(self.form(program, GROK_OIDC_ISSUER=self.server.issuer)["client_id"], "c")

    def test_values_of_another_type_count_as_absent(self):
        text = "[auth.oidc]\nissuer = 5\nclient_id = ['a']\nscopes = 'openid'\naudience = true\n[grok_com_config]\noidc = 'x'\n"
        form = self.form(new_program(self, text), **self.issuer_in_environment())
        self.assertEqual(form, {"client_id": "from-environment", "scope": GROK_SCOPES})

    def test_broken_file_counts_as_empty(self):
        for text in ("[auth.oidc\n", "\x00\x01", "auth = 1\nauth = 2\n", "\ufeff", "",
                     "[auth.oidc]\nclient_id = 'a'\nclient_id = 'b'\n"):
            with self.subTest(text):
                form = self.form(new_program(self, text), **self.issuer_in_environment())
                self.assertEqual(form["client_id"], "from-environment")

    def test_file_that_cannot_be_read_counts_as_empty(self):
        """It is Grok's to complain about, as a broken one is."""
        program = new_program(self)
        (program.home / ".grok" / "config.toml").mkdir(parents=True)
        self.assertEqual(self.form(program, **self.issuer_in_environment())["client_id"], "from-environment")

    def profile_of(self, program: Program, *args: str, **env) -> str:
        """The profile that a command takes, without the network."""
        return program.run("status", "--json", *args, env={**self.env, **self.issuer_in_environment(), **env}).json["profile"]

    def test_who_asks_for_a_profile_gets_it(self):
        work = f'[profile.work]\nissuer = "{self.server.issuer}"\nclient_id = "w"\n'
        for args, config, env, profile in (
            ([], None, {}, "grok-oidc"), (["--profile", "xai"], None, {}, "xai"), (["--profile", "xai-oauth"], None, {}, "xai"),
            ([], None, {"GROKAUTH_PROFILE": "xai"}, "xai"), ([], 'default_profile = "work"\n' + work, {}, "work"),
            ([], work, {}, "grok-oidc"), (["--profile", "work"], work, {}, "work"),
            (["--profile", "grok-oidc"], 'default_profile = "work"\n' + work, {}, "grok-oidc"),
            ([], 'default_profile = "work"\n' + work, {"GROKAUTH_PROFILE": "grok-oidc"}, "grok-oidc"),
            ([], 'default_profile = "grok-oidc"\n', {}, "grok-oidc"), ([], 'default_profile = "xai"\n', {}, "xai"),
        ):
            with self.subTest(args=args, config=config, env=env):
                self.assertEqual(self.profile_of(new_program(self, config=config), *args, **env), profile)

    def test_own_profile_of_that_name_wins(self):
        own = f'[profile.grok-oidc]\nissuer = "{self.server.issuer}"\nclient_id = "mine"\nscopes = ["mine"]\n'
        program = new_program(self, section("auth", issuer="https://evil.test", client_id="theirs", audience="theirs"), own)
        for args in (["--profile", "grok-oidc"], []):
            with self.subTest(args):
                if not args:
                    program.configure('default_profile = "grok-oidc"\n' + own)
                self.assertEqual(self.form(program, *args), {"client_id": "mine", "scope": "mine"})

    def test_settings_that_cannot_work(self):
        issuer = self.server.issuer
        for env, message in (({"GROK_OIDC_ISSUER": issuer}, "it needs both an issuer and a client id"),
                             ({"GROK_OIDC_CLIENT_ID": "c"}, "it needs both an issuer and a client id"),
                             ({"GROK_OIDC_ISSUER": "http://id.test", "GROK_OIDC_CLIENT_ID": "c"}, "is plain http"),
                             ({"GROK_OIDC_ISSUER": "http://localhost:1", "GROK_OIDC_CLIENT_ID": "c"}, "is plain http"),
                             ({"GROK_OIDC_ISSUER": "id.test", "GROK_OIDC_CLIENT_ID": "c"}, "is not an absolute https URL"),
                             ({"GROK_OIDC_ISSUER": issuer + "?a=b", "GROK_OIDC_CLIENT_ID": "c"}, "has a query or a fragment"),
                             ({"GROK_OIDC_ISSUER": "https://a:b@id.test", "GROK_OIDC_CLIENT_ID": "c"}, "carries a user name")):
            with self.subTest(env):
                program = new_program(self)
                result = program.run(env={**self.env, **env})
                self.assertEqual((result.status, result.stdout), (2, ""), result)
                self.assertRegex(result.stderr, r"\Agrok-auth: error: Grok's OIDC configuration \(GROK_OIDC_ISSUER.*" + message)
                self.assertIn("hint: ", result.stderr)
                # It is in nobody's way who asks for something else.
                status = program.run("status", "--json", "--profile", "xai", env={**self.env, **env})
                self.assertEqual(status.json["profile"], "xai")

    def test_text_of_the_file_cannot_move_the_cursor(self):
        server = self.serve(device=[refusal("invalid_client", 401)])
        program = new_program(self, f'[auth.oidc]\nissuer = "{server.issuer}"\nclient_id = "a\\u001b[2Jb"\n')
        result = program.as_grok(expired=False, env={**self.env, "SSL_CERT_FILE": server.ca}).wait()
        self.assertEqual(result.status, 2, result)
        self.assertNotRegex(result.stderr, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")

    def test_login_belongs_to_its_issuer_and_client(self):
        """Settings that change leave the old login alone, and never send it elsewhere."""
        program = new_program(self)
        self.server.answers = {"token": [tokens()]}
        env = {**self.env, **self.issuer_in_environment()}
        self.assertEqual(program.as_grok(expired=False, env=env).wait().status, 0)
        other = {**env, "GROK_OIDC_CLIENT_ID": "another"}
        result = program.as_grok(expired=False, env=other).wait()
        self.assertEqual((result.status, result.stdout), (2, ""), result)
        self.assertIn("with the client 'from-environment'", result.stderr)
        self.assertEqual(program.as_grok(expired=False, env=env).wait().status, 0)


if __name__ == "__main__":
    unittest.main()
