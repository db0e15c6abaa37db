"""Fuzz the parsers one after another: `python -m tests.fuzz [TARGET...] [--seconds 60]`; exits 1 where one failed.

What makes a target fail is kept under `.fuzz/`: put it among the seeds with the change that mends it, and every run of
the tests guards it from then on.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import SEEDS, TARGETS

FOUND = Path(".fuzz")
MEBIBYTES = 2048
"""Memory that one input may bring the process to."""
SLOW_SECONDS = 20
"""For how long one input may be read."""
MAX_LENGTH = 16_384
_GRACE_SECONDS = 60
_FIGURES = ("number_of_executed_units", "slowest_unit_time_sec", "peak_rss_mb")


def main() -> int:
    """Fuzz what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for how long each target is fuzzed")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - TARGETS.keys():
        parser.error(f"no target is called {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    failed = [name for name in arguments.targets or TARGETS if not fuzz(name, arguments.seconds)]
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def fuzz(name: str, seconds: int) -> bool:
    """Fuzz one target, print a line about it, and tell whether it held."""
    corpus, crashes = FOUND / name, FOUND / "failing"
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    limits = (f"-max_total_time={seconds}", f"-rss_limit_mb={MEBIBYTES}", f"-timeout={SLOW_SECONDS}")
    kept = (f"-max_len={MAX_LENGTH}", f"-artifact_prefix={crashes}/{name}-", "-print_final_stats=1", "-verbosity=1")
    command = [sys.executable, "-m", "tests.fuzz.once", name, *limits, *kept, str(corpus), str(SEEDS / name)]
    try:
        ended = subprocess.run(  # noqa: S603 - our own command
            command, check=False, capture_output=True, text=True, errors="replace", timeout=seconds + _GRACE_SECONDS
        )
    except subprocess.TimeoutExpired:
        print(f"{name:10} FAILED: it did not end {_GRACE_SECONDS} s after its time")
        return False
    figures = dict(re.findall(r"stat::(\w+):\s+(\d+)", ended.stderr))
    inputs, slowest, peak = (figures.get(one, "?") for one in _FIGURES)
    print(f"{name:10}{inputs:>9} inputs, the slowest {slowest} s, {peak} MiB at most", flush=True)
    if ended.returncode:
        print(ended.stdout[-2_000:] + ended.stderr[-2_000:])
        print(f"{name:10} FAILED: the input lies in {crashes}")
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
