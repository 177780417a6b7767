#!/usr/bin/env python3
"""Signs a person in for an agent: shows them the address by way of show(), and goes on once they have approved.

Nothing here is secret: the device code stays with grok-auth, and the token is fetched where it is needed, with
`grok-auth token --bare --no-interactive`. Run it by hand to see it work; arguments are passed on (--profile NAME).
"""

import json
import subprocess
import sys
import time


def grok_auth(command: str, *arguments: str) -> dict:
    """What the command answers: a JSON object, with "ok": false and "error" when it failed."""
    run = subprocess.run(["grok-auth", command, *arguments, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def show(request: dict) -> None:
    """Tells the person. An agent would send a message instead."""
    minutes = request["expires_in_seconds"] // 60
    print(f"Open {request['verification_url_with_code']} within {minutes} minutes and approve the code "
          f"{request['user_code']}.", flush=True)


def sign_in() -> dict:
    """The account, as `grok-auth status --json` describes it. Ends the program when the person declines."""
    while True:
        request = grok_auth("start")
        if not request["ok"]:
            sys.exit(f"{request['message']}\n{request.get('hint', '')}")
        show(request)
        wait = request["interval_seconds"]
        while True:
            time.sleep(wait)
            answer = grok_auth("poll", "--pending-id", request["pending_id"])
            if answer.get("status") == "connected":
                return answer
            if answer.get("status") == "pending":
                wait = answer["retry_after_seconds"]
            elif answer["error"] == "expired":
                break  # nobody came in time: a new code
            elif answer["error"] not in ("network", "server"):
                sys.exit(f"{answer['message']}\n{answer.get('hint', '')}")


if __name__ == "__main__":
    account = sign_in().get("account", {})
    print(f"Signed in as {account.get('email', account.get('sub', 'unknown'))}.")
