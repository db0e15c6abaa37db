"""Examples are checked, cleaned and packed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sentiment.categories.examples import Example, checked, pack, unpack
from shared.errors import InputError
from tests.unit.sentiment.categories.sets import examples

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def test_texts_are_cleaned_before_they_are_kept() -> None:
    """Names, links and addresses do not stay in an example."""
    sent = [*examples(), Example("hey @JaneDoe write to jane@doe.com", "bags")]
    assert checked(sent)[-1] == Example("hey @user write to <email>", "bags")


def test_a_text_that_is_given_again_counts_once() -> None:
    """Copies, also those that differ in a link alone, are left out, so they reach no two folds and no minimum."""
    sent = examples()
    copies = [Example(f"{example.text} https://a.b/{place}", example.label) for place, example in enumerate(sent)]
    assert checked(sent + copies) == sent
    with pytest.raises(InputError, match="'bags' has 7 different examples; give at least 8"):
        checked(examples(7, ["bags"]) * 3 + examples(9, ["late"]))


def test_a_text_with_two_labels_names_both_places() -> None:
    """The same text under two labels is refused, with the index of each."""
    sent = [*examples(), Example(examples()[2].text + " ", "late")]
    with pytest.raises(InputError, match="examples 2 and 30 are the same text") as caught:
        checked(sent)
    assert caught.value.loc == ("body", "examples", 30, "label")


def test_a_text_of_links_alone_is_named() -> None:
    """What holds no word for the model is refused by its index."""
    with pytest.raises(InputError, match="nothing but links") as caught:
        checked([*examples(), Example("https://a.b/c", "bags")])
    assert caught.value.loc == ("body", "examples", 30, "text")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (examples(20, ["bags"]), "one label"),
        ([Example(f"text {i} of {n}", f"l{n}") for n in range(65) for i in range(8)], "65 labels; a set may have 64"),
        ([*examples(), *(Example(f"odd {i}", "odd") for i in range(3))], "label 'odd' has 3 different examples"),
    ],
)
def test_too_few_or_many_labels_are_refused(sent: list[Example], sentence: str) -> None:
    """One label, more than 64, or one with fewer than 8 examples: a sentence with label and count."""
    with pytest.raises(InputError, match=sentence) as caught:
        checked(sent)
    assert caught.value.loc == ("body", "examples")


@given(st.lists(st.builds(Example, TEXTS, TEXTS)))
def test_what_is_packed_is_unpacked(sent: list[Example]) -> None:
    """Any examples come back as they were, in order."""
    assert unpack(pack(sent)) == sent
