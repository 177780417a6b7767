"""Sign-ins in a real browser: Chromium without a window goes through the server's pages to ours.

The pictures of our pages go to the folder that GROK_AUTH_SCREENSHOTS names, for people to look at.
"""

import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import chromium  # noqa: E402
from chromium import Chromium  # noqa: E402
from loopback import asked, free_port, redirect  # noqa: E402
from program import SIGNED_IN, ProgramTestCase, sign_in_url  # noqa: E402

WINDOWS = {"desktop": (800, 600), "phone": (360, 640)}


def setUpModule():
    if chromium.PROGRAM is None:
        if os.environ.get("CI"):
            raise RuntimeError("chromium is not installed, and CI must not go without")
        print("skipped: chromium is not installed", file=sys.stderr)
        raise unittest.SkipTest("chromium is not installed")


class BrowserTestCase(ProgramTestCase):
    browser: Chromium

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = cls.enterClassContext(Chromium(cls.provider.issuer))

    def setUp(self):
        super().setUp()
        self.browser.call("Network.clearBrowserCookies")
        self.browser.console.clear()

    def new_login(self, **changes):
        """A loopback sign-in that waits for its browser."""
        program = self.new_program(flow="loopback", redirect_port=free_port(), **changes)
        run = program.as_grok(expired=False)
        return program, run, sign_in_url(run)

    def answer(self, url: str, **answer) -> None:
        """The browser is sent to us with this answer."""
        self.browser.open(redirect(url, **{"iss": self.provider.issuer, **answer}))

    def wait_for_page(self, heading: str) -> str:
        """Waits for a page of ours with this heading; returns its text."""
        self.browser.wait_for(f"document.readyState == 'complete' && document.querySelector('h1')?.innerText == {heading!r}")
        return self.browser.evaluate("document.body.innerText")


class ByTheLoopbackFlow(BrowserTestCase):
    def test_sign_in(self):
        _, run, url = self.new_login()
        self.browser.open(url)
        self.assertIn("You can close this window", self.wait_for_page("Signed in"))
        result = run.wait()
        self.assertEqual((result.status, result.json["issuer"]), (0, self.provider.issuer), result)
        self.assertRegex(result.stderr, SIGNED_IN)
        self.assertEqual(self.browser.evaluate("document.title"), "Signed in")
        self.assertEqual(self.browser.console, [])  # nor did anything offend the page's own policy
        self.assertEqual(len(self.provider.requests("token")), 1)

    def test_browser_is_opened_by_the_program(self):
        """$BROWSER is a script that hands the address to the window that is open."""
        program = self.new_program(flow="auto", redirect_port=free_port())
        address, script = program.folder / "address", program.folder / "browser"
        script.write_text(f'#!/bin/sh\nprintf %s "$1" > "{address}.new" && mv "{address}.new" "{address}"\n')
        script.chmod(0o755)
        run = program.as_grok(expired=False, env={"DISPLAY": ":99", "BROWSER": str(script)})
        run.wait_for("Waiting for your browser")
        while not address.exists():
            self.assertTrue(run.is_alive())
        self.browser.open(address.read_text())
        self.wait_for_page("Signed in")
        self.assertEqual(run.wait().status, 0)

    def test_declined(self):
        self.provider.settings(deny_sign_in=True)
        _, run, url = self.new_login()
        self.browser.open(url)
        self.assertIn("access_denied (the person said no)", self.wait_for_page("Not signed in"))
        self.assertEqual(run.wait().status, 4)

    def test_reload_and_back_of_an_old_page(self):
        """A window of an older sign-in does not disturb the newer one."""
        _, run, old = self.new_login()
        self.answer(old, state="older")
        self.assertIn("Use the newest one", self.wait_for_page("Not from this sign-in"))
        self.browser.call("Page.reload")
        self.wait_for_page("Not from this sign-in")
        self.browser.open(old)
        self.wait_for_page("Signed in")
        self.assertEqual(run.wait().status, 0)

    def test_words_of_the_server_are_text(self):
        _, run, url = self.new_login()
        words = "<script>document.title='evil'</script><img src=x onerror=\"document.title='evil'\">"
        self.answer(url, code=None, error="access_denied", error_description=words)
        self.assertIn(words, self.wait_for_page("Not signed in"))
        self.assertEqual(self.browser.evaluate("document.title"), "Not signed in")
        self.assertEqual(self.browser.evaluate("document.scripts.length + document.images.length"), 0)
        self.assertEqual(run.wait().status, 4)


    def test_fetched_by_a_page(self):
        """xAI's consent page does not navigate to the redirect but fetches it: the issuer's pages may, others may not."""
        _, run, url = self.new_login()
        asked_first = {"headers": {"Content-Type": "text/x"}}  # not a simple request: a preflight goes before it
        for options in ({}, asked_first):
            fetch = f"fetch({redirect(url, state='x')!r}, {options}).then(r => r.text().then(t => r.status + t), String)"
            self.show(self.provider.issuer.replace("localhost", "127.0.0.1") + "/device")
            self.assertEqual(self.browser.evaluate(fetch), "TypeError: Failed to fetch")
            self.show(self.provider.issuer + "/device")
            self.assertRegex(self.browser.evaluate(fetch), r"\A400<!doctype html>.*Not from this sign-in")
        self.answer(url, code=None, error="access_denied")
        self.wait_for_page("Not signed in")
        self.assertEqual(run.wait().status, 4)

    def show(self, url: str) -> None:
        self.browser.open(url)
        self.browser.wait_for("document.readyState == 'complete'")


class ByTheDeviceFlow(BrowserTestCase):
    def decide(self, button: str):
        run = self.program.as_grok(expired=False)
        self.browser.open(sign_in_url(run))
        # The page with the code from the address sends itself, or waits for its button.
        page = "document.getElementById('op.deviceConfirmForm') || document.querySelector('button[autofocus]')?.click()"
        self.browser.wait_for(page)
        self.browser.evaluate(button)
        return run

    def test_approved(self):
        run = self.decide("[...document.querySelectorAll('button')].find(b => b.innerText == 'Continue').click()")
        self.browser.wait_for("document.body.innerText.includes('Sign-in Success')")
        result = run.wait()
        self.assertEqual((result.status, result.json["issuer"]), (0, self.provider.issuer), result)

    def test_declined(self):
        run = self.decide("document.querySelector('button[name=abort]').click()")
        self.browser.wait_for("document.body.innerText.includes('interrupted')")
        result = run.wait()
        self.assertEqual((result.status, result.stdout), (4, ""), result)


class Looks(BrowserTestCase):
    """Every page on a desktop and on a phone, in the light and in the dark."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        named = os.environ.get("GROK_AUTH_SCREENSHOTS")
        cls.folder = pathlib.Path(named or cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.folder.mkdir(exist_ok=True)

    def look_at(self, page: str, heading: str) -> None:
        self.wait_for_page(heading)
        for window, (width, height) in WINDOWS.items():
            for dark in (False, True):
                with self.subTest(page=page, window=window, dark=dark):
                    self.browser.look(width, height, dark)
                    name = f"{page}-{window}-{'dark' if dark else 'light'}.png"
                    corner = self.browser.screenshot(self.folder / name)
                    style = "getComputedStyle(document.querySelector('p'))"
                    text = self.browser.evaluate(style + ".color.match(/\\d+/g).map(Number)")
                    self.assertGreater(abs(sum(corner) - sum(text[:3])), 3 * 128, "too little contrast")
                    self.assertTrue(sum(corner) < 3 * 64 if dark else sum(corner) > 3 * 192, corner)
                    self.assertEqual(self.browser.evaluate("innerWidth"), width)
                    for size in ("Width", "Height"):
                        overflow = self.browser.evaluate(f"document.documentElement.scroll{size} - inner{size}")
                        self.assertLessEqual(overflow, 0, f"the page must be scrolled: {size}")
                    self.assertGreaterEqual(self.browser.evaluate(f"parseFloat({style}.fontSize)"), 16)

    def test_pages(self):
        _, run, url = self.new_login()
        self.browser.open(asked(url)["redirect_uri"].replace("callback", "elsewhere"))
        self.look_at("not-found", "Nothing here")
        self.answer(url, state="older")
        self.look_at("wrong-state", "Not from this sign-in")
        self.answer(url, code=None)
        self.look_at("no-answer", "No answer in this address")
        self.browser.open(url)
        self.look_at("signed-in", "Signed in")
        self.assertEqual(run.wait().status, 0)

    def test_refusals(self):
        refusals = {"declined": "the person said no", "long-words": "https://id.example/error/" + "0123456789abcdef" * 17}
        for page, words in refusals.items():
            _, run, url = self.new_login()
            self.answer(url, code=None, error="access_denied", error_description=words)
            self.look_at(page, "Not signed in")
            self.assertEqual(run.wait().status, 4)

    def test_another_server(self):
        _, run, url = self.new_login()
        self.answer(url, iss="https://evil.test")
        self.look_at("other-server", "Not signed in")
        self.assertEqual(run.wait().status, 1)


if __name__ == "__main__":
    unittest.main()
