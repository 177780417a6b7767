"""What a bench run found out, in the words of README."""

import os
import pathlib
import re
import subprocess

from measuring import Figures

PACKAGES = ("gnome-keyring", "libsecret-tools", "git", "oidc-agent-cli", "golang-docker-credential-helpers",
            "git-credential-oauth", "gh", "curl")  # fmt: skip


def surroundings() -> str:
    """What was measured on, and against what."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    command = ["dpkg-query", "-W", "-f=${Package} ${Version}, ", *PACKAGES]
    versions = subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip(", ")
    return f"{os.cpu_count()} x {model.group(1) if model else 'unknown'}, load at the start {load}\n{versions}"


def cached_table(single: dict[str, Figures], at_once: dict[int, dict[str, Figures]], floor: str) -> str:
    """A row for each command."""
    counts = list(at_once)
    lines = [_line("one token, printed", "ms", "x nothing", "MB", *(f"{count} at once, ms" for count in counts), "failed"),
             _line("---", *["--:"] * (4 + len(counts)))]  # fmt: skip
    for name in {**single, **at_once[counts[0]]}:
        alone = single.get(name)
        crowds = [at_once[count][name] for count in counts if name in at_once[count]]
        runs = [figures for figures in (alone, *crowds) if figures]
        lines.append(_line(
            name,
            f"{alone.milliseconds:.2f}" if alone else "",
            f"{alone.milliseconds / single[floor].milliseconds:.1f}" if alone else "",
            f"{alone.megabytes:.1f}" if alone else "",
            *(f"{figures.milliseconds:.0f}" for figures in crowds),
            *[""] * (len(counts) - len(crowds)),
            f"{sum(figures.failures for figures in runs)} of {sum(figures.runs for figures in runs)}",
        ))  # fmt: skip
    return "\n".join(lines)


def refresh_table(found: dict[str, Figures], reference: str) -> str:
    """A row for each command."""
    lines = [_line("one refresh", "ms", "x curl", "MB", "failed"), _line("---", *["--:"] * 4)]
    for name, figures in found.items():
        ratio = figures.milliseconds / found[reference].milliseconds
        lines.append(_line(name, f"{figures.milliseconds:.1f}", f"{ratio:.2f}", f"{figures.megabytes:.1f}",
                           f"{figures.failures} of {figures.runs}"))  # fmt: skip
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
