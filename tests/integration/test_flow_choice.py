"""Which flow a sign-in takes: what the profile, the command line, the place and the server have to say about it."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, asked, pending_entries, redirect, visit  # noqa: E402
from program import Program, sign_in_url  # noqa: E402
from scripted_provider import ScriptedProvider, refusal, tokens  # noqa: E402

DESKTOP = {"DISPLAY": ":99", "BROWSER": "true"}
WAYLAND = {"WAYLAND_DISPLAY": "wayland-0", "BROWSER": "true"}


class FlowTestCase(LoopbackTestCase):
    def server_without(self, *endpoints: str, **answers) -> ScriptedProvider:
        server = self.serve(**answers)
        metadata = {name: value for name, value in server.metadata.items() if name not in endpoints}
        server.answers["discovery"] = [(200, metadata)]
        return server

    def flow_of(self, program: Program, *args: str, env: dict | None = None) -> str:
        """Starts a run and tells by its first line which flow it took."""
        run = program.as_grok(*args, expired=False, env=env)
        url = sign_in_url(run)
        self.assertEqual(run.stderr.splitlines()[0], "Sign in at " + url)
        run.wait_for("(?m)^Waiting for you")
        self.assertEqual(run.stderr.count("https://"), 1, run.stderr)
        flow = "loopback" if "/authorize?" in url else "device"
        self.assertEqual("Code: WDJB-MJHT" in run.stderr, flow == "device", run.stderr)
        run.end()
        for name in pending_entries(program):  # or the next run takes it up
            (program.state_folder / name).unlink()
        return flow


class Choice(FlowTestCase):
    def test_auto_goes_by_the_place(self):
        program = self.new_program(self.serve(token=[refusal("authorization_pending")]), flow="auto")
        for env, args, flow in (({}, [], "device"), (DESKTOP, [], "loopback"), (WAYLAND, [], "loopback"),
                                ({**DESKTOP, "SSH_CONNECTION": "a 1 b 22"}, [], "device"),
                                ({**DESKTOP, "SSH_TTY": "/dev/pts/0"}, [], "device"), (DESKTOP, ["--no-browser"], "device"),
                                ({"DISPLAY": ""}, [], "device")):
            with self.subTest(env=env, args=args):
                self.assertEqual(self.flow_of(program, *args, env=env), flow)

    def test_auto_is_the_default(self):
        program = self.new_program(self.serve(token=[refusal("authorization_pending")]), flow=None)
        self.assertEqual(self.flow_of(program), "device")
        self.assertEqual(self.flow_of(program, env=DESKTOP), "loopback")

    def test_profile_and_command_line_go_before_the_place(self):
        server = self.serve(token=[refusal("authorization_pending")])
        for in_profile, in_environment, option, flow in (
            ("device", None, None, "device"), ("loopback", None, None, "loopback"), ("device", "loopback", None, "loopback"),
            ("loopback", "device", None, "device"), ("device", None, "--loopback", "loopback"),
            ("loopback", None, "--device", "device"), ("auto", "loopback", "--device", "device"),
            ("auto", "device", "--loopback", "loopback"), ("device", "auto", None, "loopback"),
        ):
            with self.subTest(profile=in_profile, environment=in_environment, option=option):
                program = self.new_program(server, flow=in_profile)
                env = {**DESKTOP, **({"GROKAUTH_FLOW": in_environment} if in_environment else {})}
                self.assertEqual(self.flow_of(program, *([option] if option else []), env=env), flow)

    def test_contradictions_and_unknown_words(self):
        program = self.new_program(self.serve())
        for args, env, message in ((["--device", "--loopback"], {}, "--device and --loopback exclude each other"),
                                   (["login", "--loopback", "--device"], {}, "--device and --loopback exclude each other"),
                                   ([], {"GROKAUTH_FLOW": "browser"}, "GROKAUTH_FLOW is 'browser'"),
                                   (["status", "--device"], {}, "no option '--device'")):
            with self.subTest(args=args, env=env):
                result = program.run(*args, env=env)
                self.assertEqual((result.status, result.stdout), (2, ""), result)
                self.assertRegex(result.stderr, f"(?m)^grok-auth: error: .*{message}")

    def test_browser_gets_the_address(self):
        server = self.serve(token=[tokens()])
        program = self.new_program(server, flow="auto")
        seen = program.folder / "seen"
        browser = program.folder / "browser"
        browser.write_text(f'#!/bin/sh\nexec curl -qs --location --cacert "{server.ca}" -o "{seen}" "$@"\n')
        browser.chmod(0o755)
        result = program.as_grok(expired=False, env={"DISPLAY": ":99", "BROWSER": str(browser)}).wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)
        self.assertRegex(result.stderr, r"\A.*\nWaiting for your browser \.\.\.\n"
                                        r"Signed in, valid for (1 h|59 min), renewed without you\.\n\Z")
        self.assertEqual(asked(result.stderr.split()[3]), server.seen("authorize")[0])
        self.assertEqual(server.seen("device"), [])

    def test_login_takes_its_own_choice(self):
        server = self.serve(token=[tokens()])
        program = self.new_program(server, flow="device")
        run = program.start("login", "--loopback")
        visit(redirect(sign_in_url(run)))
        self.assertEqual(run.wait().status, 0)
        self.assertEqual(server.seen("device"), [])


class FallingOver(FlowTestCase):
    def test_server_offers_one_of_them(self):
        pending = [refusal("authorization_pending")]
        for missing, taken in (("device_authorization_endpoint", "loopback"), ("authorization_endpoint", "device")):
            for flow in ("auto", "device", "loopback"):
                for env in ({}, DESKTOP):
                    with self.subTest(missing=missing, flow=flow, env=env):
                        program = self.new_program(self.server_without(missing, token=pending), flow=flow)
                        self.assertEqual(self.flow_of(program, env=env), taken)

    def test_device_flow_is_refused_when_it_is_asked_for(self):
        """The endpoint is named, but this client may not use it, or nothing is there."""
        for answer in ((404, "not here"), (405, {}), refusal("unauthorized_client"), refusal("unsupported_grant_type"),
                       refusal("unauthorized_client", 401)):
            with self.subTest(answer):
                server = self.serve(device=[answer], token=[tokens()])
                program = self.new_program(server, flow="device")
                run = program.as_grok(expired=False)
                url = sign_in_url(run)
                self.assertIn("/authorize?", url)
                self.assertEqual(len(pending_entries(program)), 1)
                visit(redirect(url))
                result = run.wait()
                self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)
                self.assertEqual(len(server.seen("device")), 1)

    def test_other_troubles_are_not_a_missing_flow(self):
        for answer, status in ((refusal("invalid_client", 401), 2), (refusal("invalid_scope"), 2), ((500, "down"), 1),
                               ((503, {}), 1), (refusal("access_denied", 403), 4)):
            with self.subTest(answer):
                program = self.new_program(self.serve(device=[answer]), flow="device")
                result = program.as_grok(expired=False).wait()
                self.assertEqual((result.status, result.stdout), (status, ""), result)
                self.assertNotIn("Sign in at", result.stderr)

    def test_server_without_any(self):
        both = ("device_authorization_endpoint", "authorization_endpoint")
        for missing, answers in ((both, {}), (("authorization_endpoint",), {"device": [(404, "not here")]}),
                                 (("authorization_endpoint",), {"device": [refusal("unauthorized_client")]})):
            for flow in ("auto", "device", "loopback"):
                with self.subTest(missing=missing, flow=flow):
                    server = self.server_without(*missing, **answers)
                    program = self.new_program(server, flow=flow)
                    message = f"{server.issuer} offers neither the device flow nor"
                    result = self.assert_refused(program, program.as_grok(expired=False), message, 2)
                    self.assertIn("hint: ask its administrator", result.stderr)
                    self.assertEqual(result.stderr.count("\n"), 2)


if __name__ == "__main__":
    unittest.main()
