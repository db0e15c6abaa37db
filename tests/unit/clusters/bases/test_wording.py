"""Plain words for clusters."""

import pytest

from services.clusters.bases.behaviour import BEHAVIOUR, Aspect, Feature, figure, names, sentence, words_of

BY_NAME = {feature.name: feature for feature in BEHAVIOUR}


def of(**z: float) -> list[tuple[Feature, float]]:
    """Return features with their z, in the order given."""
    return [(BY_NAME[name], value) for name, value in z.items()]


@pytest.mark.parametrize(
    ("z", "words"),
    [
        (2.0, "posts far more often than others (12.3 against 2.1)"),
        (0.7, "posts more often than others (12.3 against 2.1)"),
        (0.3, "posts somewhat more often than others (12.3 against 2.1)"),
        (-1.2, "posts far less often than others (12.3 against 2.1)"),
    ],
)
def test_a_sentence_says_direction_degree_and_figures(z: float, words: str) -> None:
    """The degree goes by the size of z, the direction by its sign."""
    assert sentence(BY_NAME["posts"], z, 12.3, 2.1) == words


@pytest.mark.parametrize("feature", BEHAVIOUR, ids=lambda feature: feature.name)
def test_every_feature_reads_as_a_comparison(feature: Feature) -> None:
    """Each feature has a place for the degree both ways, and differing words for high and low."""
    assert "{}" in feature.more
    assert "{}" in feature.less
    assert feature.more != feature.less
    assert feature.high != feature.low


def test_figures_have_units_and_few_digits() -> None:
    """Shares are percentages, small shares keep a digit, large figures are grouped, days are named."""
    assert figure(BY_NAME["negative_share"], 0.914) == "91 %"
    assert figure(BY_NAME["verified"], 0.002) == "0.2 %"
    assert figure(BY_NAME["verified"], 0.0) == "0 %"
    assert figure(BY_NAME["followers"], 1_234_567.0) == "1,234,567"
    assert figure(BY_NAME["active_days"], 1.5) == "1.5 days"


def test_a_name_takes_three_words_of_different_aspects() -> None:
    """The strongest feature of each aspect speaks, at most three of them."""
    features = of(posts=2.0, negative_share=1.5, mean_score=-1.4, followers=-1.0, likes_per_post=0.5)
    assert names([words_of(features)]) == ["Frequent, negative, few followers"]
    assert BY_NAME["negative_share"].aspect is BY_NAME["mean_score"].aspect is Aspect.TONE


def test_names_are_unique() -> None:
    """A second cluster of the same name takes a further word, a third a number; a plain one is typical."""
    short = of(posts=2.0, negative_share=1.0, followers=-1.0)
    longer = of(posts=2.0, negative_share=1.0, followers=-1.0, likes_per_post=0.4)
    assert names([words_of(features) for features in (short, longer, longer, [], [])]) == [
        "Frequent, negative, few followers",
        "Frequent, negative, few followers, much liked",
        "Frequent, negative, few followers (2)",
        "Typical",
        "Typical (2)",
    ]
