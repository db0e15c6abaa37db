"""The encoding of a text file: said by its mark, by the person who imports it, or told from all of its bytes."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from services.ingest.sources.rows import FileError

UNDECODED: Final = re.compile("[\udc80-\udcff]")
"""What stands in a text for bytes that its encoding lacks: see `errors="surrogateescape"`."""
_CHUNK: Final = 2**20
_SAMPLE: Final = 65536
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH: Final = bytes(range(128, 256))
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_MOST_CONTROLS: Final = 0.02
_MOST_NULS_BETWEEN: Final = 0.05
_LEAST_NULS: Final = 0.4
_FOREIGN: Final = re.compile(rb"[\x80-\xff]{5}|[\xc0-\xff]{4}")
_NOT_WESTERN: Final = re.compile(
    # Signs and capitals inside a word: Cyrillic, Polish, Hungarian, Japanese, or what DOS and the Macintosh wrote.
    "[A-Za-z][\u00a1-\u00a9\u00ac\u00ae\u00b0-\u00b3\u00b5\u00b6\u00b8\u00b9\u00bc-\u00bf][a-z]"
    "|[A-Za-z][\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u201c\u201d\u2022\u02dc][a-z]"
    "|[a-z][\u0160\u017d\u0152\u0178\u00bf]|[\u00b2\u00b3\u00b9\u0178][a-z]"
    "|\u0192"  # Half a Japanese sign.
    # Icelandic in Windows-1252, but Turkish, Czech or Lithuanian in their own; Portuguese before an e, else Hungarian.
    "|[\u00d0\u00f0\u00dd\u00fd\u00de\u00fe]|[\u00d5\u00f5](?![Ee])"
)
"""What seldom stands in Western texts in Windows-1252 and is a common letter of other encodings: nothing is guessed."""
_CARONS: Final = frozenset("\u0160\u0161\u017d\u017e")
_BESIDE_CARONS: Final = frozenset("\u00c6\u00c8\u00cc\u00d8\u00d9\u00e6\u00e8\u00ec\u00f8\u00f9")
"""Finnish has the first without the second; in Czech, Slovak, Croatian and Slovene these are other letters."""


@dataclass(frozen=True)
class TextEncoding:
    """A codec's name, and a sentence for the person who imports where it was guessed."""

    name: str
    note: str = ""


def text_encoding(content: BinaryIO, named: str | None) -> TextEncoding:
    """Return the encoding of `content`, all of which is read unless its beginning says it; it is left at its start.

    Raises FileError where it is no text, where `named` is no encoding, and where it may be several.
    """
    content.seek(0)
    sample = content.read(_SAMPLE)
    try:
        if named is not None:
            return TextEncoding(_codec(named, sample))
        for mark, name in _MARKS:
            if sample.startswith(mark):
                return TextEncoding(name)
        if wide := _wide(sample):
            return TextEncoding(wide, f"it was read as {wide.upper()}; --encoding names another")
        if _is_binary(sample):
            raise FileError("this is a binary file, not CSV, JSON or Parquet")
        content.seek(0)
        return _told_from(content)
    finally:
        content.seek(0)


def _codec(named: str, sample: bytes) -> str:
    try:
        io.TextIOWrapper(io.BytesIO(), named).close()
        codec = codecs.lookup(named)
    except (LookupError, ValueError):
        raise FileError(
            "--encoding names none; there are utf-8, utf-16, latin-1, cp1252, cp1251, shift-jis ..."
        ) from None
    if codec.name == "utf-8":
        return "utf-8-sig"
    if codec.name == "utf-16" and not sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _wide(sample) or "utf-16-le"
    return codec.name


def _wide(sample: bytes) -> str | None:
    """Return the UTF-16 that a text without a mark is in: of Western letters every other byte is 0."""
    pairs = max(1, len(sample) // 2)
    first, second = sample[::2].count(0) / pairs, sample[1::2].count(0) / pairs
    if second >= _LEAST_NULS and first < _MOST_NULS_BETWEEN:
        return "utf-16-le"
    return "utf-16-be" if first >= _LEAST_NULS and second < _MOST_NULS_BETWEEN else None


def _is_binary(sample: bytes) -> bool:
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls > _MOST_CONTROLS * len(sample)


def _told_from(content: BinaryIO) -> TextEncoding:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    characters = undecoded = 0
    excerpts: list[bytes] = []
    for chunk in _chunks(content):
        high = len(chunk) - len(chunk.translate(None, _HIGH))
        if not high and decoder.getstate()[0] == b"":
            continue
        wrong = UNDECODED.findall(decoder.decode(chunk))
        undecoded += len(wrong)
        characters += (high - len(wrong)) // 2
        if wrong and len(excerpts) < 4:  # noqa: PLR2004 - some text to judge by
            excerpts.append(chunk)
    is_cut = not undecoded and decoder.getstate()[0] != b""
    undecoded += len(UNDECODED.findall(decoder.decode(b"", final=True)))
    if not undecoded:
        return TextEncoding("utf-8")
    if is_cut or characters >= undecoded:
        return TextEncoding("utf-8", "bytes that are no UTF-8 stand in it; rows that hold any are rejected")
    if all(_is_western(excerpt) for excerpt in excerpts):
        return TextEncoding("cp1252", "it is not UTF-8 and was read as Windows-1252; --encoding names another")
    raise FileError(
        "the file is not UTF-8, and nothing tells what it is: give --encoding, for example cp1251, or save it as UTF-8"
    )


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK):
        yield chunk


def _is_western(excerpt: bytes) -> bool:
    """Tell whether bytes read as Western European text: letters with accents here and there, signs between words."""
    try:
        text = excerpt.decode("cp1252")
    except UnicodeDecodeError:
        return False
    if not _CARONS.isdisjoint(text) and not _BESIDE_CARONS.isdisjoint(text):
        return False
    return not _NOT_WESTERN.search(text) and not _FOREIGN.search(excerpt)
