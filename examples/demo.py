"""What examples/demo.sh shows once everything is built: four runs of grok-auth against a real OpenID provider.

Every step is checked, so the demonstration ends with status 1 and the reason when something is not as it says.
"""

import itertools
import pathlib
import re
import signal
import sys
import textwrap
import time
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/support"))

from program import Program, config_for, sign_in_url
from provider import Provider
from running import Result, Running

FIRST_LIFETIME = 5  # seconds; short, so that the first token expires while one watches
LIFETIME = 6 * 3600
WIDTH = 100
INDENT = "   "
BAR = INDENT + "| "
# What a client asks for; the rest is the person's browser.
CLIENT_ROUTES = ("discovery", "device_authorization", "token", "revocation", "introspection", "userinfo", "jwks")

steps = itertools.count(1)


class Surprise(Exception):
    """Something did not happen as it should."""


def main() -> None:
    """Shows the four steps."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    title("An OpenID provider on this machine")
    with Provider(access_token_ttl=FIRST_LIFETIME) as provider:
        tell(f"npm's oidc-provider listens at {provider.issuer}; only config.toml trusts its certificate.")
        config = config_for(provider)
        show("config.toml", config)
        program = Program(config)
        try:
            demonstrate(provider, program)
        finally:
            program.close()
    print("\nDone. The provider has ended, and its files and those of grok-auth are removed.")


def demonstrate(provider: Provider, program: Program) -> None:
    """Sign-in, stored token, refresh, status."""
    title("Nothing is stored: grok-auth signs a person in")
    run = start(program, expired=False)
    url = sign_in_url(run)
    seen = run.wait_for("Waiting for .*\n").end()
    show("stderr", run.stderr[:seen])
    tell("Grok shows that address. Here a scripted person opens it, signs in and approves.")
    provider.approve(url=url)
    result = run.wait()
    signed_in_at = time.monotonic()
    show("stderr", result.stderr[seen:])
    first = answer_of(result, provider)
    expect(provider.device_pkce_holds(), "the device flow did not prove its PKCE challenge")
    requests = report(result, provider)
    expect(requests["device_authorization"] == 1, "the device flow was not started exactly once")

    title("The same again: the stored token, and no request")
    result = start(program, expired=False).wait()
    cached = answer_of(result, provider)
    requests = report(result, provider)
    expect(cached["access_token"] == first["access_token"], "the second run gave another token")
    expect(not requests, "the second run asked the server")

    title("The token has expired: Grok runs it with GROK_AUTH_EXPIRED=1")
    tell(f"This server's first token lasts {FIRST_LIFETIME} s, so waiting is enough; the next lasts {LIFETIME // 3600} h.")
    provider.settings(access_token_ttl=LIFETIME)
    time.sleep(max(0.0, signed_in_at + FIRST_LIFETIME + 1 - time.monotonic()))
    result = start(program, expired=True).wait()
    renewed = answer_of(result, provider)
    requests = report(result, provider)
    expect(renewed["access_token"] != first["access_token"], "the expired token was handed out again")
    expect(requests == {"token": 1}, "the refresh was not exactly one request")
    expect(not result.stderr, "the refresh was not silent")

    title("What is stored now")
    tell("$ grok-auth status")
    result = program.run("status")
    expect(result.status == 0, f"status {result.status}: {result.stderr}")
    show("stdout", result.stdout)
    expect(re.search(r"status: +connected", result.stdout), "the status is not 'connected'")


def start(program: Program, expired: bool) -> Running:
    """Starts grok-auth as Grok does, and says so."""
    tell("$ sh -c 'exec grok-auth'")
    variable = "GROK_AUTH_EXPIRED=1" if expired else "GROK_AUTH_EXPIRED unset"
    tell(f"as Grok runs it: {variable}, no standard input, a session of its own")
    return program.as_grok(expired=expired)


def answer_of(result: Result, provider: Provider) -> dict:
    """Shows and checks what Grok reads from standard output."""
    expect(result.status == 0, f"grok-auth ended with status {result.status}: {result.stderr}")
    answer = result.json
    expect(sorted(answer) == ["access_token", "expires_in", "issuer"], f"the answer has {sorted(answer)}")
    expect(answer["issuer"] == provider.issuer, f"the issuer is {answer['issuer']}")
    expect(type(answer["expires_in"]) is int and answer["expires_in"] > 0, f"expires_in is {answer['expires_in']}")
    token = answer["access_token"]
    cut = f"{token[:6]}[{len(token) - 10} more]{token[-4:]}"
    show("stdout, here without the middle of the token", result.stdout.replace(token, cut))
    return answer


def report(result: Result, provider: Provider) -> Counter:
    """Says how long a run took and what it asked of the server; returns those requests, which are then forgotten."""
    asked = [request for request in provider.requests() if request["route"] in CLIENT_ROUTES]
    provider.reset()
    counts = Counter(request["route"] for request in asked)
    text = ", ".join(f"{count} {route}" for route, count in counts.items()) or "none"
    tell(f"exit status {result.status} after {result.seconds:.3f} s; requests at the server: {text}")
    return counts


def title(text: str) -> None:
    """The heading of a step."""
    print(f"\n{next(steps)}. {text}")


def tell(text: str) -> None:
    """A line of the story."""
    print(textwrap.fill(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT), flush=True)


def show(name: str, text: str) -> None:
    """Something real, with a bar at its left; a line that is too long goes on in the next one."""
    if text:
        print(f"{INDENT}{name}:")
    for line in text.splitlines():
        pieces = textwrap.wrap(line, WIDTH - len(BAR), drop_whitespace=False) or [""]
        print("\n".join((BAR + piece).rstrip() for piece in pieces), flush=True)


def expect(holds, otherwise: str) -> None:
    """Ends the demonstration unless `holds`."""
    if not holds:
        raise Surprise(otherwise)


if __name__ == "__main__":
    try:
        main()
    except (Surprise, AssertionError, RuntimeError, OSError, ValueError) as error:
        sys.exit(f"demo.sh: error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
