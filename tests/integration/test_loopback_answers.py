"""What the server may answer in a loopback sign-in: refusals, its name (RFC 9207), the code exchange, the ID token."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, asked, pending_entries, redirect, visit  # noqa: E402
from scripted_provider import jwt, refusal, tokens  # noqa: E402

CLIENT = "grok-auth-test"


class Refusals(LoopbackTestCase):
    def test_errors_of_the_authorization_endpoint(self):
        """RFC 6749 section 4.1.2.1: what a person should do decides the exit status."""
        table = {"access_denied": 4, "unauthorized_client": 2, "invalid_scope": 2, "invalid_request": 1, "server_error": 1,
                 "temporarily_unavailable": 1, "unsupported_response_type": 1, "login_required": 1}
        for error, status in table.items():
            with self.subTest(error):
                server = self.serve()
                program, run, url = self.begin(server)
                page = visit(redirect(url, code=None, error=error, error_description="because of it"))
                self.assertEqual(page.status, 200)
                self.assertIn("<h1>Not signed in</h1>", page.body)
                self.assertIn(f"{error} (because of it)", page.body)
                words = "declined in the browser, or this account is refused" if error == "access_denied" else error
                self.assert_refused(program, run, rf"the sign-in was .*{words}.*because of it\)", status)
                self.assertEqual(server.seen("token"), [])

    def test_error_wins_over_a_code(self):
        server = self.serve(token=[tokens()])
        program, run, url = self.begin(server)
        visit(redirect(url, error="access_denied"))
        self.assert_refused(program, run, "declined in the browser, or this account is refused", 4)
        self.assertEqual(server.seen("token"), [])

    def test_words_of_the_server_can_do_nothing(self):
        """They are text: to the browser no element, to the terminal no control."""
        words = "<script>alert(1)</script>\u001b]0;x\u0007\u009b2J\r\n\"'&amp;\u202e<img src=x onerror=y>"
        program, run, url = self.begin(self.serve())
        page = visit(redirect(url, code=None, error="access_denied<b>\u001b[2J", error_description=words))
        for tag in ("<script", "<img", "<b>"):
            self.assertNotIn(tag, page.body)
        self.assertIn("access_denied&lt;b&gt;[2J", page.body)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;", page.body)
        self.assertIn("&amp;amp;", page.body)
        self.assertNotRegex(page.body.rstrip("\n"), "[\x00-\x1f\x7f-\x9f\u202e]")
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        self.assertNotRegex(result.stderr, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        self.assertIn("<script>alert(1)</script>", result.stderr)
        self.assertEqual(pending_entries(program), [])

    def test_long_words_are_cut(self):
        program, run, url = self.begin(self.serve())
        page = visit(redirect(url, code=None, error="e" * 1000, error_description="d" * 5000))
        self.assertLess(len(page.body), 2500)
        result = self.assert_refused(program, run, "e{100} \\(d{300}\\)")
        self.assertLess(len(result.stderr), 1500)

    def test_hint_says_what_to_do(self):
        program, run, url = self.begin(self.serve())
        visit(redirect(url, code=None, error="access_denied"))
        result = self.assert_refused(program, run, "declined in the browser, or this account is refused$", 4)
        self.assertIn("grok-auth: hint: ", result.stderr)
        self.assertNotIn("()", result.stderr)


class NameOfTheServer(LoopbackTestCase):
    """RFC 9207: an answer with the name of another server is an attack that mixes servers up."""

    def serve_naming(self, required: bool):
        server = self.serve(token=[tokens()])
        server.answers["discovery"] = [
            (200, {**server.metadata, "authorization_response_iss_parameter_supported": required})
        ]
        return server

    def test_right_name(self):
        for required in (True, False):
            with self.subTest(required):
                server = self.serve_naming(required)
                _, run, url = self.begin(server)
                self.assertEqual(visit(redirect(url, iss=server.issuer)).status, 200)
                self.assertEqual(run.wait().status, 0)

    def test_no_name_where_none_is_promised(self):
        _, run, url = self.begin(self.serve_naming(False))
        visit(redirect(url))
        self.assertEqual(run.wait().status, 0)

    def test_wrong_or_missing_name(self):
        for required, names in ((True, [None, "", "https://evil.test"]), (False, ["", "https://evil.test", "/"])):
            for name in names:
                with self.subTest(required=required, name=name):
                    server = self.serve_naming(required)
                    name = server.issuer + "/" if name == "/" else name
                    program, run, url = self.begin(server)
                    page = visit(redirect(url, iss=name))
                    self.assertEqual(page.status, 400)
                    self.assertIn("came from another server", page.body)
                    self.assert_refused(program, run, "answered by another server than " + server.issuer)
                    self.assertEqual(server.seen("token"), [])  # the code must not reach anybody

    def test_error_under_another_name(self):
        server = self.serve_naming(True)
        program, run, url = self.begin(server)
        visit(redirect(url, code=None, error="access_denied", iss="https://evil.test"))
        result = self.assert_refused(program, run, "answered by another server")
        self.assertNotIn("access_denied", result.stderr)


class Exchange(LoopbackTestCase):
    def test_refused_or_broken(self):
        invalid = refusal("invalid_grant", error_description="too late")
        table = [
            (invalid, 1, r"the sign-in was refused: the server says invalid_grant \(too late\)"),
            (refusal("invalid_client", 401), 2, "does not accept the client"),
            (refusal("access_denied", 403), 4, "the sign-in was refused: the server says access_denied"),
            (refusal("server_error", 500), 1, "the sign-in was refused: the server says server_error"),
            ((500, "<html>down</html>"), 1, "the sign-in failed: the server answered 500"),
            ((200, "<html>portal</html>"), 1, "the sign-in failed: the server answered 200 without the JSON"),
            ((302, "", {"Location": "https://evil.test/"}), 1, "the sign-in failed: the server answered 302"),
            ((200, {"token_type": "Bearer"}), 1, "has no usable access_token"),
            (tokens(access_token="a b"), 1, "has no usable access_token"),
            (tokens(token_type="mac"), 1, "of type 'mac' instead of 'Bearer'"),
        ]
        for answer, status, message in table:
            with self.subTest(answer):
                server = self.serve(token=[answer])
                program, run, url = self.begin(server)
                visit(redirect(url))
                self.assert_refused(program, run, message, status)
                self.assertEqual(len(server.seen("token")), 1)  # a code is sent once

    def test_connection_that_breaks(self):
        server = self.serve(token=[lambda _form, connection: connection.reset()])
        program, run, url = self.begin(server)
        visit(redirect(url))
        self.assert_refused(program, run, "the sign-in failed: ")
        self.assertEqual(len(server.seen("token")), 1)

    def test_failed_sign_in_keeps_the_old_login(self):
        server = self.serve(token=[refusal("invalid_grant")])
        program = self.new_program(server)
        stored = server.token_set(expires_at=int(time.time()) + 3600)
        program.write_state("test.json", stored)
        run = program.start("login")
        visit(redirect(run.wait_for(r"https://\S+").group()))
        self.assertEqual(run.wait().status, 1)
        self.assertEqual(program.state("test.json"), stored)

    def test_token_that_cannot_be_stored_is_still_handed_out(self):
        server = self.serve()
        program, run, url = self.begin(server)

        def make_unwritable(_form, _connection):
            (program.state_folder / "test.json").mkdir()  # the one way to stop root from writing
            return tokens()

        server.answers["token"] = [make_unwritable]
        visit(redirect(url))
        result = run.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)
        self.assertIn("warning: the login could not be stored", result.stderr)
        self.assertEqual(pending_entries(program), [])


class IdToken(LoopbackTestCase):
    """OpenID Connect Core 1.0 section 3.1.3.7."""

    def sign_in(self, **changes):
        """A sign-in whose ID token is right but for `changes`."""
        server = self.serve()
        program, run, url = self.begin(server)
        expiry = int(time.time()) + 300
        claims = {"iss": server.issuer, "aud": CLIENT, "sub": "ada", "exp": expiry, "nonce": asked(url)["nonce"]}
        server.answers["token"] = [tokens(id_token=jwt(**{**claims, **changes}))]
        visit(redirect(url))
        return program, run, server

    def assert_accepted(self, **changes):
        _, run, _ = self.sign_in(**changes)
        result = run.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)
        return result

    def test_right_one(self):
        result = self.assert_accepted(email="ada@example.com")
        self.assertRegex(result.stderr, r"Signed in as ada@example\.com, valid for (1 h|59 min), renewed without you\.\n")

    def test_audiences(self):
        self.assert_accepted(aud=[CLIENT])
        self.assert_accepted(aud=["other", CLIENT])

    def test_clock_may_differ_a_little(self):
        self.assert_accepted(exp=int(time.time()) - 30)

    def test_faults(self):
        now = int(time.time())
        table = [
            ({"iss": "https://evil.test"}, "it was issued by 'https://evil.test'"),
            ({"iss": None}, "it was issued by ''"),
            ({"iss": 7}, "it was issued by ''"),
            ({"iss": "\u001b[2Jx"}, r"it was issued by '\[2Jx'"),
            ({"aud": "other"}, "it is for another client"),
            ({"aud": ["other", CLIENT + "2"]}, "it is for another client"),
            ({"aud": None}, "it is for another client"),
            ({"aud": {"a": CLIENT}}, "it is for another client"),
            ({"exp": now - 120}, "it has expired"),
            ({"exp": None}, "it has expired"),
            ({"exp": str(now + 300)}, "it has expired"),
            ({"nonce": "x" * 43}, "its nonce is not the one of this sign-in"),
            ({"nonce": ""}, "its nonce is not the one of this sign-in"),
            ({"nonce": None}, "its nonce is not the one of this sign-in"),
            ({"nonce": ["x"]}, "its nonce is not the one of this sign-in"),
        ]
        for changes, message in table:
            with self.subTest(changes):
                program, run, _ = self.sign_in(**changes)
                self.assert_refused(program, run, "the server's ID token was refused: " + message)

    def test_what_is_no_jwt(self):
        for text in ("", "opaque", "a.b.c", "a.b", "e30.e30.", "..", "a.W10.c"):
            with self.subTest(text):
                server = self.serve(token=[tokens(id_token=text)])
                program, run, url = self.begin(server)
                visit(redirect(url))
                message = "it is not a JWT" if text != "e30.e30." else "it was issued by ''"
                self.assert_refused(program, run, "the server's ID token was refused: " + message)

    def test_server_without_id_tokens(self):
        """A plain OAuth server sends none."""
        server = self.serve(token=[tokens()])
        _, run, url = self.begin(server)
        visit(redirect(url))
        self.assertEqual(run.wait().status, 0)


if __name__ == "__main__":
    unittest.main()
