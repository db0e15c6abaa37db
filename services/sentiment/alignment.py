"""Where in the text as sent a stretch of the normalised text came from."""

from functools import cached_property

from services.sentiment.normalisation import normalise_traced
from shared.rewriting import Traced


class Alignment:
    """The way back from `normalise(sent)` to `sent`; found out at the first question."""

    def __init__(self, sent: str, normalised: str | None = None) -> None:
        """Align the text `sent`; where its normalised form is at hand, a text that it leaves as it is costs nothing."""
        self._sent = sent
        self._unchanged = sent == normalised

    @cached_property
    def _traced(self) -> Traced:
        return Traced.of(self._sent) if self._unchanged else normalise_traced(self._sent)

    @property
    def normalised(self) -> str:
        """The text that the model reads, the same as `normalise(sent)`."""
        return self._traced.text

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and end, in code points of the sent text, of the normalised characters `start` to `end`.

        What holds a part of a placeholder, or of a letter whose accents were joined, covers the whole
        stretch that was replaced. `start` < `end` <= the normalised text's length.
        """
        return self._traced.origin(start, end)
