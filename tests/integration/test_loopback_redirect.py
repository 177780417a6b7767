"""What comes to the listener of a loopback sign-in: whose answer it takes, whom it refuses, and what they are shown."""

import os
import sys
import unittest
from html.parser import HTMLParser

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from loopback import LoopbackTestCase, Page, asked, port_of, redirect, visit  # noqa: E402
from running import Running  # noqa: E402
from scripted_provider import tokens  # noqa: E402


class Html(HTMLParser):
    """A page read strictly: every element is closed in order; what could load or run something is noted."""

    VOID = {"meta", "link", "br"}

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data + "\n"


class RedirectTestCase(LoopbackTestCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve(token=[tokens()])
        self.program, self.run_, self.url = self.begin(self.server)
        self.origin = f"http://127.0.0.1:{port_of(self.url)}"

    def assert_page(self, page: Page, status: int, heading: str) -> Html:
        """An answer with this status and heading that can harm nobody."""
        self.assertEqual(page.status, status, page)
        html = Html(page.body)
        self.assertTrue(page.body.startswith("<!doctype html><html lang=\"en\">"), page.body)
        self.assertEqual(html.open, [], "an element is not closed")
        self.assertIn(heading + "\n", html.text)
        names = [name for name, _ in html.elements]
        mark = {"svg", "circle", "path"}
        self.assertEqual(
            set(names), mark | {"html", "head", "meta", "link", "title", "style", "body", "main", "h1", "p", "footer"}
        )
        meta = [attributes for name, attributes in html.elements if name == "meta"]
        self.assertIn({"name": "viewport", "content": "width=device-width,initial-scale=1"}, meta)
        self.assertIn({"charset": "utf-8"}, meta)
        for name, attributes in html.elements:
            self.assertEqual([key for key in attributes if key.startswith("on") or key in ("src", "style")], [])
            self.assertIn(attributes.get("href", "data:,"), ("data:,",))  # nothing is loaded from anywhere
        self.assertNotIn("url(", page.body)
        self.assertNotIn("@import", page.body)
        self.assert_harmless(page)
        return html

    def assert_harmless(self, page: Page):
        policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
        self.assertEqual(policy["default-src"], "'none'")
        self.assertNotIn("script-src", policy)
        for name in ("frame-ancestors", "base-uri", "form-action"):
            self.assertEqual(policy[name], "'none'")
        self.assertEqual(page.headers["content-type"], "text/html; charset=utf-8")
        self.assertEqual(page.headers["cache-control"], "no-store")
        self.assertEqual(page.headers["x-content-type-options"], "nosniff")
        self.assertEqual(page.headers["referrer-policy"], "no-referrer")
        self.assertEqual(page.headers["connection"], "close")
        self.assertNotIn("server", page.headers)

    def assert_still_waiting(self):
        """What came before changed nothing: the true redirect signs in."""
        self.assertEqual(self.server.seen("token"), [])
        self.assert_page(visit(redirect(self.url)), 200, "Approved")
        self.assert_signed_in(self.run_)

    def assert_signed_in(self, run: Running):
        result = run.wait()
        self.assertEqual((result.status, result.json["access_token"]), (0, "scripted-access-token"), result)


class NotTheRedirect(RedirectTestCase):
    def test_other_paths(self):
        for path in ("/", "/favicon.ico", "/callback/", "/callback2", "/CALLBACK", "//callback", "/x/callback", "/callback;a",
                     "/%63allback"):
            page = visit(self.origin + path + "?" + redirect(self.url).partition("?")[2], "--path-as-is")
            self.assert_page(page, 404, "Nothing here")
        self.assert_still_waiting()

    def test_wrong_state(self):
        true = asked(self.url)["state"]
        wrong = [None, "", "x", true[:-1], true + "x", true + "\0", true.swapcase(), asked(self.url)["nonce"], " " + true]
        for state in wrong:
            with self.subTest(state):
                html = self.assert_page(visit(redirect(self.url, state=state)), 400, "Not from this sign-in")
                self.assertIn("still waiting", html.text)
                page = visit(redirect(self.url, code=None, state=state, error="access_denied"))
                self.assert_page(page, 400, "Not from this sign-in")
        self.assert_still_waiting()

    def test_no_answer(self):
        state = asked(self.url)["state"]
        codes = ("", "&code=", "&code=a%00b", "&code=%20", "&code=a%0d%0ab")
        for query in ("", "?", *(f"?state={state}{code}" for code in codes), f"?STATE={state}&CODE=c", "?%", "?&&&=&"):
            with self.subTest(query):
                self.assert_page(visit(f"{self.origin}/callback{query}"), 400, "No answer in this address")
        self.assert_still_waiting()

    def test_first_of_a_repeated_parameter_counts(self):
        state = asked(self.url)["state"]
        page = visit(f"{self.origin}/callback?state=wrong&state={state}&code=evil")
        self.assert_page(page, 400, "Not from this sign-in")
        self.assert_page(visit(f"{self.origin}/callback?code=good&state={state}&code=evil&state=wrong"), 200, "Approved")
        self.assert_signed_in(self.run_)
        self.assertEqual(self.server.seen("token")[0]["code"], "good")

    def test_preview_does_not_use_the_code_up(self):
        page = visit(redirect(self.url), "--head")
        self.assertEqual((page.status, page.body.partition("<")[1]), (200, ""))
        self.assertGreater(int(page.headers["content-length"]), 100)
        self.assert_harmless(page)
        self.assert_still_waiting()

    def test_other_methods(self):
        for method in ("POST", "PUT", "DELETE", "TRACE", "get", "PATCH"):
            with self.subTest(method):
                page = visit(redirect(self.url), "-X", method)
                self.assert_page(page, 405, "Not this way")
                self.assertEqual(page.headers["allow"], "GET, HEAD, OPTIONS")
        page = visit(f"{self.origin}/callback", "--data", redirect(self.url).partition("?")[2])  # response_mode=form_post
        self.assert_page(page, 405, "Not this way")
        self.assert_still_waiting()

    def test_other_names_for_this_computer(self):
        """A page of evil.test whose name leads to 127.0.0.1 is of the listener's origin to a browser (DNS rebinding)."""
        port = port_of(self.url)
        for host in ("evil.test", f"evil.test:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", f"127.0.0.1.evil.test:{port}",
                     f"[::1]:{port}", f"0.0.0.0:{port}", f"127.1:{port}", "", f"evil@127.0.0.1:{port}", f"127.0.0.1:{port}x"):
            with self.subTest(host):
                field = f"Host: {host}" if host else "Host;"
                self.assert_page(visit(redirect(self.url), "-H", field), 421, "Not here")
        self.assert_page(visit(redirect(self.url), "-H", "Host:"), 421, "Not here")  # curl sends no Host at all
        self.assert_page(visit(redirect(self.url), "-0", "-H", "Host:"), 421, "Not here")
        self.assertEqual(visit(redirect(self.url), "-H", f"Host: 127.0.0.1:{port}\r\nHost: evil.test").status, 400)
        self.assert_still_waiting()

    def test_localhost_is_a_name_for_it(self):
        page = visit(redirect(self.url), "-H", f"Host: localhost:{port_of(self.url)}")
        self.assert_page(page, 200, "Approved")
        self.assert_signed_in(self.run_)

    def test_second_redirect_loses(self):
        """The first one counts; whoever comes later gets no page that says "signed in"."""
        def slow(form, connection):
            late.append(visit_later(redirect(self.url, code="second")))
            return tokens()

        def visit_later(url):
            try:
                return visit(url, "--max-time", "1").status
            except AssertionError:
                return None

        late: list = []
        self.server.answers["token"] = [slow]
        self.assert_page(visit(redirect(self.url, code="first")), 200, "Approved")
        self.assert_signed_in(self.run_)
        self.assertEqual(late, [None])
        self.assertEqual([form["code"] for form in self.server.seen("token")], ["first"])


class FromPages(RedirectTestCase):
    """Pages that fetch the redirect instead of navigating to it (CORS, private network access)."""

    PREFLIGHT = ("-X", "OPTIONS", "-H", "Access-Control-Request-Method: GET",
                 "-H", "Access-Control-Request-Private-Network: true")  # fmt: skip

    def test_pages_of_the_issuer_may(self):
        preflight = visit(redirect(self.url), *self.PREFLIGHT, "-H", f"Origin: {self.server.issuer}")
        self.assertEqual((preflight.status, preflight.body), (204, ""))
        self.assertNotIn("content-length", preflight.headers)  # RFC 9110 section 8.6
        expected = {"access-control-allow-origin": self.server.issuer, "vary": "Origin",
                    "access-control-allow-methods": "GET, OPTIONS", "access-control-allow-private-network": "true"}
        self.assertEqual(expected, {name: preflight.headers.get(name) for name in expected})
        self.assertNotIn("access-control-allow-credentials", preflight.headers)
        self.assertEqual(self.server.seen("token"), [])
        page = visit(redirect(self.url), "-H", f"Origin: {self.server.issuer}")
        self.assert_page(page, 200, "Approved")
        self.assertEqual(page.headers["access-control-allow-origin"], self.server.issuer)
        self.assertEqual(page.headers["vary"], "Origin")
        self.assert_signed_in(self.run_)

    def test_pages_of_others_may_not(self):
        issuer = self.server.issuer
        for origin in ("https://evil.test", "null", issuer.replace("https", "http"), issuer + ".evil.test", issuer + "/", "*",
                       self.origin, "https://accounts.x.ai", "https://localhost"):
            with self.subTest(origin):
                preflight = visit(redirect(self.url), *self.PREFLIGHT, "-H", f"Origin: {origin}")
                self.assertEqual(preflight.status, 403)
                page = visit(redirect(self.url, state="wrong"), "-H", f"Origin: {origin}")
                self.assertEqual(page.status, 400)
                for answer in (preflight, page):
                    self.assertEqual([name for name in answer.headers if name.startswith("access-control")], [])
        self.assertEqual(visit(redirect(self.url), *self.PREFLIGHT).status, 403)  # without an Origin
        self.assert_still_waiting()

    def test_error_pages_can_be_read_by_the_issuers_page(self):
        page = visit(redirect(self.url, state="wrong"), "-H", f"Origin: {self.server.issuer}")
        self.assertEqual((page.status, page.headers["access-control-allow-origin"]), (400, self.server.issuer))
        self.assert_still_waiting()

    def test_preflight_of_another_path_or_host(self):
        for options in ([self.origin + "/other"], [redirect(self.url), "-H", "Host: evil.test"]):
            page = visit(*options, *self.PREFLIGHT, "-H", f"Origin: {self.server.issuer}")
            self.assertIn(page.status, (404, 421))
            self.assertNotIn("access-control-allow-origin", page.headers)
        self.assert_still_waiting()


if __name__ == "__main__":
    unittest.main()
