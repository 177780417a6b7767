"""Sign-ins in a real browser: Chromium without a window goes through the server's pages to ours."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import browsing  # noqa: E402
import chromium  # noqa: E402
from browsing import BrowserTestCase  # noqa: E402
from loopback import free_port, redirect  # noqa: E402
from program import SIGNED_IN, sign_in_url, user_code_of  # noqa: E402

setUpModule = browsing.require


class FormsTestCase(BrowserTestCase):
    """The server's own pages wait for somebody who fills in and presses."""

    def setUp(self):
        super().setUp()
        self.provider.settings(forms=True)

    def wait_for_form(self, title: str) -> str:
        """Waits for a page of the server with this heading and a button; returns its text."""
        self.browser.wait_for(
            f"document.readyState == 'complete' && document.querySelector('h1')?.innerText == {title!r}"
            " && !!document.querySelector('button[type=submit]')"
        )
        self.assertTrue(self.browser.evaluate("location.href").startswith(self.provider.issuer + "/"))
        return self.browser.evaluate("document.body.innerText")

    def fill_in(self, account: str) -> None:
        """Types name and password, as keys that are pressed, and presses the return key."""
        self.wait_for_form("Sign-in")
        for field, text in (("login", account), ("password", "any will do")):
            self.browser.evaluate(f"document.querySelector('input[name={field}]').focus()")
            self.browser.call("Input.insertText", text=text)
        self.assertEqual(self.browser.evaluate("document.querySelector('input[name=login]').value"), account)
        self.press("button[type=submit]")

    def consent(self) -> None:
        """Reads what is asked for, and presses the button."""
        asked = self.wait_for_form("Authorize")
        for word in ("profile", "email"):
            self.assertIn(word, asked)
        self.press("button[type=submit]")

    def press(self, element: str) -> None:
        """Clicks in the middle of the element, as a mouse does."""
        box = f"document.querySelector({element!r}).getBoundingClientRect()"
        where = {"x": self.browser.evaluate(f"{box}.x + {box}.width / 2"), "y": self.browser.evaluate(f"{box}.y + {box}.height / 2")}
        for event in ("mousePressed", "mouseReleased"):
            self.browser.call("Input.dispatchMouseEvent", type=event, button="left", clickCount=1, **where)


class FormsOfTheLoopbackFlow(FormsTestCase):
    def test_approved(self):
        _, run, url = self.new_login()
        self.browser.open(url)
        self.fill_in("grace")
        self.consent()
        self.assertIn("You can close this window", self.wait_for_page("Approved"))
        result = run.wait()
        self.assertEqual((result.status, result.json["issuer"]), (0, self.provider.issuer), result)
        self.assertIn("Signed in as grace@example.com", result.stderr)

    def test_declined(self):
        """The server's "Cancel", before one has said who one is and after."""
        for is_known in (False, True):
            with self.subTest(is_known=is_known):
                self.browser.call("Network.clearBrowserCookies")
                _, run, url = self.new_login()
                self.browser.open(url)
                if is_known:
                    self.fill_in("grace")
                self.wait_for_form("Authorize" if is_known else "Sign-in")
                self.press(".login-help a")
                self.assertIn("access_denied (End-User aborted interaction)", self.wait_for_page("Not signed in"))
                result = run.wait()
                self.assertEqual((result.status, result.stdout), (4, ""), result)
                self.assertIn("declined in the browser, or this account is refused (End-User aborted interaction)", result.stderr)


class FormsOfTheDeviceFlow(FormsTestCase):
    def begin(self):
        """`login --device` on a terminal; the browser opens what it shows, on the phone or on another computer."""
        run = self.program.as_tty("login", "--device", "--no-browser")
        url = run.wait_to_see(r"https://\S+").group()
        code = user_code_of(url)
        run.wait_to_see(f"Code: .*{code}")
        self.browser.open(url)
        # The page that has the code from the address sends itself.
        self.assertIn(code, self.wait_for_form("Confirm Device"))
        return run

    def test_approved(self):
        run = self.begin()
        self.press("button[type=submit]")
        self.fill_in("grace")
        self.consent()
        self.browser.wait_for("document.querySelector('h1')?.innerText == 'Sign-in Success'")
        run.wait_to_see("Signed in as grace@example.com")
        self.assertEqual(run.wait().status, 0)

    def test_declined(self):
        """The device page's "Abort", and the "Cancel" of the pages after it."""
        for page in ("Confirm Device", "Sign-in", "Authorize"):
            with self.subTest(page):
                self.browser.call("Network.clearBrowserCookies")
                run = self.begin()
                if page == "Confirm Device":
                    self.press("button[name=abort]")
                else:
                    self.press("button[type=submit]")
                    if page == "Authorize":
                        self.fill_in("grace")
                    self.wait_for_form(page)
                    self.press(".login-help a")
                self.browser.wait_for("document.body.innerText.includes('interrupted')")
                result = run.wait()
                self.assertEqual(result.status, 4, result)
                self.assertIn("declined in the browser, or this account is refused", result.stdout)


class ByTheLoopbackFlow(BrowserTestCase):
    def test_sign_in(self):
        _, run, url = self.new_login()
        self.browser.open(url)
        self.assertIn("You can close this window", self.wait_for_page("Approved"))
        result = run.wait()
        self.assertEqual((result.status, result.json["issuer"]), (0, self.provider.issuer), result)
        self.assertRegex(result.stderr, SIGNED_IN)
        self.assertEqual(self.browser.evaluate("document.title"), "Approved")
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
        self.wait_for_page("Approved")
        self.assertEqual(run.wait().status, 0)

    def test_browser_is_started_by_the_program(self):
        """$BROWSER is a command with arguments, one of them quoted, for a Chromium that goes through all pages and ends."""
        program = self.new_program(flow="auto", redirect_port=free_port())
        profile = program.folder / "a profile"
        options = " ".join(chromium.options(self.provider.issuer))
        command = f"nowhere:'{chromium.PROGRAM}' {options} --dump-dom '--user-data-dir={profile}' %s"
        result = program.as_grok(expired=False, env={"DISPLAY": ":99", "BROWSER": command}).wait(60)
        self.assertEqual((result.status, result.json["issuer"]), (0, self.provider.issuer), result)
        self.assertRegex(result.stderr, r"\ASign in at \S+\nWaiting for your browser ...\nSigned in as ada@example.com .*\n\Z")
        self.assertTrue(profile.is_dir())

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
        self.assertIn("Use the newest address", self.wait_for_page("Not from this sign-in"))
        self.browser.call("Page.reload")
        self.wait_for_page("Not from this sign-in")
        self.browser.open(old)
        self.wait_for_page("Approved")
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


if __name__ == "__main__":
    browsing.main()
