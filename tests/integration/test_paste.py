"""What a person pastes into a waiting `grok-auth login` on a real terminal, and how the terminal is left."""

import os
import re
import signal
import sys
import threading
import unittest
from urllib.parse import parse_qs, urljoin, urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, asked, free_port, pending_entries, redirect, visit  # noqa: E402
from program import SIGNED_IN, Program, ProgramTestCase  # noqa: E402
from scripted_provider import refusal, tokens  # noqa: E402
from tmux import Tmux  # noqa: E402

OFFER = "paste here the address"
WRONG_STATE = r"^grok-auth: warning: that belongs to another or an older sign-in; open the address above$"
GARBAGE = r"^grok-auth: warning: that is neither the address that the browser ends at nor a code$"
AS_USUAL = {"echo", "icanon", "isig", "icrnl"}
CODE = "pasted-code-0123456789"


def code_of(address: str) -> str:
    """The code of a redirect."""
    return parse_qs(urlsplit(address).query)["code"][0]


class Pasting:
    """What both servers' tests share."""

    def open_terminal(self, program: Program) -> Tmux:
        return self.enterContext(Tmux(program.environment, columns=100, rows=40))

    def log_in(self, terminal: Tmux, program: Program, *args: str) -> str:
        """Begins a sign-in by browser, and returns its address once something can be pasted."""
        terminal.begin(" ".join([program.binary, "login", "--loopback", "--no-browser", *args]))
        terminal.wait_for(rf"{OFFER}.*\n(?:.*\n)*Waiting")
        return terminal.wait_for(r"^Sign in at (https://\S+)$").group(1)

    def assert_signed_in(self, terminal: Tmux, *secrets: str) -> None:
        """The sign-in ends well, the terminal is as before, and nothing of what was pasted is to be seen."""
        terminal.wait_for("^Signed in")
        self.assert_over(terminal, *secrets)

    def assert_over(self, terminal: Tmux, *secrets: str) -> None:
        terminal.wait_for_prompt()
        shown = terminal.everything()
        self.assertNotIn("Waiting", shown)
        for secret in secrets:
            self.assertNotIn(secret, shown)
        self.assertLessEqual(AS_USUAL, terminal.modes())
        self.assertEqual(terminal.children(), [])
        terminal.enter("echo $((20 + 3))")  # what is typed is shown, and nothing came before it
        terminal.wait_for(r"^\$ echo \$\(\(20 \+ 3\)\)\n23\n\$\Z")


class RealServer(Pasting, ProgramTestCase):
    """Curl goes through the server's own pages, up to the redirect that it cannot follow."""

    def setUp(self) -> None:
        super().setUp()
        self.program = self.new_program(flow="loopback", redirect_port=free_port())
        self.terminal = self.open_terminal(self.program)

    def final_redirect(self, url: str) -> str:
        """Where the server sends the browser in the end, which it does not follow: it sits at another computer."""
        cookies = str(self.program.folder / "cookies")
        options = ("--cookie", cookies, "--cookie-jar", cookies, "--cacert", self.provider.ca)
        end, page = asked(url)["redirect_uri"], url
        for _ in range(10):
            page = urljoin(page, visit(page, *options).headers["location"])
            if page.startswith(end + "?"):
                return page
        raise AssertionError(f"no way from {url} to {end}")

    def test_address(self):
        url = self.log_in(self.terminal, self.program)
        address = self.final_redirect(url)
        self.terminal.paste(address + "\n")
        self.assert_signed_in(self.terminal, code_of(address))
        self.assertRegex(self.terminal.everything(), rf"\n{SIGNED_IN}\n")
        self.assertEqual(self.program.run("status", "--json").json["status"], "connected")
        self.assertEqual(pending_entries(self.program), [])

    def test_query(self):
        for mark in ("?", ""):
            with self.subTest(mark):
                url = self.log_in(self.terminal, self.program)
                address = self.final_redirect(url)
                self.terminal.paste(mark + urlsplit(address).query + "\n")
                self.assert_signed_in(self.terminal, code_of(address))

    def test_bare_code(self):
        url = self.log_in(self.terminal, self.program)
        code = code_of(self.final_redirect(url))
        self.terminal.paste(code)
        self.assertNotIn(code, self.terminal.everything())
        self.terminal.keys("Enter")
        self.assert_signed_in(self.terminal, code)

    def test_bare_code_of_another_sign_in(self):
        """Another verifier made it: the server refuses it, and this sign-in goes on."""
        other_program = self.new_program(flow="loopback", redirect_port=free_port())
        other = self.open_terminal(other_program)
        foreign = code_of(self.final_redirect(self.log_in(other, other_program)))
        url = self.log_in(self.terminal, self.program)
        self.terminal.paste(foreign + "\n")
        self.terminal.wait_for(r"^grok-auth: warning: the server does not take this code: .*invalid_grant")
        self.terminal.wait_for(r"^Waiting for your browser, .* left\Z")
        code = code_of(self.final_redirect(url))
        self.terminal.paste(code + "\n")
        self.assert_signed_in(self.terminal, code, foreign)

    def test_code_that_was_used(self):
        """Twice in one go: the first counts, the second reaches neither the server nor the shell."""
        url = self.log_in(self.terminal, self.program)
        code = code_of(self.final_redirect(url))
        self.terminal.paste(f"{code}\n{code}\n")
        self.assert_signed_in(self.terminal, code)
        exchanges = [request["status"] for request in self.provider.requests("token")]
        self.assertEqual(exchanges, [200])
        # In the next sign-in it is an old one.
        self.log_in(self.terminal, self.program)
        self.terminal.paste(code + "\n")
        self.terminal.wait_for(r"^grok-auth: warning: the server does not take this code: .*invalid_grant")
        self.terminal.wait_for(r"^Waiting for your browser, .* left\Z")
        self.terminal.keys("C-c")
        self.assert_over(self.terminal, code)


class Scripted(Pasting, LoopbackTestCase):
    def begin_here(self, *args: str, **answers) -> None:
        self.server = self.serve(**{"token": [tokens()], **answers})
        self.program = self.new_program(self.server)
        self.terminal = self.open_terminal(self.program)
        self.url = self.log_in(self.terminal, self.program, *args)

    def sent(self) -> list[str]:
        """The codes that the server was sent."""
        return [form["code"] for form in self.server.seen("token")]

    def test_address_longer_than_a_line_of_the_terminal(self):
        """A terminal in its usual mode takes 4095 characters in a line, and drops the rest."""
        self.begin_here()
        code = "long-" + "x" * 6000
        self.terminal.paste(redirect(self.url, code=code) + "\n")
        self.assert_signed_in(self.terminal, "long-", "xxxx")
        self.assertEqual(self.sent(), [code])

    def test_what_is_of_no_use_is_warned_about(self):
        self.begin_here()
        for text, warning in ((redirect(self.url, state="other-state"), WRONG_STATE),
                              (redirect(self.url, state=None), WRONG_STATE),
                              ("?code=" + CODE, WRONG_STATE),
                              ("secret words", GARBAGE),
                              ("short", GARBAGE),
                              (redirect(self.url, code=None, state=None), GARBAGE),
                              (self.url, GARBAGE)):
            with self.subTest(text):
                warnings = len(re.findall(f"(?m){warning}", self.terminal.everything()))
                self.terminal.paste(text + "\n")
                self.terminal.wait_for(rf"(?:{warning}(?:.*\n)+?){{{warnings + 1}}}Waiting for your browser, .* left\Z")
        self.assertEqual(self.sent(), [])
        self.terminal.paste(redirect(self.url, code=CODE) + "\n")
        self.assert_signed_in(self.terminal, CODE, "other-state", "secret words")
        self.assertEqual(self.sent(), [CODE])

    def test_code_that_the_server_refuses(self):
        self.begin_here(token=[refusal("invalid_grant", error_description="it is\x1b[2J used"), tokens()])
        self.terminal.paste(redirect(self.url, code="used") + "\n")
        self.terminal.wait_for(r"^grok-auth: warning: the server does not take this code: .*invalid_grant")
        self.terminal.wait_for(r"^Waiting for your browser, .* left\Z")
        self.assertIn("Sign in at ", self.terminal.everything())  # the server's text moved no cursor
        self.terminal.paste(CODE + "\n")
        self.assert_signed_in(self.terminal, CODE)
        self.assertEqual(self.sent(), ["used", CODE])

    def test_browser_may_still_come_by_itself(self):
        self.begin_here()
        self.terminal.paste("secret words\n")
        self.terminal.wait_for(GARBAGE)
        self.assertEqual(visit(redirect(self.url, code=CODE)).status, 200)
        self.assert_signed_in(self.terminal)

    def test_typing_is_corrected(self):
        self.begin_here()
        self.terminal.type("wrong")
        self.terminal.keys("C-u")
        self.terminal.type(CODE + "zz")
        self.terminal.keys("BSpace", "BSpace", "Enter")
        self.assert_signed_in(self.terminal, CODE, "wrong")
        self.assertEqual(self.sent(), [CODE])

    def test_nothing_is_echoed_while_it_waits(self):
        self.begin_here()
        self.assertLessEqual({"-echo", "-icanon", "isig"}, self.terminal.modes())
        self.terminal.paste(CODE)  # no return key
        self.terminal.wait_for(r"^Waiting for your browser, (.*) left\Z")
        before = self.terminal.wait_for(r"[0-9:]+ left\Z").group()
        while self.terminal.wait_for(r"[0-9:]+ left\Z").group() == before:
            pass
        self.assertNotIn(CODE, self.terminal.everything())
        self.terminal.keys("C-c")
        self.assert_over(self.terminal, CODE)  # nor does the shell get it

    def test_terminal_is_as_before_after_every_end(self):
        def end_by_error():
            self.terminal.paste(redirect(self.url, code=None, error="access_denied") + "\n")
            self.terminal.wait_for("^grok-auth: error: ")

        def end_by_signal(number: int):
            child, = self.terminal.children()
            os.kill(child, number)

        ends = {"error": end_by_error, "control-C": lambda: self.terminal.keys("C-c"),
                "SIGTERM": lambda: end_by_signal(signal.SIGTERM), "SIGHUP": lambda: end_by_signal(signal.SIGHUP)}
        for name, end in ends.items():
            with self.subTest(name):
                self.begin_here()
                self.assertIn("-echo", self.terminal.modes())
                end()
                self.assert_over(self.terminal)

    def test_what_comes_too_late_is_not_for_the_shell(self):
        """A second copy that is pasted while the server thinks about the first."""
        has_second = threading.Event()

        def answer(_form, _connection):
            has_second.wait(10)
            return tokens()

        self.begin_here(token=[answer])
        self.terminal.paste(CODE + "\n")
        while not self.sent():
            self.assertNotIn("grok-auth: ", self.terminal.everything())
        second = "echo this was run by the shell\n"
        self.terminal.paste(second)
        while self.terminal.unread() < len(second):
            self.assertNotIn("Signed in", self.terminal.everything())
        has_second.set()
        self.assert_signed_in(self.terminal, CODE, "by the shell")

    def test_end_of_its_time(self):
        self.begin_here("--timeout=2")
        self.terminal.wait_for("^grok-auth: error: nobody finished the sign-in in time")
        self.assert_over(self.terminal)


class WhereNobodyCanPaste(Pasting, LoopbackTestCase):
    def setUp(self) -> None:
        self.server = self.serve(token=[tokens()])
        self.program = self.new_program(self.server)
        self.terminal = self.open_terminal(self.program)

    def test_background_job(self):
        """It may not touch the terminal: that would stop it."""
        self.terminal.begin(f"{self.program.binary} login --loopback --no-browser &")
        url = self.terminal.wait_for(r"^(?:\$ )?Sign in at (https://\S+)$").group(1)
        self.terminal.wait_for("Waiting for your browser")
        self.assertNotIn(OFFER, self.terminal.everything())
        self.assertLessEqual(AS_USUAL, self.terminal.modes())
        self.terminal.enter("jobs")
        self.terminal.wait_for(r"\[1\].*Running")
        self.assertEqual(visit(redirect(url)).status, 200)
        self.terminal.wait_for("^Signed in")
        self.assertNotRegex(self.terminal.everything(), "Stopped|Suspended")
        self.assertLessEqual(AS_USUAL, self.terminal.modes())

    def test_provider_run(self):
        self.terminal.begin(f"{self.program.binary} token --loopback --no-browser --bare")
        url = self.terminal.wait_for(r"^Sign in at (https://\S+)$").group(1)
        self.terminal.wait_for(r"^Waiting for your browser \.\.\.$")
        self.assertNotIn(OFFER, self.terminal.everything())
        self.assertLessEqual(AS_USUAL, self.terminal.modes())
        visit(redirect(url))
        self.terminal.wait_for_prompt()

    def test_messages_that_go_elsewhere(self):
        """Nobody would see the offer."""
        seen = self.program.folder / "seen"
        self.terminal.begin(f"{self.program.binary} login --loopback --no-browser 2>{seen}")
        while "Waiting" not in (text := seen.read_text() if seen.exists() else ""):
            self.assertNotIn("\n$", self.terminal.everything())
        self.assertNotIn(OFFER, text)
        self.assertLessEqual(AS_USUAL, self.terminal.modes())
        visit(redirect(re.search(r"https://\S+", text).group()))
        self.terminal.wait_for_prompt()

    def test_device_flow(self):
        self.server.answers["token"] = [refusal("authorization_pending")]
        self.terminal.begin(f"{self.program.binary} login --device --no-qr")
        self.terminal.wait_for("^Waiting for you to approve it there")
        self.assertNotIn(OFFER, self.terminal.everything())
        self.assertIn("-echo", self.terminal.modes(), "what is typed disturbs the countdown")
        self.terminal.keys("C-c")
        self.terminal.wait_for_prompt()
        self.assertLessEqual(AS_USUAL, self.terminal.modes())


if __name__ == "__main__":
    unittest.main()
