"""Runs the benchmarks that are named, all of them where none is: `python -m bench analyze import`."""

import sys
from collections.abc import Callable, Sequence
from typing import Final

from bench import analyze, importing, retrain, speed

PARTS: Final[dict[str, Sequence[Callable[[], object]]]] = {
    "analyze": (analyze.main, speed.main),
    "import": (importing.main,),
    "retrain": (retrain.main,),
}

if __name__ == "__main__":
    asked = sys.argv[1:] or list(PARTS)
    if unknown := set(asked) - PARTS.keys():
        sys.exit(f"no benchmark is named {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for part in asked:
        for run in PARTS[part]:
            run()
