"""Manual pages and completions name what the program has, and nothing else.

What the program has is taken from its --help and, where that says nothing, from its source. The executable is named by
GROK_AUTH_BINARY, the source folder by GROK_AUTH_SOURCE.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("GROK_AUTH_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.path.abspath(os.environ.get("GROK_AUTH_BINARY", SOURCE / "build/dev/grok-auth"))
MANUAL = SOURCE / "man/grok-auth.1"
CONFIG_MANUAL = SOURCE / "man/grok-auth.toml.5"
COMPLETIONS = SOURCE / "completions"
SIGNAL_STATUSES = {"129", "130", "143"}
COMMAND_STATUSES = {"126", "127"}  # of exec, as from env(1)


def setUpModule() -> None:
    global home
    home = tempfile.mkdtemp(prefix="grok-auth-documents-")
    unittest.addModuleCleanup(shutil.rmtree, home)


def run(*command: str, **variables: str) -> subprocess.CompletedProcess:
    """Runs a command in a private home, without input."""
    environment = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", **variables}
    kept = {name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
    return subprocess.run(
        command, env={**kept, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


def program_help(*command: str) -> str:
    result = run(BINARY, *command, "--help")
    if result.returncode != 0 or result.stderr:
        raise AssertionError(f"--help failed: {result}")
    return result.stdout


def read_commands() -> dict[str, str]:
    """The commands and their summaries."""
    listed = program_help().partition("commands:\n")[2].partition("\n\n")[0]
    return dict(re.findall(r"(?m)^  (\S+) +(.+)$", listed))


def read_options(command: str) -> dict[str, str]:
    """The options of a command and the name of their argument, empty for a flag."""
    return dict(re.findall(r"(?m)^--([a-z-]+)(?:=([A-Z]+))?(?: |$)", program_help(command)))


class Program:
    """What the program says of itself."""

    def __init__(self) -> None:
        self.commands = read_commands()
        self.options = {command: read_options(command) for command in self.commands}
        self.common = set.intersection(*(set(options) for options in self.options.values()))
        self.arguments = {name: argument for options in self.options.values() for name, argument in options.items()}


class Page:
    """A manual page in mdoc, by its sections: `section` gives their lines, subsections included."""

    def __init__(self, path: pathlib.Path) -> None:
        self.lines = path.read_text().splitlines()

    def section(self, title: str) -> list[str]:
        return self._part(self.lines, ".Sh", title)

    def subsection(self, section: str, title: str) -> list[str]:
        return self._part(self.section(section), ".Ss", title)

    def subsections(self, section: str) -> list[str]:
        return [line[4:] for line in self.section(section) if line.startswith(".Ss ")]

    def literals(self, section: str) -> list[str]:
        """The literal blocks, as they are printed."""
        blocks = re.findall(r"(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", "\n".join(self.section(section)))
        return [block.replace(r"\e", "\\") for block in blocks]

    @staticmethod
    def _part(lines: list[str], macro: str, title: str) -> list[str]:
        start = lines.index(f"{macro} {title}") + 1
        ends = (i for i in range(start, len(lines)) if lines[i].startswith(macro + " "))
        return lines[start : next(ends, len(lines))]


def items(lines: list[str], macro: str) -> list[str]:
    """The names that the heads of list items give to `macro`, as `.It Ev NAME , NAME`."""
    heads = [line.removeprefix(f".It {macro} ") for line in lines if line.startswith(f".It {macro} ")]
    return [word for head in heads for word in head.partition(" Pq ")[0].split(" Ar ")[0].split() if word != ","]


def flags(lines: list[str]) -> set[str]:
    """Every long option marked up in `lines`."""
    macros = [line for line in lines if line.startswith(".")]
    return set(re.findall(r"\bFl -([a-z-]+)", "\n".join(macros)))


def source_text(*patterns: str) -> str:
    """Source files, with string literals that stand side by side made one."""
    paths = [path for pattern in patterns for path in sorted(SOURCE.glob(pattern))]
    return re.sub(r'(?<!\\)"\s*\n\s*"', "", "\n".join(path.read_text() for path in paths))


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.program = Program()
        cls.page = Page(MANUAL)
        cls.config_page = Page(CONFIG_MANUAL)

    def test_help_is_understood(self):
        """What the other tests compare with is not empty."""
        self.assertIn("token", self.program.commands)
        self.assertTrue({"profile", "config", "verbose", "help", "version"} <= self.program.common)
        self.assertEqual(self.program.arguments["timeout"], "SECONDS")

    # Manual pages.

    def test_commands_of_the_manual(self):
        self.assertEqual(set(self.page.subsections("COMMANDS")), set(self.program.commands))
        self.assertEqual(set(self.synopsis()), set(self.program.commands))

    def test_options_in_the_synopsis(self):
        for command, lines in self.synopsis().items():
            with self.subTest(command):
                self.assertEqual(flags(lines) | self.program.common, set(self.program.options[command]))

    def test_options_of_the_manual(self):
        """OPTIONS has each option with its argument and, unless every command has it, the commands that have it."""
        described = {}
        for line in self.page.section("OPTIONS"):
            if match := re.fullmatch(r"\.It Fl -([a-z-]+)(?: Ar (\w+))?(?: Pq Cm (.+))?", line):
                name, argument, commands = match.groups(default="")
                described[name] = (argument.upper(), set(commands.replace(",", "").split()))
        expected = {}
        for name, argument in self.program.arguments.items():
            commands = {command for command in self.program.commands if name in self.program.options[command]}
            expected[name] = (argument, set() if name in self.program.common else commands)
        self.assertEqual(described, expected)

    def test_no_option_is_made_up(self):
        """Every option that a page speaks of exists, in the section of a command for that command."""
        for page in (self.page, self.config_page):
            self.assertEqual(flags(page.lines) - set(self.program.arguments), set())
        for command, options in self.program.options.items():
            with self.subTest(command):
                self.assertEqual(flags(self.page.subsection("COMMANDS", command)) - set(options), set())

    def test_keys_of_the_configuration(self):
        lists = re.findall(r"AllowOnly\(\{(.*?)\}\)", source_text("src/app/config_file.cpp"), re.S)
        accepted = [re.findall(r'"(\w+)"', text) for text in lists]
        self.assertEqual(len(accepted), 3, "config_file.cpp has a list of keys for each kind of table")
        git_keys, profile_keys, file_keys = accepted
        self.assertIn("issuer", profile_keys)
        documented = self.config_page.subsection("DESCRIPTION", "Keys of a profile")
        self.assertEqual(sorted(items(documented, "Ic")), sorted(profile_keys))
        documented = self.config_page.subsection("DESCRIPTION", "Keys of [profile.NAME.git]")
        self.assertEqual(sorted(items(documented, "Ic")), sorted(git_keys))
        documented = self.config_page.subsection("DESCRIPTION", "Keys of the file")
        self.assertEqual(sorted(items(documented, "Ic")), sorted(file_keys))

    def test_examples_of_the_configuration(self):
        """Every example file is one that the program reads."""
        examples = self.config_page.literals("EXAMPLES")
        self.assertTrue(examples)
        for number, example in enumerate(examples):
            with self.subTest(example):
                path = pathlib.Path(home, f"example-{number}.toml")
                path.write_text(example)
                result = run(BINARY, "status", "--config", str(path))
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_environment(self):
        """ENVIRONMENT has every variable that the program reads or removes."""
        text = source_text("src/edge/*.cpp")
        calls = re.findall(r"\b(?:getenv|Variable|EitherVariable|XdgFolder)\(([^()]*)\)", text)
        removed = re.findall(r"for \(const char\* name :\s*\{([^}]*)\}\) \{\s*unsetenv\(name\)", text)
        self.assertEqual(len(removed), text.count("unsetenv("), "a way to remove variables that this test does not know")
        names = {name for part in calls + removed for name in re.findall(r'"([A-Za-z_]+)"', part)}
        self.assertIn("GROK_AUTH_EXPIRED", names)
        self.assertEqual(set(items(self.page.section("ENVIRONMENT"), "Ev")), names)

    def test_exit_statuses(self):
        """EXIT STATUS has each machine word at the status that error.cpp gives it."""
        source = source_text("src/app/error.cpp")
        words = dict(re.findall(r'case ErrorKind::(\w+):\s*return "(\w+)";', source))
        statuses = {}
        for cases, status in re.findall(r"((?:case ErrorKind::\w+:\s*)+)return (\d+);", source):
            statuses[status] = {words[kind] for kind in re.findall(r"ErrorKind::(\w+)", cases)}
        self.assertIn("network", statuses["1"])
        documented: dict[str, set[str]] = {}
        for line in self.page.section("EXIT STATUS"):
            if line.startswith(".It "):
                documented.update({status: set() for status in line[4:].replace(",", "").split()})
            elif line.startswith(".Cm "):
                documented[next(reversed(documented))] |= set(re.findall(r"\w+", line[4:]))
        self.assertEqual({status: some for status, some in documented.items() if some}, statuses)
        self.assertEqual(set(documented), set(statuses) | {"0"} | SIGNAL_STATUSES | COMMAND_STATUSES)

    def test_diagnostics(self):
        """Every message in DIAGNOSTICS is one of the program; `...` stands for what differs."""
        text = source_text("src/**/*.cpp")
        heads = [line[4:] for line in self.page.section("DIAGNOSTICS") if line.startswith(".It ")]
        self.assertTrue(heads)
        for head in heads:
            message = re.sub(r" \([^()]*\d\)$|^warning: ", "", head)
            for fragment in message.split("..."):
                if len(fragment.strip()) > 2:
                    with self.subTest(head):
                        self.assertTrue(fragment.strip(" '():") in text, f"{fragment!r} is in no message")

    def test_mandoc(self):
        """The pages are free of warnings and fit into 80 columns."""
        if not shutil.which("mandoc"):
            if os.environ.get("CI"):
                self.fail("mandoc is not installed")
            self.skip("mandoc is not installed")
        for path in (MANUAL, CONFIG_MANUAL):
            with self.subTest(path.name):
                lint = run("mandoc", "-Tlint", "-Wwarning", str(path))
                self.assertEqual((lint.returncode, lint.stdout, lint.stderr), (0, "", ""))
                shown = re.sub(".\b", "", run("mandoc", "-Tutf8", "-Owidth=80", str(path)).stdout)
                self.assertEqual([line for line in shown.splitlines() if len(line) > 80], [])

    # Completions.

    def test_bash(self):
        """bash offers the commands, and to each command its options."""
        self.assertEqual(self.complete_in_bash("grok-auth", ""), set(self.program.commands))
        self.assertEqual(self.complete_in_bash("grok-auth", "log"), {"login", "logout"})
        self.assertEqual(self.complete_in_bash("grok-auth", "--"), self.options_of("token"))
        for command in self.program.commands:
            with self.subTest(command):
                self.assertEqual(self.complete_in_bash("grok-auth", command, ""), self.options_of(command))
                self.assertEqual(self.complete_in_bash("grok-auth", command, "--json", "--"), self.options_of(command))
        self.assertEqual(self.complete_in_bash("grok-auth", "frobnicate", "--"), set())

    def test_values_in_bash(self):
        """bash offers files to --config, profiles to --profile and no option to any option with a value."""
        folder = pathlib.Path(home, "values")
        folder.mkdir()
        (folder / "grok-auth").mkdir()
        (folder / "with blank.toml").touch()
        files = {str(folder / "grok-auth"), str(folder / "with blank.toml")}
        for words in (["--config", f"{folder}/"], ["--config", "=", f"{folder}/"]):
            self.assertEqual(self.complete_in_bash("grok-auth", "login", *words), files)
        for words in (["--profile", ""], ["--profile", "="]):
            for options, variables, profiles in self.configurations():
                found = self.complete_in_bash("grok-auth", *options, *words, **variables)
                self.assertEqual(found, profiles, (options, variables))
        for name, argument in self.program.arguments.items():
            found = self.complete_in_bash("grok-auth", "token", f"--{name}", "--")
            self.assertEqual(found, set() if argument else self.options_of("token"), name)

    def test_profiles_in_zsh(self):
        """zsh offers profiles to --profile."""
        self.check_syntax("zsh", "_grok-auth")
        script = 'functions[_complete]="$(sed "/^_grok-auth \\"/d" "$1")"; _complete; typeset -A opt_args'
        script += '; opt_args=("${@:2}"); compadd() { print -l -- "${(@P)2}"; }; _grok_auth_profiles'
        for options, variables, profiles in self.configurations():
            value = [word.replace(" ", "\\ ") for word in options]  # as it stands on the command line
            result = run("zsh", "-fc", script, "zsh", str(COMPLETIONS / "_grok-auth"), *value, **variables)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(set(result.stdout.split()), profiles, (options, variables))

    def test_zsh(self):
        text = (COMPLETIONS / "_grok-auth").read_text()
        blocks = dict(re.findall(r"(?ms)^  (\w+)=\(\n(.*?)^  \)$", text))
        self.assertEqual(dict(re.findall(r"'(\w+):(.+)'\n", blocks["commands"])), self.program.commands)
        common = set(re.search(r"common=\(([^()]*)\)", text).group(1).split())
        self.assertEqual(common, self.program.common)
        own = {command: set(names.split()) for command, names in re.findall(r"(\w+) +'([^']*)'\n", blocks["options"])}
        self.assertEqual(own, {name: set(options) - common for name, options in self.program.options.items()})
        specs = {}
        for key, name, equals in re.findall(r"([a-z-]+) +'(?:\([^()]*\))?--([a-z-]+)(=?)\[.+'\n", blocks["spec"]):
            self.assertEqual(key, name)
            specs[name] = bool(equals)
        self.assertEqual(specs, {name: bool(argument) for name, argument in self.program.arguments.items()})
        self.check_syntax("zsh", "_grok-auth")

    def test_profiles_in_fish(self):
        """fish offers profiles to --profile."""
        self.check_syntax("fish", "grok-auth.fish")
        for options, variables, profiles in self.configurations():
            for words in ([*options], ["=".join(options)]):
                line = " ".join(["grok-auth login", *(word.replace(" ", "\\ ") for word in words), "--profile "])
                self.assertEqual(self.complete_in_fish(line, **variables), profiles, line)

    def test_fish(self):
        commands = {}
        options: dict[str, set[str]] = {command: set() for command in self.program.commands}
        values = {}
        for line in (COMPLETIONS / "grok-auth.fish").read_text().splitlines():
            if not line.startswith("complete -c grok-auth "):
                continue
            words = shlex.split(line)
            settings = {word: words[i + 1] for i, word in enumerate(words[:-1]) if word in ("-n", "-a", "-l", "-d")}
            if settings.get("-n") == "__grok_auth_needs_command":
                commands[settings["-a"]] = settings["-d"]
            elif name := settings.get("-l"):
                condition = settings.get("-n", " ".join(["__grok_auth_is", *options])).split()
                self.assertEqual(condition[0], "__grok_auth_is")
                for command in condition[1:]:
                    options[command].add(name)
                values[name] = "-x" in words or "-r" in words
        self.assertEqual(commands, self.program.commands)
        self.assertEqual(options, {command: set(names) for command, names in self.program.options.items()})
        self.assertEqual(values, {name: bool(argument) for name, argument in self.program.arguments.items()})
        self.check_syntax("fish", "grok-auth.fish")
        for command in self.program.commands:
            self.assertEqual(self.complete_in_fish(f"grok-auth {command} --"), self.options_of(command))
        self.assertEqual(self.complete_in_fish("grok-auth --"), self.options_of("token"))
        self.assertEqual(self.complete_in_fish("grok-auth "), set(self.program.commands))

    def test_command_of_exec(self):
        """What follows the options of exec is completed as the command that it is."""
        for words in ([], ["--"], ["--profile", "work"], ["--profile=work", "--min-validity", "60", "--"]):
            with self.subTest(words):
                self.assertIn("grep", self.complete_in_bash("grok-auth", "exec", *words, "gre"))
                files = self.complete_in_bash("grok-auth", "exec", *words, "cat", f"{SOURCE}/README")
                self.assertEqual(files, {f"{SOURCE}/README.md"})
                if shutil.which("fish"):
                    line = " ".join(["grok-auth exec", *words])
                    self.assertIn("grep", self.complete_in_fish(f"{line} gre"))
                    self.assertEqual(self.complete_in_fish(f"{line} cat {SOURCE}/README"), {f"{SOURCE}/README.md"})
        self.assertNotIn("--profile", self.complete_in_bash("grok-auth", "exec", "cat", "--"))

    # Helpers.

    def synopsis(self) -> dict[str, list[str]]:
        """The lines of SYNOPSIS by the command they speak of."""
        forms = "\n".join(self.page.section("SYNOPSIS")).split(".Nm\n")[1:]
        return {re.search(r"\bCm (\w+)", form).group(1): form.splitlines() for form in forms}

    def options_of(self, command: str) -> set[str]:
        return {f"--{name}" for name in self.program.options[command]}

    def configurations(self) -> list[tuple[list[str], dict[str, str], set[str]]]:
        """Ways to name a configuration file, as options and as variables, and the profiles that there are then."""
        folder = pathlib.Path(home, "configurations")
        programs = folder / "programs"
        if not folder.exists():
            (folder / "grok-auth").mkdir(parents=True)
            programs.mkdir()
            (programs / "grok-auth").symlink_to(BINARY)
            keys = 'issuer = "https://idp.example"\nclient_id = "a"\n'
            (folder / "grok-auth/config.toml").write_text(f"[profile.work]\n{keys}[profile.'home']\n{keys}#[profile.no]\n")
            (folder / "my own.toml").write_text(f"[profile.own]\n{keys}")
            (folder / "broken.toml").write_text(f"[profile.own]\n{keys}[")
        path = {"PATH": f"{programs}:{os.environ['PATH']}"}
        return [
            ([], path, {"xai"}),
            ([], {**path, "XDG_CONFIG_HOME": str(folder)}, {"work", "home", "xai"}),
            ([], {**path, "GROKAUTH_CONFIG": str(folder / "my own.toml")}, {"own", "xai"}),
            (["--config", str(folder / "my own.toml")], {**path, "XDG_CONFIG_HOME": str(folder)}, {"own", "xai"}),
            (["--config", "~/configurations/grok-auth/config.toml"], path, {"work", "home", "xai"}),
            (["--config", str(folder / "broken.toml")], path, set()),
        ]

    def complete_in_bash(self, *words: str, **variables: str) -> set[str]:
        """What bash would offer for the last of `words`."""
        script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _grok_auth'
        script += '; printf "%s\\n" "${COMPREPLY[@]}"'
        result = run("bash", "-c", script, "bash", str(COMPLETIONS / "grok-auth.bash"), *words, **variables)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return set(result.stdout.splitlines()) - {""}

    def complete_in_fish(self, line: str, **variables: str) -> set[str]:
        """What fish would offer at the end of `line`."""
        script = f"source {shlex.quote(str(COMPLETIONS / 'grok-auth.fish'))}; complete -C {shlex.quote(line)}"
        result = run("fish", "--no-config", "-c", script, **variables)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return {offer.split("\t")[0] for offer in result.stdout.splitlines()}

    def check_syntax(self, shell: str, name: str) -> None:
        """Lets the shell read the file; the rest of the test is skipped where the shell is missing."""
        if not shutil.which(shell):
            self.skip(f"{shell} is not installed; its completion was only read, not tried")
        result = run(shell, "-n", str(COMPLETIONS / name))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def skip(self, reason: str) -> None:
        print(f"skipped: {self.id()}: {reason}", file=sys.stderr)
        self.skipTest(reason)


if __name__ == "__main__":
    unittest.main()
