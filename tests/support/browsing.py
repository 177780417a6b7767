"""What the tests with a real browser share: a sign-in that waits for it, and the pages it comes through.

They run in a network of their own: nothing outside can be loaded, and a navigation is not broken off with
ERR_NETWORK_CHANGED when another test adds an interface to the machine.
"""

import os
import sys
import unittest

import chromium
import isolation
import provider
from chromium import Chromium
from loopback import free_port, redirect
from program import ProgramTestCase, sign_in_url


def main() -> None:
    """Runs the tests of the program that calls it."""
    provider.install()
    isolation.enter()
    unittest.main()


def require() -> None:
    """To be called by `setUpModule`: skips the tests where there is no browser, but fails when CI is set."""
    isolation.require()
    if chromium.PROGRAM is None:
        if os.environ.get("CI"):
            raise RuntimeError("chromium is not installed, and CI must not go without")
        print("skipped: chromium is not installed", file=sys.stderr)
        raise unittest.SkipTest("chromium is not installed")


class BrowserTestCase(ProgramTestCase):
    """A test with one window, which knows nobody when the test begins."""

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
        """A loopback sign-in that waits for its browser: program, run, and the address it printed."""
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
