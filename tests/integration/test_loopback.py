"""Signing in by the loopback flow with PKCE (RFC 8252, RFC 7636): what is asked of the server, what is shown and kept."""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, asked, free_port, is_free, pending_entries, port_of, redirect, visit  # noqa: E402
from program import SIGNED_IN, ProgramTestCase, sign_in_url  # noqa: E402
from provider import challenge_of  # noqa: E402
from scripted_provider import tokens  # noqa: E402


class RealServer(ProgramTestCase):
    """Curl goes through the server's own pages."""

    def loopback_program(self, **changes):
        return self.new_program(flow="loopback", redirect_port=free_port(), **changes)

    def finish(self, url: str) -> None:
        page = visit(url, ca=self.provider.ca)
        self.assertEqual(page.status, 200, page)
        self.assertIn("<h1>Approved</h1>", page.body)

    def test_provider_run(self):
        program = self.loopback_program()
        run = program.as_grok(expired=False)
        url = sign_in_url(run)
        entries = pending_entries(program)
        self.assertEqual(len(entries), 1)
        entry = program.state(entries[0])
        self.assertIn(asked(url)["state"], entry)
        self.finish(url)
        result = run.wait()
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stderr, "\n" + SIGNED_IN + r"\n\Z")
        self.assertEqual(result.stdout.count("\n"), 1)
        self.assertEqual(set(result.json), {"access_token", "expires_in", "issuer"})
        self.assertEqual(result.json["issuer"], self.provider.issuer)
        self.assertGreater(result.json["expires_in"], 3500)

        self.assertEqual(pending_entries(program), [])
        stored = program.state_json(".json")
        self.assertEqual(stored["access_token"], result.json["access_token"])
        self.assertEqual((stored["issuer"], stored["client_id"]), (self.provider.issuer, "grok-auth-test"))
        exchange, = self.provider.requests("token")
        self.assertNotIn(exchange["form"]["code_verifier"], entry)
        self.assertEqual(exchange["answer"]["refresh_token"], stored["refresh_token"])
        self.assertEqual(os.stat(program.state_folder / "test.json").st_mode & 0o777, 0o600)

    def test_cached_and_refreshed_afterwards(self):
        program = self.loopback_program()
        run = program.as_grok(expired=False)
        self.finish(sign_in_url(run))
        first = run.wait().json["access_token"]
        self.provider.reset()
        cached = program.as_grok(expired=False).wait()
        self.assertEqual((cached.json["access_token"], self.provider.requests()), (first, []))
        program.change_state_json(".json", lambda stored: stored.update(minted_at=stored["minted_at"] - 7200,
                                                                        expires_at=stored["expires_at"] - 7200))
        refreshed = program.as_grok(expired=True).wait()
        self.assertEqual(refreshed.status, 0, refreshed)
        self.assertNotEqual(refreshed.json["access_token"], first)
        self.assertEqual([request["form"]["grant_type"] for request in self.provider.requests("token")], ["refresh_token"])

    def test_login(self):
        program = self.loopback_program()
        run = program.start("login")
        self.finish(sign_in_url(run))
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (0, ""), result)
        self.assertRegex(result.stderr, "\n" + SIGNED_IN + r"\n\Z")
        self.assertEqual(program.run("status", "--json").json["status"], "connected")

    def test_login_with_json(self):
        run = self.loopback_program().start("login", "--json")
        self.finish(sign_in_url(run))
        answer = run.wait().json
        self.assertEqual((answer["ok"], answer["account"]["email"]), (True, "ada@example.com"))

    def test_declined(self):
        self.provider.settings(deny_sign_in=True)
        program = self.loopback_program()
        run = program.as_grok(expired=False)
        page = visit(sign_in_url(run), ca=self.provider.ca)
        self.assertIn("<h1>Not signed in</h1>", page.body)
        self.assertIn("access_denied (the person said no)", page.body)
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (4, ""), result)
        self.assertIn("grok-auth: error: the sign-in was declined in the browser, or this account is refused (the person said no)\n",
                      result.stderr)
        self.assertEqual(self.provider.requests("token"), [])
        self.assertEqual(pending_entries(program), [])

    def test_signals_end_it_at_once_and_free_the_port(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number):
                program = self.loopback_program()
                run = program.as_grok(expired=False)
                port = port_of(sign_in_url(run))
                self.assertFalse(is_free(port))
                run.signal(number)
                result = run.wait(2)
                self.assertEqual((result.status, result.stdout), (status, ""), result)
                self.assertTrue(is_free(port))
                self.assertEqual(pending_entries(program), [])


class Requests(LoopbackTestCase):
    def test_every_parameter_of_both_requests(self):
        server = self.serve(token=[tokens()])
        port = free_port()
        more = 'authorize_params = { prompt = "login", "x y" = "a&b=c" }\n'
        program = self.new_program(server, more, scopes=["openid", "x:y"], audience="api://grok", redirect_port=port)
        run = program.as_grok(expired=False)
        url = sign_in_url(run)
        self.assertTrue(url.startswith(server.issuer + "/authorize?response_type=code&"), url)
        visit(url, ca=server.ca)
        result = run.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)

        query, = server.seen("authorize")
        self.assertEqual(query, asked(url))
        for name in ("state", "nonce", "code_challenge"):
            self.assertRegex(query[name], r"\A[A-Za-z0-9_-]{43}\Z")  # 32 bytes of base64url
        self.assertEqual(len({query["state"], query["nonce"], query["code_challenge"]}), 3)
        form, = server.seen("token")
        self.assertRegex(form["code_verifier"], r"\A[A-Za-z0-9_-]{43}\Z")
        self.assertEqual(query.pop("code_challenge"), challenge_of(form.pop("code_verifier")))
        del query["state"], query["nonce"]
        self.assertEqual(query, {
            "response_type": "code", "client_id": "grok-auth-test", "scope": "openid x:y", "audience": "api://grok",
            "redirect_uri": f"http://127.0.0.1:{port}/callback", "code_challenge_method": "S256",
            "prompt": "login", "x y": "a&b=c",
        })  # fmt: skip
        self.assertEqual(form, {
            "grant_type": "authorization_code", "code": "scripted-code", "client_id": "grok-auth-test",
            "redirect_uri": f"http://127.0.0.1:{port}/callback",
        })  # fmt: skip
        exchange = next(request for request in server.server.requests if request.line.startswith("POST /token "))
        self.assertEqual(exchange.header("Content-Type"), "application/x-www-form-urlencoded")
        self.assertIsNone(exchange.header("Authorization"))  # a public client

    def test_nothing_is_asked_that_the_profile_does_not_say(self):
        _, _, url = self.begin(self.serve())
        self.assertEqual(set(asked(url)), {"response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
                                           "code_challenge", "code_challenge_method"})

    def test_secrets_are_new_every_time(self):
        server = self.serve(token=[tokens()])
        seen = []
        for _ in range(3):
            _, run, url = self.begin(server)
            visit(redirect(url))
            self.assertEqual(run.wait().status, 0)
            seen += [asked(url)["state"], asked(url)["nonce"], asked(url)["code_challenge"]]
        seen += [form["code_verifier"] for form in server.seen("token")]
        self.assertEqual(len(set(seen)), 12, seen)

    def test_query_of_the_endpoint_is_kept(self):
        server = self.serve(token=[tokens()])
        endpoint = f"{server.issuer}/authorize?a=%20b"
        server.answers["discovery"] = [(200, {**server.metadata, "authorization_endpoint": endpoint})]
        _, run, url = self.begin(server)
        self.assertTrue(url.startswith(f"{server.issuer}/authorize?a=%20b&response_type=code&"), url)
        self.assertEqual(url.count("?"), 1)
        visit(url, ca=server.ca)
        self.assertEqual(run.wait().status, 0)

    def test_code_is_sent_as_it_came(self):
        for code in ("a+b/c=", "4%2F0Ab~", "x" * 4000):
            with self.subTest(code[:20]):
                server = self.serve(token=[tokens()])
                _, run, url = self.begin(server)
                self.assertEqual(visit(redirect(url, code=code)).status, 200)
                self.assertEqual(run.wait().status, 0)
                self.assertEqual(server.seen("token")[0]["code"], code)

    def test_no_secret_is_told(self):
        server = self.serve(token=[tokens(id_token=None)])
        _, run, url = self.begin(server, "--verbose")
        visit(redirect(url, code="secret-code"))
        result = run.wait()
        self.assertEqual(result.status, 0, result)
        self.assertIn("POST ", result.stderr)
        verifier = server.seen("token")[0]["code_verifier"]
        for secret in ("secret-code", verifier, "scripted-access-token", "scripted-refresh-token"):
            self.assertNotIn(secret, result.stderr)


class WhatIsShown(LoopbackTestCase):
    """Grok's interface takes the first https:// word of the first line."""

    def shown(self, *args: str, env: dict | None = None) -> tuple[str, list[str]]:
        """The port of the redirect and what is shown with it."""
        program = self.new_program(self.serve())
        run = program.as_grok(*args, expired=False, env={"USER": "ada", **(env or {})})
        url = sign_in_url(run)
        run.wait_for("(?m)^Waiting for your browser ...\n")
        lines = run.stderr.splitlines()
        self.assertEqual(lines[0], "Sign in at " + url)
        return str(port_of(url)), lines[1:]

    def test_verbose_keeps_the_first_line(self):
        _, lines = self.shown("--verbose")
        self.assertTrue(any("openid-configuration: 200" in line for line in lines), lines)

    def test_no_forward_where_a_browser_is_opened(self):
        _, lines = self.shown(env={"DISPLAY": ":99", "BROWSER": "true"})
        self.assertEqual(lines, ["Waiting for your browser ..."])

    def test_address_that_is_not_https_is_refused(self):
        for endpoint in ("http://localhost/authorize", "javascript:alert(1)", "https://a b/", "https://user:pw@localhost/"):
            with self.subTest(endpoint):
                server = self.serve()
                server.answers["discovery"] = [(200, {**server.metadata, "authorization_endpoint": endpoint})]
                program = self.new_program(server)
                result = self.assert_refused(program, program.as_grok(expired=False), "authorization_endpoint", status=2)
                self.assertNotIn("Sign in at", result.stderr)

    def test_refresh_that_comes_late_spares_the_sign_in(self):
        """The server answers a refresh after the run gave up on it and asked for a browser."""
        def token(form, connection):
            self.assertEqual(form["grant_type"], "refresh_token")
            connection.server.stopped.wait(17)
            return tokens(access_token="late-token")

        server = self.serve(token=[token])
        program = self.new_program(server)
        program.write_state("test.json", server.token_set())
        run = program.as_grok(expired=False)
        port = port_of(sign_in_url(run, 25))
        result = run.wait(30)
        self.assertEqual((result.status, result.json["access_token"]), (0, "late-token"), result)
        self.assertTrue(is_free(port))
        self.assertEqual(pending_entries(program), [])


if __name__ == "__main__":
    unittest.main()
