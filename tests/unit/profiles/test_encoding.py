"""Increments as stored documents."""

import json

from hypothesis import given, settings

from services.profiles.encoding import from_document, to_document
from services.profiles.folding import Increment
from tests.unit.profiles.strategies import INCREMENTS


@settings(deadline=None)
@given(INCREMENTS)
def test_a_document_gives_back_its_increment(increment: Increment) -> None:
    """What is written as JSON and read again is the same increment."""
    assert from_document(json.loads(json.dumps(to_document(increment)))) == increment
