"""Every parser by name, and the seeds that fuzzing begins with: what it found once stays here as a seed."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.fuzz import files, texts

SEEDS: Final = Path(__file__).parent / "seeds"

Target = Callable[[bytes], None]

TARGETS: Final[Mapping[str, Target]] = {
    "brand": texts.grammar,
    "cleaning": texts.cleaning,
    "csv": files.table,
    "date": texts.date,
    "export": files.export,
    "feed": texts.feed,
    "gzip": files.packed,
    "json": files.table,
    "map": files.mapped,
    "markup": texts.markup,
    "parquet": files.table,
}


def seeds_of(name: str) -> Iterator[Path]:
    """Yield the files to begin a target with, in order of their names."""
    yield from sorted((SEEDS / name).iterdir())
