"""The cache of model outputs."""

import numpy as np

from services.sentiment.model_output import ModelOutput
from services.sentiment.reader import OutputCache, key_of

OUTPUT = ModelOutput(np.zeros(3, np.float32), truncated=False)


def test_the_least_recently_used_output_goes_first() -> None:
    """A full cache drops what was not asked for longest."""
    cache = OutputCache(2)
    cache.put(b"a", OUTPUT)
    cache.put(b"b", OUTPUT)
    cache.get(b"a")
    cache.put(b"c", OUTPUT)
    assert [cache.get(key) is OUTPUT for key in (b"a", b"b", b"c")] == [True, False, True]
    assert len(cache) == 2


def test_zero_turns_the_cache_off() -> None:
    """With room for no text nothing is kept and nothing fails."""
    cache = OutputCache(0)
    cache.put(b"a", OUTPUT)
    assert cache.get(b"a") is None


def test_keys_differ_by_text_and_target() -> None:
    """Equal text and target share a key; a target is never mistaken for a part of the text."""
    assert key_of("a", None) == key_of("a", None)
    assert len({key_of("a", None), key_of("a", ""), key_of("a", "b"), key_of("ab", None), key_of("b", None)}) == 5
    assert key_of("a\x00b", None) != key_of("a", "b")
