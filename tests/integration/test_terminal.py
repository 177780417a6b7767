"""`grok-auth login` by the device flow on a real terminal: what a person sees at 80 and 40 columns, with and without UTF-8."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from program import SIGNED_IN, ProgramTestCase, user_code_of  # noqa: E402
from tmux import Tmux  # noqa: E402

BLOCKS = "█▀▄"
ASCII = {"LANG": "C"}


def qr_lines(shown: str) -> list[str]:
    """The lines of the first QR code; it begins with the two light rows of its quiet zone, below two columns of margin."""
    lines = shown.splitlines()
    for i, line in enumerate(lines):
        if re.fullmatch(r" {2}█{25,}", line):
            return lines[i : i + (len(line) - 2 + 1) // 2]
    return []


def read_qr(lines: list[str]) -> str:
    """What a reader finds when it looks at these lines on a black screen; "" when it finds none."""
    scale = 6
    width = max(len(line) for line in lines) + 2
    rows = [" " * width]
    for line in lines:
        rows.append("".join("x" if character in "█▀" else " " for character in line.ljust(width)))
        rows.append("".join("x" if character in "█▄" else " " for character in line.ljust(width)))
    rows.append(" " * width)
    pixels = b"".join(b"".join((b"\xff" if cell == "x" else b"\0") * scale for cell in row) * scale for row in rows)
    image = b"P5 %d %d 255\n" % (width * scale, len(rows) * scale) + pixels
    zbar = subprocess.run(["zbarimg", "--quiet", "--raw", "--nodbus", "-"], input=image, capture_output=True)
    return zbar.stdout.decode().strip()


def large_lines(shown: str) -> list[str]:
    """The lines of the large letters, in blocks or in ASCII: those between two empty lines above "Code:"."""
    block = shown[: shown.index("\n\nCode: ")].rpartition("\n\n")[2].splitlines()
    return [] if qr_lines("\n".join(block)) or block[0].startswith("Sign in at") else block


def large_columns(lines: list[str], count: int) -> list[tuple[str, ...]]:
    """The letters of `lines`, each as its rows; all are six columns wide, after two columns of margin."""
    return [tuple(line[2 + 6 * i : 7 + 6 * i].ljust(5) for line in lines) for i in range(count)]


def plain_lines(url: str) -> list[str]:
    """What is shown where there is no terminal to draw on, until the end."""
    return ["Sign in at " + url, f"Code: {user_code_of(url)} (valid for 10 min)", "Waiting for you to approve it there ..."]


class TerminalTestCase(ProgramTestCase):
    provider_settings = {"interval": 1}

    def open_terminal(self, columns: int = 80, rows: int = 40, env: dict | None = None, **options) -> Tmux:
        environment = {**self.program.environment, **(env or {})}
        return self.enterContext(Tmux(environment, columns, rows, **options))

    def log_in(self, terminal: Tmux, *args: str) -> str:
        """Begins a sign-in by device code and returns its address, once everything is shown."""
        terminal.begin(" ".join([self.program.binary, "login", "--device", *args]))
        url = terminal.wait_for(r"^Sign in at (https://\S+)$").group(1)
        terminal.wait_for(r"^Waiting")
        return url

    def approve(self, terminal: Tmux, url: str) -> str:
        """Approves, and returns all that is left to be seen after the end."""
        self.provider.approve(url=url)
        terminal.wait_for(r"^Signed in")
        terminal.wait_for_prompt()
        return terminal.everything()

    def assert_ends_well(self, shown: str) -> None:
        self.assertRegex(shown, rf"\n{SIGNED_IN}\n\$\Z")
        self.assertNotIn("Waiting", shown)

    def assert_unbroken(self, terminal: Tmux) -> None:
        """No line but the address goes over the right edge."""
        whole = terminal.screen("-J").splitlines()
        rows = terminal.screen().splitlines()
        self.assertEqual([line for line in whole if line not in rows and not line.startswith("Sign in at ")], [])

    def assert_large(self, shown: str, code: str, is_utf8: bool) -> None:
        """The letters are there, equal ones alike and others not."""
        lines = large_lines(shown)
        self.assertEqual(len(lines), 4 if is_utf8 else 7, shown)
        letters = large_columns(lines, len(code))
        self.assertEqual(len(set(letters)), len(set(code)), shown)
        self.assertEqual(set("".join(lines)) - {" "} <= set(BLOCKS if is_utf8 else "#"), True, shown)
        for one, letter in zip(code, letters):
            for other, shape in zip(code, letters):
                self.assertEqual(one == other, letter == shape, (one, other))


class WhatIsSeen(TerminalTestCase):
    def look(self, columns: int, rows: int, env: dict | None = None) -> tuple[Tmux, str, str]:
        terminal = self.open_terminal(columns, rows, env)
        url = self.log_in(terminal)
        shown = terminal.screen("-J")
        self.assert_unbroken(terminal)
        self.assertEqual(shown.splitlines()[0], "Sign in at " + url, shown)  # it is still to be seen
        self.assertTrue(url.startswith(self.provider.issuer + "/"), url)
        self.assertIn(f"\nCode: {user_code_of(url)} (valid for 10 min)\nWaiting", shown)
        return terminal, url, shown

    def test_80_columns_with_utf8(self):
        terminal, url, shown = self.look(80, 40)
        self.assertEqual(read_qr(qr_lines(shown)), url, shown)
        self.assert_large(shown, user_code_of(url), is_utf8=True)
        self.assertRegex(shown, r"\nWaiting for you to approve it there, (10:00|9:5\d) left\Z")
        self.assert_ends_well(self.approve(terminal, url))
        self.assert_unbroken(terminal)

    def test_24_rows_have_room_for_the_qr_code_alone(self):
        terminal, url, shown = self.look(80, 24)
        self.assertEqual(read_qr(qr_lines(shown)), url, shown)
        self.assertEqual(large_lines(shown), [])
        self.assert_ends_well(self.approve(terminal, url))

    def test_fewer_rows_have_room_for_the_large_code_alone(self):
        terminal, url, shown = self.look(80, 20)
        self.assertEqual(qr_lines(shown), [])
        self.assert_large(shown, user_code_of(url), is_utf8=True)
        self.assert_ends_well(self.approve(terminal, url))

    def test_40_columns_with_utf8(self):
        terminal, url, shown = self.look(40, 30)
        self.assertEqual(read_qr(qr_lines(shown)), url, shown)
        self.assertEqual(large_lines(shown), [])
        self.assertRegex(shown, r"\nWaiting, (10:00|9:5\d) left\Z")
        self.assert_ends_well(self.approve(terminal, url))

    def test_80_columns_without_utf8(self):
        for rows in (40, 24):
            with self.subTest(rows):
                self.program = self.new_program()
                terminal, url, shown = self.look(80, rows, ASCII)
                self.assertTrue(shown.isascii(), shown)
                self.assert_large(shown, user_code_of(url), is_utf8=False)
                shown = self.approve(terminal, url)
                self.assert_ends_well(shown)
                self.assertTrue(shown.isascii(), shown)

    def test_40_columns_without_utf8(self):
        terminal, url, shown = self.look(40, 30, ASCII)
        self.assertTrue(shown.isascii(), shown)
        self.assertEqual(large_lines(shown), [])
        self.assertEqual(len(shown.splitlines()), 4, shown)
        self.assert_ends_well(self.approve(terminal, url))

    def test_locale_is_that_of_the_characters(self):
        for env, is_utf8 in (({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, True), ({"LANG": "C.UTF-8", "LC_ALL": "C"}, False),
                             ({"LANG": "de_DE.utf8"}, True), ({"LANG": ""}, False)):
            with self.subTest(env):
                self.program = self.new_program()
                terminal = self.open_terminal(env=env)
                self.log_in(terminal)
                self.assertEqual(bool(qr_lines(terminal.screen())), is_utf8)

    def test_no_qr(self):
        terminal = self.open_terminal()
        url = self.log_in(terminal, "--no-qr")
        shown = terminal.screen("-J")
        self.assertEqual(qr_lines(shown), [])
        self.assert_large(shown, user_code_of(url), is_utf8=True)
        self.assertNotIn("\x1b[", terminal.screen("-e").split("\nCode:")[0])
        self.assert_ends_well(self.approve(terminal, url))

    def test_qr_code_is_white_on_black(self):
        terminal = self.open_terminal()
        self.log_in(terminal)
        colored = [line for line in terminal.screen("-e").splitlines() if "\x1b[97" in line]
        self.assertEqual(len(colored), len(qr_lines(terminal.screen())))
        for line in colored:
            self.assertRegex(line, r"\A(\x1b\[[34]9m)* {2}\x1b\[(97;40|97m\x1b\[40)m[█▀]")
        self.assertRegex(terminal.screen("-e"), r"\nCode: \x1b\[1m[A-Z-]+\x1b\[0m")

    def test_no_color(self):
        terminal = self.open_terminal(env={"NO_COLOR": "1"})
        url = self.log_in(terminal)
        self.assertEqual(read_qr(qr_lines(terminal.screen())), url)
        shown = terminal.screen("-e")
        self.assertIn(f"\nCode: \x1b[1m{user_code_of(url)}\x1b[0m", shown)
        usual = {"\x1b[39m", "\x1b[49m"}  # the terminal's own colors, which tmux adds
        self.assertEqual(set(re.findall(r"\x1b\[[0-9;]*m", shown)) - usual, {"\x1b[1m", "\x1b[0m"})

    def test_terminal_that_cannot_move_its_cursor(self):
        for term in ("dumb", ""):
            with self.subTest(term):
                self.program = self.new_program()
                terminal = self.open_terminal(term=term)
                url = self.log_in(terminal)
                shown = terminal.screen("-J").splitlines()
                self.assertEqual(shown, plain_lines(url))
                self.assertNotIn("\x1b", terminal.screen("-e"))
                *before, last, prompt = self.approve(terminal, url).splitlines()
                self.assertEqual((before, prompt), (shown, "$"))
                self.assertRegex(last, SIGNED_IN)

    def test_plain_lines_where_messages_go_to_a_file(self):
        terminal = self.open_terminal()
        terminal.begin(f"{self.program.binary} login --device 2>{self.program.folder}/seen; echo it is over")
        seen = self.program.folder / "seen"
        while "Waiting" not in (text := seen.read_text() if seen.exists() else ""):
            self.assertNotIn("it is over\n", terminal.everything())
        url = re.search(r"https://\S+", text).group()
        self.provider.approve(url=url)
        terminal.wait_for("^it is over")
        *before, last = seen.read_text().splitlines()
        self.assertEqual(before, plain_lines(url))
        self.assertRegex(last, SIGNED_IN)

    def test_plain_lines_in_a_provider_run(self):
        terminal = self.open_terminal()
        terminal.begin(f"{self.program.binary} token --bare >{self.program.folder}/token")
        url = terminal.wait_for(r"^Sign in at (https://\S+)$").group(1)
        terminal.wait_for(r"^Waiting for you to approve it there \.\.\.$")
        self.assertIn("echo", terminal.modes())
        self.provider.approve(url=url)
        terminal.wait_for_prompt()
        *before, last, prompt = terminal.everything().splitlines()
        self.assertEqual((before, prompt), (plain_lines(url), "$"))
        self.assertRegex(last, SIGNED_IN)


class TheReader(unittest.TestCase):
    """What reads the QR codes here is no better than a telephone."""

    def test_is_told_nothing_by_a_damaged_code(self):
        self.assertEqual(read_qr(["  " + "█" * 29] * 15), "")


class WhatHappens(TerminalTestCase):
    def test_countdown_goes_down_in_its_line(self):
        terminal = self.open_terminal()
        url = self.log_in(terminal)
        lines = len(terminal.everything().splitlines())
        seen = [terminal.wait_for(r"9:57 left\Z").group(), terminal.wait_for(r"9:55 left\Z").group()]
        self.assertEqual(seen, ["9:57 left", "9:55 left"])
        self.assertEqual(len(terminal.everything().splitlines()), lines)
        self.assert_ends_well(self.approve(terminal, url))

    def test_countdown_is_back_below_a_warning(self):
        terminal = self.open_terminal()
        url = self.log_in(terminal)
        self.provider.settings(fail_next={"route": "token", "status": 503, "count": 1})
        warning = terminal.wait_for(r"^grok-auth: warning: asking the server failed.*\n+(?=Waiting for you)").group()
        self.assertNotIn("Waiting", warning)
        shown = self.approve(terminal, url)
        self.assert_ends_well(shown)
        self.assertIn(warning.strip(), shown)

    def test_expired_code_is_followed_by_a_new_one(self):
        self.provider.settings(device_code_ttl=5)
        terminal = self.open_terminal()
        first = self.log_in(terminal)
        self.provider.settings(device_code_ttl=600)
        second = terminal.wait_for(r"^The code has expired; here is a new one\.\nSign in at (https://\S+)$").group(1)
        self.assertNotEqual(user_code_of(first), user_code_of(second))
        terminal.wait_for(rf"^Code: {user_code_of(second)} .*\n+Waiting")
        before, after = terminal.everything().split("The code has expired; here is a new one.\n")
        self.assertEqual(read_qr(qr_lines(before)), first)
        self.assertNotIn("Waiting", before)
        self.assertEqual(read_qr(qr_lines(after)), second)
        self.assert_large(after, user_code_of(second), is_utf8=True)
        self.assert_ends_well(self.approve(terminal, second))

    def test_declined(self):
        terminal = self.open_terminal()
        url = self.log_in(terminal)
        self.provider.deny(url=url)
        terminal.wait_for(r"^grok-auth: error: ")
        terminal.wait_for_prompt()
        self.assertNotIn("Waiting", terminal.everything())
        self.assertRegex(terminal.everything(), r"\ngrok-auth: error: .*\ngrok-auth: hint: .*\n\$\Z")

    def test_signals_leave_a_clean_line(self):
        for number in ("INT", "TERM"):
            with self.subTest(number):
                self.program = self.new_program()
                terminal = self.open_terminal()
                url = self.log_in(terminal)
                if number == "INT":
                    terminal.keys("C-c")
                else:
                    subprocess.run(["kill", "-TERM", *map(str, terminal.children())], check=True)
                terminal.wait_for_prompt(5)
                shown = terminal.everything()
                self.assertNotIn("Waiting", shown)
                self.assertNotIn("left", shown)
                lines = shown.splitlines()
                self.assertEqual(lines[-1], "$", shown)
                self.assertIn(f"Code: {user_code_of(url)} (valid for 10 min)", lines[-3:-1], shown)
                self.assertLessEqual({"echo", "icanon", "isig"}, terminal.modes())
                terminal.enter("echo still $((20 + 3))")
                terminal.wait_for(r"^\$ echo still \$\(\(20 \+ 3\)\)\nstill 23\n\$")

    def test_browser_is_opened_where_there_is_a_display_alone(self):
        browser, opened = self.program.folder / "browser", self.program.folder / "opened"
        browser.write_text(f'#!/bin/sh\necho "$1" >>"{opened}"\n')
        browser.chmod(0o755)
        terminal = self.open_terminal(env={"BROWSER": str(browser)})
        self.approve(terminal, self.log_in(terminal))
        self.assertFalse(opened.exists())
        terminal = self.open_terminal(env={"BROWSER": str(browser), "DISPLAY": ":99"})
        url = self.log_in(terminal)
        self.assert_ends_well(self.approve(terminal, url))
        self.assertEqual(opened.read_text().splitlines(), [url])
        terminal = self.open_terminal(env={"BROWSER": str(browser), "DISPLAY": ":99"})
        self.approve(terminal, self.log_in(terminal, "--no-browser"))
        self.assertEqual(opened.read_text().splitlines(), [url])


if __name__ == "__main__":
    unittest.main()
