"""Label names of classifiers."""

import pytest

from services.sentiment.labels import entity_tags, sentiment_classes
from shared.errors import SettingsError


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["negative", "neutral", "positive"], ("negative", "neutral", "positive")),
        (["POSITIVE", "Negative", "neutral"], ("positive", "negative", "neutral")),
        (["LABEL_0", "LABEL_1", "LABEL_2"], ("negative", "neutral", "positive")),
        (["NEG", "NEU", "POS"], ("negative", "neutral", "positive")),
        (["NEGATIVE", "POSITIVE"], ("negative", "positive")),
        (
            ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"],
            ("negative", "negative", "neutral", "positive", "positive"),
        ),
    ],
)
def test_common_names_are_mapped(labels: list[str], classes: tuple[str, ...]) -> None:
    """The names that published classifiers use stand for the three sentiments, in the classifier's order."""
    assert sentiment_classes(labels) == classes


@pytest.mark.parametrize(
    "labels",
    [
        [],
        ["joy", "anger"],
        ["LABEL_0", "LABEL_1"],
        ["LABEL_2", "LABEL_1", "LABEL_0"],
        ["negative", "neutral"],
        ["negative", "negative", "positive"],
        ["negative", "mixed", "positive"],
        ["1 star", "2 stars", "3 stars"],
    ],
)
def test_names_that_cannot_be_mapped_are_refused_with_what_is_needed(labels: list[str]) -> None:
    """An unknown set of names is refused with the names that were found and those that would do."""
    with pytest.raises(SettingsError, match="needed are negative, neutral and positive") as caught:
        sentiment_classes(labels)
    assert all(label in caught.value.detail for label in labels)


def test_tags_of_entities_say_beginning_and_type() -> None:
    """BIO tags of the five types, in the model's order; O is no entity."""
    tags = entity_tags(["B-person", "O", "I-work"])
    assert tags == ((True, "person"), None, (False, "work"))


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        (["O", "B-animal"], "B-animal"),
        (["O", "PER"], "PER"),
        (["B-person", "I-person"], "no O"),
        (["O", "person"], "person"),
    ],
)
def test_unknown_tags_are_refused_by_name(labels: list[str], named: str) -> None:
    """A tag that is none of ours, or no tag for outside, is said with those that are known."""
    with pytest.raises(SettingsError, match=f"entities head have {named}; needed are O, and B- and I- before person"):
        entity_tags(labels)
