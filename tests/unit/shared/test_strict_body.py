"""Bodies that refuse what they do not know."""

from typing import Any

import pytest
from pydantic import Field, ValidationError

from shared.strict_body import StrictBody


class Part(StrictBody):
    """A part of a body."""

    name: str = ""


class Whole(StrictBody):
    """A body with parts."""

    parts: list[Part] = Field(default_factory=list)
    count: int = 0


def faults(value: Any) -> list[tuple[Any, ...]]:
    """Return where a value is wrong."""
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(value)
    return [error["loc"] for error in caught.value.errors()]


def test_the_first_unknown_field_is_named_alone() -> None:
    """Among thousands, in a part too, and what is known is judged beside it."""
    thousands = {f"field {number}": number for number in range(5000)}
    assert faults(thousands) == [("field 0",)]
    assert faults({"count": "x", **thousands}) == [("count",), ("field 0",)]
    assert faults({"parts": [{"name": "a"}, {"name": "b", **thousands}]}) == [("parts", 1, "field 0")]
    assert faults({"cuont": 1}) == [("cuont",)]


@pytest.mark.parametrize("value", [[], "text", None, 3])
def test_what_is_no_object_is_left_to_the_model(value: Any) -> None:
    """It says so itself."""
    assert faults(value) == [()]


def test_what_is_known_passes() -> None:
    """Also a body that is a model already."""
    body = Whole.model_validate({"parts": [{"name": "a"}], "count": 2})
    assert Whole.model_validate(body) == body == Whole(parts=[Part(name="a")], count=2)
