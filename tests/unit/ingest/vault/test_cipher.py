"""Sealing: what comes back, and what does not open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.vault.cipher import Cipher, UnopenableError

KEY = b"0123456789abcdef-a-key-of-tests-0123456789"
OTHER = b"fedcba9876543210-a-key-of-tests-0123456789"
CIPHER = Cipher(KEY)


@given(st.text(st.characters()), st.text(), st.text())
def test_what_was_sealed_opens(plain: str, purpose: str, row: str) -> None:
    """Any text comes back, lone surrogates too, and nothing of it can be read in the sealed bytes."""
    sealed = CIPHER.seal(purpose, row, plain)
    assert CIPHER.open_(purpose, row, sealed) == plain
    encoded = plain.encode("utf-8", "surrogatepass")
    assert len(encoded) < 4 or encoded not in sealed


def test_a_lone_surrogate_is_kept() -> None:
    """JSON may bring half a character; it comes back as it was."""
    assert CIPHER.open_("p", "r", CIPHER.seal("p", "r", "\ud800 id")) == "\ud800 id"


@pytest.mark.parametrize(
    ("purpose", "row"), [("cursor", "other"), ("draft", "row"), ("cursorr", "ow"), ("curso", "rrow")]
)
def test_a_sealed_text_opens_at_its_place_alone(purpose: str, row: str) -> None:
    """Copied to another row or purpose it does not open, not even where the two names run together the same."""
    sealed = CIPHER.seal("cursor", "row", "1234")
    with pytest.raises(UnopenableError, match="moved"):
        CIPHER.open_(purpose, row, sealed)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_found_out(place: int, change: int) -> None:
    """Whichever byte is changed, nothing wrong is ever returned."""
    sealed = bytearray(CIPHER.seal("cursor", "row", "1234567890"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(UnopenableError):
        CIPHER.open_("cursor", "row", bytes(sealed))


@given(st.binary(max_size=60))
def test_nonsense_does_not_open(sealed: bytes) -> None:
    """Bytes that were never sealed, of any length, are refused in a sentence."""
    with pytest.raises(UnopenableError):
        CIPHER.open_("cursor", "row", sealed)


def test_another_key_does_not_open() -> None:
    """The sentence names the setting to look at."""
    with pytest.raises(UnopenableError, match="VOXPOP_VAULT_KEY"):
        Cipher(OTHER).open_("cursor", "row", CIPHER.seal("cursor", "row", "1234"))


def test_the_key_before_opens_and_does_not_seal() -> None:
    """After a change of keys old texts open, and new ones open with the new key alone."""
    changed = Cipher(OTHER, KEY)
    assert changed.open_("cursor", "row", CIPHER.seal("cursor", "row", "1234")) == "1234"
    assert Cipher(OTHER).open_("cursor", "row", changed.seal("cursor", "row", "new")) == "new"


def test_the_same_text_is_never_sealed_the_same() -> None:
    """Two seals differ, so that equal ids cannot be told."""
    assert CIPHER.seal("cursor", "row", "1234") != CIPHER.seal("cursor", "row", "1234")


def test_a_short_key_is_refused() -> None:
    """31 bytes are not enough, whichever of the keys it is."""
    for keys in ((b"k" * 31,), (KEY, b"k" * 31)):
        with pytest.raises(ValueError, match="32 bytes"):
            Cipher(*keys)
