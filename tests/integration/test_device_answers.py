"""The device flow (RFC 8628) against answers that a well-behaved server does not give."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import Program, sign_in_url  # noqa: E402
from scripted_provider import ScriptedProvider, refusal, tokens  # noqa: E402


class DeviceAnswers(unittest.TestCase):
    def program(self, server: ScriptedProvider, **changes) -> Program:
        program = Program(server.config(**changes))
        self.addCleanup(program.close)
        return program

    def test_requests_carry_what_the_profile_says(self):
        with ScriptedProvider(token=[tokens()]) as server:
            program = self.program(server, scopes=["openid", "x:y"], audience="api://grok")
            config = program.config_folder / "config.toml"
            config.write_text(config.read_text() + 'authorize_params = { prompt = "login" }\n')
            self.assertEqual(program.as_grok(expired=False).wait().status, 0)
            form = server.seen("device")[0]
            challenge = form.pop("code_challenge")
            self.assertEqual(len(challenge), 43)
            self.assertEqual(form, {"client_id": "grok-auth-test", "scope": "openid x:y", "audience": "api://grok",
                                    "code_challenge_method": "S256", "prompt": "login"})
            poll = server.seen("token")[0]
            self.assertEqual(len(poll.pop("code_verifier")), 43)
            self.assertEqual(poll, {"grant_type": "urn:ietf:params:oauth:grant-type:device_code",
                                    "device_code": "scripted-device-code", "client_id": "grok-auth-test"})

    def test_server_without_complete_address(self):
        """Grok's interface shows nothing but the address, so the code must be in it."""
        with ScriptedProvider(token=[tokens()]) as server:
            answer = server.device_answer
            del answer["verification_uri_complete"]
            server.answers["device"] = [(200, answer)]
            run = self.program(server).as_grok(expired=False)
            self.assertEqual(sign_in_url(run), f"{server.issuer}/verify#user_code=WDJB-MJHT")
            self.assertEqual(run.wait().status, 0)

    def test_trouble_while_polling_is_survived(self):
        def broken(_form, connection):
            connection.reset()

        with ScriptedProvider(token=[broken, (503, "<html>down</html>"), (429, {"error": "slow_down"}),
                                     refusal("authorization_pending"), tokens()]) as server:
            program = self.program(server)
            run = program.as_grok(expired=False)
            result = run.wait(60)
            self.assertEqual(result.status, 0, result)
            self.assertIn("warning: asking the server failed, and is tried again", result.stderr)

    def test_token_that_cannot_be_stored_is_still_handed_out(self):
        with ScriptedProvider(token=[tokens()]) as server:
            program = self.program(server)

            def make_unwritable(_form, _connection):
                # A folder in the place of the file: the one way to stop root from writing.
                (program.state_folder / "test.json").mkdir()
                return tokens()

            server.answers["token"] = [make_unwritable]
            result = program.as_grok(expired=False).wait()
            self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)
            self.assertIn("warning: the login could not be stored", result.stderr)

    def test_text_of_the_server_cannot_move_the_cursor(self):
        with ScriptedProvider(token=[refusal("bad\u001b[2J", error_description="a\u001b]0;title\u0007b\u009b1mc")]) as server:
            result = self.program(server).as_grok(expired=False).wait()
            self.assertEqual((result.status, result.stdout), (1, ""), result)
            self.assertNotRegex(result.stderr, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")

    def test_verification_address_that_is_not_https_is_refused(self):
        for url in ("http://localhost/verify", "javascript:alert(1)", "https://a b", "file:///etc/passwd"):
            with self.subTest(url), ScriptedProvider() as server:
                server.answers["device"] = [(200, {**server.device_answer, "verification_uri_complete": url})]
                result = self.program(server).as_grok(expired=False).wait()
                self.assertEqual((result.status, result.stdout), (1, ""), result)
                self.assertIn("its verification address", result.stderr)

    def test_late_refresh_beats_the_sign_in(self):
        """A refresh that the server answers after the run gave up on it still spares the person the sign-in."""
        def late(_form, connection):
            connection.server.stopped.wait(18)
            return tokens(access_token="late-token")

        def token(form, connection):
            return late(form, connection) if form["grant_type"] == "refresh_token" else refusal("authorization_pending")

        with ScriptedProvider(token=[token]) as server:
            program = self.program(server)
            program.write_state("test.json", server.token_set())
            run = program.as_grok(expired=False)
            self.assertIn("/verify", sign_in_url(run, 25))
            result = run.wait(30)
            self.assertEqual((result.status, result.json["access_token"]), (0, "late-token"), result)


if __name__ == "__main__":
    unittest.main()
