"""Prints lines and files of Python by room: `make lines`."""

import subprocess
from collections import Counter
from pathlib import Path, PurePath

PRODUCT = ("services", "shared", "training", "sandbox")
FOLDERS = (*PRODUCT, "tests", "bench", "deploy")


def main() -> None:
    """Count the tracked files as they lie in the working tree."""
    listed = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True)  # noqa: S607
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for name in listed.stdout.splitlines():
        path = Path(name)
        if path.exists() and path.parts[0] in FOLDERS:
            for room in {_room(path), path.parts[0], "product" if path.parts[0] in PRODUCT else path.parts[0]}:
                lines[room] += len(path.read_text(encoding="utf-8").splitlines())
                files[room] += 1
    for room in sorted(lines):
        print(f"{room:36}{lines[room]:8,} lines {files[room]:5} files")


def _room(path: PurePath) -> str:
    return "/".join(path.parts[: min(2 if path.parts[0] != "services" else 3, len(path.parts) - 1)])


if __name__ == "__main__":
    main()
