"""Commands, and what measure.c finds out about them."""

import pathlib
import statistics
import subprocess
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
NOTHING = "/dev/null"


class Row(NamedTuple):
    """A command, its whole environment, what it reads, and what it must print; `before` runs unmeasured before each run."""

    name: str
    command: list[str]
    environment: dict[str, str]
    input: str = NOTHING
    expected: str = ""
    before: tuple[str, ...] = ()


class Figures(NamedTuple):
    """Of a command's rounds: medians of their milliseconds and of the most megabytes in memory; runs and failed runs."""

    milliseconds: float
    megabytes: float
    runs: int
    failures: int


class Runner:
    """Measures commands, with programs that it compiles into `folder`."""

    def __init__(self, folder: pathlib.Path):
        self._folder = folder
        self.floor = self._compile("floor")
        self._measure = self._compile("measure", "commands")

    def measure(self, rows: list[Row], count: int, rounds: int, wrapper: tuple[str, ...] = ()) -> list[Figures]:
        """Lets `count` runs of each command go at once, `rounds` times; in the order of `rows`. `wrapper` is a command that
        runs its arguments, for all of them."""
        file = self._folder / "commands"
        file.write_bytes(b"".join(map(_serialize, rows)))
        command = [*wrapper, self._measure, str(file), str(count), str(rounds)]
        lines = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
        found = [[] for _ in rows]
        for line in lines.splitlines():
            index, *figures = map(int, line.split())
            found[index].append(figures)
        return [_figures(figures, count) for figures in found]

    def _compile(self, *names: str) -> str:
        program = str(self._folder / names[0])
        sources = [HERE / f"{name}.c" for name in names]
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-static", "-o", program, *sources], check=True)
        return program


def _serialize(row: Row) -> bytes:
    lists = row.command, [f"{name}={value}" for name, value in row.environment.items()], row.before
    strings = [string for words in lists for string in (*words, "")]
    return b"".join(string.encode() + b"\0" for string in [*strings, row.input, row.expected])


def _figures(rounds: list[list[int]], count: int) -> Figures:
    nanoseconds, failures, kilobytes = zip(*rounds)
    milliseconds, megabytes = statistics.median(nanoseconds) / 1e6, statistics.median(kilobytes) / 1024
    return Figures(milliseconds, megabytes, count * len(rounds), sum(failures))
