"""gzip files: whole, damaged, cut off, and such as unpack without end."""

import gzip
import io
import random
import tracemalloc
import zlib

import pytest

from services.ingest.sources.file import open_file
from services.ingest.sources.packed import UNJUDGED_BYTES, unpacked
from services.ingest.sources.rows import FileError

LINES = b"post_id,author_id,text,created_at\n" + b"".join(
    b"%d,a%d,the crew was kind %d,2026-03-01T10:00:00Z\n" % (n, n % 7, n * n) for n in range(300)
)
PACKED = gzip.compress(LINES, mtime=0)


def texts(content: bytes) -> list[str]:
    """Return the texts of a file's posts."""
    with open_file("-", {}, "x", io.BytesIO(content)) as source:
        return [row.post["text"] for row in source.rows if row.post]


WHOLE = texts(LINES)


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_anywhere_gives_one_sentence_or_changes_nothing(seed: int) -> None:
    """Ten flips a seed, all over header, data, checksum and length: never another text, never another error."""
    chosen = random.Random(seed)  # noqa: S311 - reproducible
    for _ in range(10):
        damaged = bytearray(PACKED)
        damaged[chosen.randrange(len(damaged))] ^= 1 << chosen.randrange(8)
        try:
            found = texts(bytes(damaged))
        except FileError as error:
            assert "\n" not in str(error)  # noqa: PT017 - an outcome among two
        else:
            assert found == WHOLE


@pytest.mark.parametrize("end", [*range(2, 30), 200, len(PACKED) - 9, len(PACKED) - 8, len(PACKED) - 1])
def test_a_file_that_is_cut_off_says_how_far_it_went(end: int) -> None:
    """And that no row was read."""
    with pytest.raises(FileError, match=r"gzip file is cut off after [0-9]+ bytes .* no row of it was read"):
        texts(PACKED[:end])


@pytest.mark.parametrize("after", [b"trailing", PACKED[:10] + b"\xff" * 40, b"\x1f\x8b"])
def test_what_follows_the_data_may_be_lost_rows(after: bytes) -> None:
    """So it is refused, but for zeros, which tapes and disks add."""
    with pytest.raises(FileError, match="gzip file is"):
        texts(PACKED + after)
    assert texts(PACKED + bytes(512)) == WHOLE


def test_several_members_are_one_file() -> None:
    """As `cat a.gz b.gz` makes it."""
    half = len(LINES) // 2
    assert texts(gzip.compress(LINES[:half]) + gzip.compress(LINES[half:])) == WHOLE


def test_a_bomb_is_refused_in_little_memory() -> None:
    """A file of a megabyte that unpacks to a gigabyte is left after a fifth of it."""
    packer = zlib.compressobj(9, wbits=31)
    piece = bytes(2**20)
    bomb = b"".join([*(packer.compress(piece) for _ in range(256)), packer.flush()])
    assert UNJUDGED_BYTES + 200 * len(bomb) < 256 * 2**20
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="more than 200 times its size"), unpacked(io.BytesIO(bomb)):
            pass
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()
