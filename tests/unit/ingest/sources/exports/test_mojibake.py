"""Texts as Meta's exports write them."""

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.exports.forms import mend


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_written_byte_by_byte_is_mended(text: str) -> None:
    """Any text in any script comes back from the form that exports give it."""
    assert mend(text.encode().decode("latin-1")) == text


@given(st.text(st.characters(min_codepoint=0x100), min_size=1))
def test_a_text_that_was_written_rightly_is_left_alone(text: str) -> None:
    """Characters that no byte has show that nothing is to be mended."""
    assert mend(text) == text


def test_latin_letters_that_are_no_utf_8_are_left_alone() -> None:
    """A text with a lone accented letter, as a right export writes it, stays."""
    assert mend("café à la carte") == "café à la carte"
