"""Servers that cannot be reached or trusted: one clear error with a hint, the right status, nothing on stdout, nothing lost."""

import os
import pathlib
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import pki  # noqa: E402
from program import Program, sign_in_url  # noqa: E402
from scripted_provider import ScriptedProvider, refusal, stored_login, tokens  # noqa: E402


class BadServer(unittest.TestCase):
    def program(self, config: str) -> Program:
        program = Program(config)
        self.addCleanup(program.close)
        return program

    def assert_fails(self, program: Program, status: int, *words: str, expired: bool = False) -> None:
        """The run fails as it should, twice alike, and what is stored stays."""
        names = [name for name in ("test.json", "test.id") if program.state(name) is not None]
        before = {name: program.state(name) for name in names}
        result = program.as_grok(expired=expired).wait()
        self.assertEqual((result.status, result.stdout), (status, ""), result)
        errors = [line for line in result.stderr.splitlines() if line.startswith("grok-auth: error: ")]
        hints = [line for line in result.stderr.splitlines() if line.startswith("grok-auth: hint: ")]
        self.assertEqual((len(errors), len(hints)), (1, 1), result.stderr)
        for word in words:
            self.assertIn(word, errors[0])
        self.assertEqual({name: program.state(name) for name in names}, before)

    def test_unreachable_issuer(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        config = f'default_profile = "test"\n[profile.test]\nissuer = "https://localhost:{port}"\nclient_id = "c"\n'
        self.assert_fails(self.program(config), 1, "localhost", "refused")

    def test_unknown_host(self):
        config = 'default_profile = "test"\n[profile.test]\nissuer = "https://idp.invalid"\nclient_id = "c"\n'
        self.assert_fails(self.program(config), 1, "idp.invalid")

    def test_headless_run_with_an_unreachable_server_keeps_the_login(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        issuer = f"https://localhost:{port}"
        config = f'default_profile = "test"\n[profile.test]\nissuer = "{issuer}"\nclient_id = "grok-auth-test"\n'
        program = self.program(config)
        program.write_state("test.json", stored_login(issuer))
        self.assert_fails(program, 1, "refused", expired=True)

    def test_wrong_issuer_in_discovery(self):
        for wrong in ("https://evil.example", "", None):
            with self.subTest(wrong), ScriptedProvider() as server:
                server.answers["discovery"] = [(200, {**server.metadata, "issuer": wrong})]
                self.assert_fails(self.program(server.config()), 2, "names the issuer", "instead of")

    def test_issuer_that_differs_by_a_slash(self):
        with ScriptedProvider() as server:
            server.answers["discovery"] = [(200, {**server.metadata, "issuer": server.issuer + "/"})]
            self.assert_fails(self.program(server.config()), 2, "names the issuer")

    def test_discovery_documents(self):
        cases = [
            ("not JSON", (200, "<html>hello</html>"), 1, "is not a JSON object"),
            ("no token endpoint", lambda m: {**m, "token_endpoint": None}, 2, "token_endpoint"),
            ("http token endpoint", lambda m: {**m, "token_endpoint": "http://auth.example/t"}, 2, "is plain http"),
            ("user in the URL", lambda m: {**m, "token_endpoint": "https://a:b@auth.example/t"}, 2, "user name"),
            ("no way to sign in", lambda m: {**m, "device_authorization_endpoint": None, "authorization_endpoint": None}, 2,
             "offers neither"),
            ("missing", (404, "nothing"), 2, "has no OpenID configuration"),
            ("broken", (500, "oops"), 1, "it answered 500"),
            ("redirect", (302, "", {"Location": "https://evil.example/"}), 1, "it answered 302"),
        ]
        for name, answer, status, words in cases:
            with self.subTest(name), ScriptedProvider() as server:
                document = (200, answer(server.metadata)) if callable(answer) else answer
                server.answers["discovery"] = [document]
                self.assert_fails(self.program(server.config()), status, words)

    def test_rfc_8414_is_asked_second(self):
        with ScriptedProvider(discovery=[(404, "not here")], token=[tokens()]) as server:
            server.answers["oauth_discovery"] = [(200, server.metadata)]
            result = self.program(server.config()).as_grok(expired=False).wait()
            self.assertEqual(result.status, 0, result)

    def test_certificates(self):
        for certificate, words in (("wrong", "certificate"), ("untrusted", "certificate"), ("expired", "certificate"),
                                   ("cnonly", "certificate")):
            with self.subTest(certificate), ScriptedProvider(certificate=certificate) as server:
                program = self.program(server.config())
                program.write_state("test.json", server.token_set())
                self.assert_fails(program, 1, words, expired=True)
                self.assertEqual(server.seen("token"), [])

    def test_certificate_authority_must_be_named(self):
        with ScriptedProvider() as server:
            self.assert_fails(self.program(server.config(ca_file=None)), 1, "certificate")
            self.assert_fails(self.program(server.config(ca_file="/nonexistent/ca.pem")), 2, "/nonexistent/ca.pem")

    def test_ssl_cert_file(self):
        with ScriptedProvider(token=[tokens()]) as server:
            program = self.program(server.config(ca_file=None))
            result = program.as_grok(expired=False, env={"SSL_CERT_FILE": server.ca}).wait()
            self.assertEqual(result.status, 0, result)

    def test_device_authorization_answers(self):
        cases = [
            ("no device_code", lambda d: {**d, "device_code": None}, 1, "device_code"),
            ("bad user_code", lambda d: {**d, "user_code": "a b\x1b"}, 1, "user_code"),
            ("unknown client", refusal("invalid_client", 401), 2, "does not accept the client"),
            ("bad scope", refusal("invalid_scope"), 2, "invalid_scope"),
            ("HTML", (200, "<html>hello</html>"), 1, "without the JSON"),
            ("broken", (502, "oops"), 1, "502"),
        ]
        for name, answer, status, words in cases:
            with self.subTest(name), ScriptedProvider() as server:
                server.answers["device"] = [(200, answer(server.device_answer)) if callable(answer) else answer]
                self.assert_fails(self.program(server.config()), status, words)

    def test_login_of_another_server_is_neither_sent_nor_replaced(self):
        with ScriptedProvider(token=[tokens()]) as server:
            program = self.program(server.config())
            program.write_state("test.json", stored_login("https://other.example"))
            self.assert_fails(program, 2, "https://other.example")
            self.assert_fails(program, 2, "https://other.example", expired=True)
            self.assertEqual(server.seen("token"), [])
            login = program.start("login")
            self.assertIn("/verify", sign_in_url(login))
            self.assertEqual(login.wait().status, 0)
            self.assertEqual(program.state_json(".json")["issuer"], server.issuer)

    def test_login_of_another_client_is_not_used(self):
        with ScriptedProvider() as server:
            program = self.program(server.config())
            program.write_state("test.json", server.token_set(client_id="another"))
            self.assert_fails(program, 2, "'another'", expired=True)

    def test_endpoints_of_xai_are_pinned(self):
        """Whatever a document or a stored login says, a token of xAI's goes to x.ai only."""
        with tempfile.TemporaryDirectory() as folder:
            pki.make(pathlib.Path(folder))
            program = self.program("")
            program.write_state("xai.json", stored_login(
                "https://auth.x.ai", client_id="b1a00492-073a-47ea-816f-4c329264a828",
                token_endpoint="https://localhost:1/token"))
            result = program.as_grok(expired=True).wait()
            self.assertEqual((result.status, result.stdout), (1, ""), result)
            self.assertIn("is not on x.ai", result.stderr)


if __name__ == "__main__":
    unittest.main()
