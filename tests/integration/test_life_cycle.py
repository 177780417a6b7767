"""The life of a login at a real authorization server, as Grok sees it."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import SIGNED_IN, ProgramTestCase  # noqa: E402


def age(token_set: dict, seconds: int = 7200) -> None:
    """Makes a stored token as old as if `seconds` had passed since."""
    token_set["minted_at"] -= seconds
    token_set["expires_at"] -= seconds


class LifeCycle(ProgramTestCase):
    provider_settings = {"interval": 1, "access_token_ttl": 3600}

    def routes(self) -> list[str]:
        seen = [request["route"] for request in self.provider.requests()]
        self.provider.reset()
        return seen

    def grok(self, expired: bool = False):
        result = self.program.as_grok(expired=expired).wait()
        self.assertEqual(result.status, 0, result)
        return result.json

    def test_from_nothing_to_a_second_sign_in(self):
        first = self.program.sign_in(self.provider)
        self.assertEqual(set(first), {"access_token", "expires_in", "issuer"})
        self.assertEqual(first["issuer"], self.provider.issuer)
        self.assertIsInstance(first["expires_in"], int)
        self.assertTrue(self.provider.device_pkce_holds())
        self.assertEqual(set(self.routes()), {"discovery", "device_authorization", "token"})

        with self.subTest("cached: no request"):
            self.assertEqual(self.grok()["access_token"], first["access_token"])
            self.assertEqual(self.routes(), [])

        with self.subTest("expired: refreshed by one request, discovery left out"):
            self.program.change_state_json(".json", age)
            second = self.grok()
            self.assertNotEqual(second["access_token"], first["access_token"])
            self.assertGreater(second["expires_in"], 3500)
            self.assertEqual(self.routes(), ["token"])

        with self.subTest("refreshed again with the rotated refresh token, as headless"):
            self.program.change_state_json(".json", age)
            third = self.grok(expired=True)
            self.assertNotEqual(third["access_token"], second["access_token"])
            self.assertEqual(self.routes(), ["token"])
            self.assertEqual(self.provider.counters()["reuse_detections"], 0)

        with self.subTest("revoked: headless exits 3 with nothing on stdout"):
            self.provider.revoke_all()
            self.program.change_state_json(".json", age)
            ended = self.program.as_grok(expired=True).wait()
            self.assertEqual((ended.status, ended.stdout), (3, ""), ended)
            self.assertIn("grok-auth: hint: sign in with 'grok-auth login --profile test'", ended.stderr)
            self.assertEqual(self.routes(), ["token"])

        with self.subTest("a dead refresh token is not sent again"):
            ended = self.program.as_grok(expired=True).wait()
            self.assertEqual((ended.status, ended.stdout), (3, ""), ended)
            self.assertEqual(self.routes(), [])

        with self.subTest("the next sign-in run signs in anew"):
            fourth = self.program.sign_in(self.provider)
            self.assertEqual(self.grok()["access_token"], fourth["access_token"])
            self.assertNotIn("refresh_token", [r["form"].get("grant_type") for r in self.provider.requests("token")])

    def test_answer_forms(self):
        first = self.program.sign_in(self.provider)
        bare = self.program.run("token", "--bare")
        self.assertEqual(bare.stdout, first["access_token"] + "\n")
        self.assertEqual(bare.stderr, "")

    def test_account_and_expiry_in_status(self):
        self.assertEqual(self.program.run("status", "--json").json["status"], "signed_out")
        self.program.sign_in(self.provider)
        status = self.program.run("status", "--json").json
        self.assertEqual(status["ok"], True)
        self.assertEqual(status["status"], "connected")
        self.assertEqual(status["account"], {"email": "ada@example.com", "name": "Ada Lovelace", "sub": "ada"})
        self.assertEqual(status["store"], "file")
        self.assertTrue(status["refreshable"])
        self.assertIn("offline_access", status["scopes"])
        self.assertRegex(status["expires_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        table = self.program.run("status").stdout
        self.assertIn("ada@example.com (Ada Lovelace)", table)

    def test_status_of_an_ended_login(self):
        self.program.sign_in(self.provider)
        self.provider.revoke_all()
        self.program.change_state_json(".json", age)
        self.assertEqual(self.program.as_grok(expired=True).wait().status, 3)
        status = self.program.run("status", "--json")
        self.assertEqual(status.status, 0)
        self.assertEqual((status.json["status"], status.json["refreshable"]), ("expired", False))
        self.assertEqual(status.json["last_refresh"]["outcome"], "login_ended")

    def test_logout_revokes_and_forgets(self):
        self.program.sign_in(self.provider)
        self.routes()
        before = self.provider.counters()["live_refresh_tokens"]
        result = self.program.run("logout")
        self.assertEqual((result.status, result.stdout), (0, ""), result)
        self.assertIn("grok logout", result.stderr)
        self.assertEqual(self.routes(), ["revocation"])
        self.assertEqual(self.provider.counters()["live_refresh_tokens"], before - 1)
        self.assertEqual(self.program.run("status", "--json").json["status"], "signed_out")
        left = [name for name in os.listdir(self.program.state_folder) if not name.endswith((".lock", ".id"))]
        self.assertEqual(left, [])

    def test_logout_when_the_server_is_down(self):
        self.program.sign_in(self.provider)
        self.program.change_state_json(".json", lambda t: t.update(revocation_endpoint="https://127.0.0.1:1/revoke"))
        result = self.program.run("logout")
        self.assertEqual(result.status, 0, result)
        self.assertIn("warning: the login was deleted here, but not revoked", result.stderr)
        self.assertEqual(self.program.run("status", "--json").json["status"], "signed_out")

    def test_logout_of_nobody(self):
        result = self.program.run("logout", "--json")
        self.assertEqual((result.status, result.json["status"]), (0, "signed_out"))

    def test_the_command_refresh(self):
        first = self.program.sign_in(self.provider)
        result = self.program.run("refresh")
        self.assertEqual((result.status, result.stdout), (0, ""), result)
        second = self.grok(expired=True)
        self.assertNotEqual(second["access_token"], first["access_token"])
        grants = [request["form"]["grant_type"] for request in self.provider.requests("token")]
        self.assertEqual(grants.count("refresh_token"), 1)
        self.provider.revoke_all()
        result = self.program.run("refresh", "--json")
        self.assertEqual((result.status, result.json["error"]), (3, "login_required"))

    def test_the_command_login(self):
        self.program.sign_in(self.provider)
        self.provider.settings(account="grace")
        run = self.program.start("login", "--json")
        self.provider.approve(url=run.wait_for(r"https://\S+").group())
        result = run.wait()
        self.assertEqual((result.status, result.json["account"]["email"]), (0, "grace@example.com"), result)
        self.assertEqual(self.provider.requests("revocation"), [])
        self.assertRegex(result.stderr, "\n" + SIGNED_IN.replace("ada", "grace") + r"\n\Z")

    def test_no_secret_in_any_message(self):
        """--verbose tells requests and decisions, never a token or a code of the wire."""
        run = self.program.as_grok("--verbose", expired=False)
        self.provider.approve(url=run.wait_for(r"https://\S+").group())
        seen = run.wait().stderr
        self.program.change_state_json(".json", age)
        seen += self.program.as_grok("--verbose", expired=True).wait().stderr
        seen += self.program.run("logout", "--verbose").stderr
        self.assertIn("POST", seen)
        for request in self.provider.requests():
            for name in ("device_code", "refresh_token", "code_verifier", "token"):
                secret = request["form"].get(name)
                self.assertFalse(secret and secret in seen, name)
            for name in ("access_token", "refresh_token", "device_code", "id_token"):
                secret = (request.get("answer") or {}).get(name)
                self.assertFalse(secret and secret in seen, name)

    def test_endpoints_that_moved_are_asked_for_again(self):
        self.program.sign_in(self.provider)
        self.program.change_state_json(".json", age)
        self.program.change_state_json(
            ".json", lambda t: t.update(token_endpoint=self.provider.issuer + "/oauth/retired-token"))
        self.provider.reset()
        self.assertGreater(self.grok()["expires_in"], 3500)
        self.assertEqual([r for r in self.routes() if r in ("discovery", "token")], ["discovery", "token"])
        self.assertEqual(self.program.state_json(".json")["token_endpoint"], self.provider.issuer + "/token")

    def test_two_profiles_do_not_meet(self):
        other = self.program.config_folder / "config.toml"
        text = other.read_text()
        other.write_text(text + text.split("\n", 1)[1].replace("[profile.test]", "[profile.other]"))
        first = self.program.sign_in(self.provider)
        self.provider.settings(account="grace")
        second = self.program.sign_in(self.provider, "--profile", "other")
        self.assertNotEqual(first["access_token"], second["access_token"])
        self.assertEqual(self.grok()["access_token"], first["access_token"])
        self.assertEqual(self.program.run("logout", "--profile", "other").status, 0)
        self.assertEqual(self.grok()["access_token"], first["access_token"])


if __name__ == "__main__":
    unittest.main()
