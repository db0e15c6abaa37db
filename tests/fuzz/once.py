"""Fuzz one target until its time is up or it fails: `python -m tests.fuzz.once TARGET LIBFUZZER-ARGUMENTS`.

A process of its own for each target: the fuzzer ends the process that it runs in. Coverage is watched in our own
modules and in those of the libraries that are Python, so it must be set up before they are imported.
"""

import sys

import atheris

# What a text is compared with is tried, too.
atheris.enabled_hooks.add("str")
with atheris.instrument_imports(include=["services", "shared", "feedparser", "tests.fuzz"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Run until the arguments say that it is enough; the process ends with libFuzzer's code."""
    name, *arguments = sys.argv[1:]
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
