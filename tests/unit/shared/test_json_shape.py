"""How much a JSON text holds, against what is made of it."""

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from shared.json_shape import JsonShape, ShapeError, has_half_character, largest

PLENTY = JsonShape(items=10_000, strings=10_000, containers=10_000, depth=100)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text('[]{},:"\\ \n\u20ac\ud83d'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def fits(text: bytes, shape: JsonShape) -> bool:
    """Tell whether a text passes."""
    try:
        shape.check(text)
    except ShapeError:
        return False
    return True


def shape_of(value: Any) -> JsonShape:
    """Return the shape of a decoded value, counted one by one; what is empty counts as if one value stood in it."""
    if isinstance(value, dict):
        parts = [JsonShape(strings=1) + shape_of(part) for part in value.values()]
    elif isinstance(value, list):
        parts = [shape_of(part) for part in value]
    else:
        return JsonShape(strings=int(isinstance(value, str)))
    return sum(parts, start=JsonShape(items=0 if parts else 1)).inside()


@given(VALUES, st.sampled_from([{}, {"ensure_ascii": False}, {"indent": 1}]))
def test_a_text_is_counted_as_it_is_read(value: Any, form: dict[str, Any]) -> None:
    """Whatever its strings hold, however it is spaced: it fits its own shape, and none that is less in any respect."""
    text = json.dumps(value, **form).encode("utf-8", "surrogatepass")
    shape = shape_of(value)
    assert fits(text, shape)
    for field, number in vars(shape).items():
        if number:
            assert not fits(text, JsonShape(**{**vars(PLENTY), field: number - 1})), field


@given(st.binary() | st.text('[]{},:"\\ab').map(str.encode))
def test_what_is_no_json_does_no_harm(text: bytes) -> None:
    """Any bytes pass or are refused with a sentence."""
    assert fits(text, PLENTY) in {True, False}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"[" + b"[]," * 2000 + b"[]]", "lists and objects"),
        (b"[" + b"1," * 2000 + b"1]", "values and keys"),
        (b"[" + b'"a",' * 2000 + b'"a"]', "texts and keys"),
        (b"{" + b'"a":1,' * 2000 + b'"a":1}', "texts and keys"),
        (b"[" * 40 + b"]" * 40, "in one another"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "in one another"),
        (b'["\\\\", ' + b"[]," * 2000 + b'"\\""]', "lists and objects"),
    ],
)
def test_a_refusal_says_of_what_there_is_too_much(text: bytes, word: str) -> None:
    """Each kind by its own name."""
    with pytest.raises(ShapeError, match=word):
        JsonShape(items=1000, strings=500, containers=300, depth=30).check(text)


def test_escaped_surrogates_are_seen() -> None:
    """Pairs too: whether they are whole is for the parser to say."""
    assert has_half_character(b'"\\ud83d"')
    assert has_half_character(b'"\\uD83D\\uDE00"')
    assert not has_half_character(b'"\\u20ac"')


class Inner(BaseModel):
    """A part with a bound for everything."""

    name: Annotated[str, Field(max_length=5)]
    scores: Annotated[dict[Literal["a", "b"], float], Field(fail_fast=True)]
    others: Annotated[dict[str, Annotated[str, Field(pattern="^a$")]], Field(max_length=4)]


class Outer(BaseModel):
    """A body of such parts."""

    parts: Annotated[list[Inner | None], Field(max_length=10)]
    free: Annotated[Any, Field(json_schema_extra={"x-holds": [50, 3]})] = None


def test_the_most_that_fits_a_model_is_told_by_its_schema() -> None:
    """Each field with its key, each list times its length, and what fits anything as it says."""
    inner = JsonShape(items=1 + 2 + 2 + 4 + 2 + 8, strings=3 + 1 + 2 + 8, containers=3, depth=2)
    assert largest(TypeAdapter(Inner).json_schema()) == inner
    outer = JsonShape(1 + 2 + 190 + 1 + 50, 2 + 10 * inner.strings + 50, 1 + 1 + 30 + 50, 4)
    assert largest(TypeAdapter(Outer).json_schema()) == outer
    assert largest(TypeAdapter(Outer | None).json_schema()) == outer


@pytest.mark.parametrize("kind", [list[int], dict[str, int], str, Any, dict[str, Any], list[Annotated[str, "any"]]])
def test_a_model_without_a_bound_is_an_error(kind: Any) -> None:
    """So that no route is built whose bodies have no end."""
    with pytest.raises(ShapeError):
        largest(TypeAdapter(kind).json_schema())
