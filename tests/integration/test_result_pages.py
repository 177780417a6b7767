"""The pages that the listener of a loopback sign-in shows, in a real browser.

Their pictures go to the folder that GROK_AUTH_SCREENSHOTS names, for people to look at.
"""

import os
import pathlib
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import browsing  # noqa: E402
from browsing import BrowserTestCase  # noqa: E402
from loopback import asked  # noqa: E402

WINDOWS = {"desktop": (800, 600), "phone": (360, 640)}

setUpModule = browsing.require


class ResultPages(BrowserTestCase):
    """Every page on a desktop and on a phone, in the light and in the dark."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        named = os.environ.get("GROK_AUTH_SCREENSHOTS")
        cls.folder = pathlib.Path(named or cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.folder.mkdir(exist_ok=True)

    def look_at(self, page: str, heading: str, mark: str) -> None:
        self.wait_for_page(heading)
        self.assertEqual(self.browser.evaluate("document.querySelector('main').className"), mark)
        complaints = [line for line in self.browser.console if "responded with a status of 40" not in line]
        self.assertEqual(complaints, [])  # nothing offends the page's own policy
        loaded = self.browser.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        self.assertEqual([name for name in loaded if not name.startswith("data:")], [])
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
                    self.assertGreaterEqual(self.browser.evaluate("document.querySelector('svg').clientWidth"), 40)
                    colors = [f"getComputedStyle(document.querySelector('{it}')).color" for it in ("h1", "svg", "p")]
                    heading_color, sign_color, text_color = map(self.browser.evaluate, colors)
                    self.assertEqual(sign_color, heading_color)
                    self.assertNotEqual(heading_color, text_color)

    def test_pages(self):
        _, run, url = self.new_login()
        self.browser.open(asked(url)["redirect_uri"].replace("callback", "elsewhere"))
        self.look_at("not-found", "Nothing here", "notice")
        self.answer(url, state="older")
        self.look_at("wrong-state", "Not from this sign-in", "notice")
        self.answer(url, code=None)
        self.look_at("no-answer", "No answer in this address", "notice")
        self.browser.open(url)
        self.look_at("signed-in", "Approved", "done")
        self.assertEqual(run.wait().status, 0)

    def test_refusals(self):
        refusals = {"declined": "the person said no", "long-words": "https://id.example/error/" + "0123456789abcdef" * 17}
        for page, words in refusals.items():
            _, run, url = self.new_login()
            self.answer(url, code=None, error="access_denied", error_description=words)
            self.look_at(page, "Not signed in", "failed")
            self.assertEqual(run.wait().status, 4)

    def test_another_server(self):
        _, run, url = self.new_login()
        self.answer(url, iss="https://evil.test")
        self.look_at("other-server", "Not signed in", "failed")
        self.assertEqual(run.wait().status, 1)


if __name__ == "__main__":
    browsing.main()
