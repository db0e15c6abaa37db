"""Ask all four services what their OpenAPI documents allow, and what they do not: `python -m tests.fuzz.openapi`.

Schemathesis writes the requests, round after round, against `voxpop up --demo` in a process of its own. Prints the
slowest answers; exits 1 where one is 5xx or none, or where the server's memory goes on growing after the first round.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.serving import Server, serving

SERVICES = ("ingest", "sentiment", "profiles", "clusters")
CHECKS = "not_a_server_error"
GROWTH = 1.15
"""How much more memory the server may have after the last round than after the first: no allocator gives all back."""
SLOWEST = 10
_QUIET = {"VOXPOP_RATE_LIMIT": "1000000/second", "VOXPOP_LOG_LEVEL": "ERROR"}


@dataclass(frozen=True, order=True)
class Answer:
    """How long an answer took in milliseconds, and to what."""

    milliseconds: float
    asked: str
    status: int


def main() -> int:
    """Run the rounds, print what was seen and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.openapi", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often to ask, each time otherwise")
    parser.add_argument("--examples", type=int, default=20, help="random requests for each operation and round")
    arguments = parser.parse_args()
    answers: list[Answer] = []
    sizes: list[float] = []
    failed = False
    with serving("up", "--demo", ready="/clusters/readyz", **_QUIET) as server, tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds):
            for service in SERVICES:
                held, seen = _asked(server, service, number, arguments.examples, Path(folder))
                failed = failed or not held
                answers += seen
            sizes.append(_resident(server.pid))
            print(f"round {number + 1}: {len(answers)} answers so far, {sizes[-1]:.0f} MiB resident", flush=True)
    print("slowest answers:")
    for answer in sorted(answers, reverse=True)[:SLOWEST]:
        print(f"  {answer.milliseconds:8.0f} ms  {answer.status}  {answer.asked}")
    if sizes[-1] > GROWTH * sizes[0]:
        print(f"the server grew from {sizes[0]:.0f} to {sizes[-1]:.0f} MiB after its first round", file=sys.stderr)
        failed = True
    return 1 if failed else 0


def _asked(server: Server, service: str, seed: int, examples: int, folder: Path) -> tuple[bool, list[Answer]]:
    """Ask one service; return whether every answer was one that a server may give, and all of them."""
    report = folder / "answers.har"
    command = [
        *(str(Path(sys.executable).with_name("st")), "run", f"{server.url}/{service}/openapi.json"),
        *("--phases", "examples,coverage,fuzzing,stateful", "--checks", CHECKS, "--continue-on-failure"),
        *("--max-examples", str(examples), "--seed", str(seed), "--generation-database", "none", "--no-color"),
        *("--request-timeout", "60", "--warnings", "off", "--report-har-path", str(report)),
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.fuzz.media"}
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)  # noqa: S603 - our own command
    if ended.returncode:
        print(f"{service}, seed {seed}:\n{ended.stdout}{ended.stderr}")
    return ended.returncode == 0, list(_answers(report))


def _answers(report: Path) -> Iterator[Answer]:
    for entry in json.loads(report.read_bytes())["log"]["entries"] if report.exists() else ():
        asked = f"{entry['request']['method']} {urlsplit(entry['request']['url']).path[:100]}"
        size = max(entry["request"]["bodySize"], 0)
        yield Answer(entry["time"], f"{asked} ({size} bytes)", entry["response"]["status"])


def _resident(pid: int) -> float:
    """Return a process's resident memory in MiB, by `ps`, which every system has."""
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True)  # noqa: S603, S607
    return int(said.stdout) / 1024


if __name__ == "__main__":
    sys.exit(main())
