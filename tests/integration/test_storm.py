"""The storm: any number of runs over one expired login make one request, and every one of them gets the new token."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from storm import StoredInFile, StoredInKeyring, at_once, figure, print_figures, scaled  # noqa: E402


class StormInFile(StoredInFile):
    runs = scaled(short=200, long=200, sanitized=40)
    rounds = scaled(short=3, long=20, sanitized=2)

    def test_storm(self):
        """Headless and normal runs in turn. No round may cost a second request, a failure or another token."""
        slowest = 0.0
        for _ in range(self.rounds):
            before = self.expire()
            environments = [self.environment_of(expired=index % 2 == 0) for index in range(self.runs)]
            results = at_once(self.program, environments)
            self.assertEqual([result for result in results if result.status != 0], [])
            self.assertEqual({result.stderr for result in results}, {""})
            after = self.stored()
            self.assertEqual(after["generation"], before["generation"] + 1)
            self.assertEqual({result.json["access_token"] for result in results}, {after["access_token"]})
            self.assertEqual(self.answers(), [200])
            slowest = max(slowest, *(result.seconds for result in results))
        figure(f"storm ({self.where}): {self.runs} processes at once x {self.rounds} rounds, 1 refresh request "
               f"per round, 0 failures, slowest answer {slowest:.1f} s")


class StormInKeyring(StormInFile, StoredInKeyring):
    """Every keyring call is bounded to 2 s, and gnome-keyring serves one at a time: more runs at once decline."""

    runs = scaled(short=30, long=50, sanitized=10)


def tearDownModule() -> None:
    print_figures()


if __name__ == "__main__":
    unittest.main()
