"""Recipes: one file says what is trained on what."""

from pathlib import Path

import pytest

from training.recipe import RECIPES, LstmRecipe, Recipe, load_recipe

TINY = """
name = "tiny"
version = "1"
[corpora.free]
head = "sentiment"
[corpora.bound]
head = "emotion"
restricted = true
[[stages]]
name = "first"
passes = { bound = 1.0 }
[[stages]]
name = "second"
passes = { free = 2.0, bound = 0.5 }
"""


def _load(tmp_path: Path, text: str) -> Recipe:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    recipe = load_recipe(str(path))
    assert isinstance(recipe, Recipe)
    return recipe


@pytest.mark.parametrize("name", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_every_recipe_that_comes_along_is_sound(name: str) -> None:
    """Each file loads and carries its own name."""
    assert load_recipe(name).name == name


def test_the_shipped_recipe_teaches_every_head() -> None:
    """One training gives all that an analysis tells."""
    recipe = load_recipe("voxpop-minilm")
    assert isinstance(recipe, Recipe)
    heads = {"sentiment", "target_sentiment", "subjectivity", "emotion", "offensive", "irony", "hate"}
    assert set(recipe.heads()) == heads | {"category", "entities", "embedding"}


def test_the_switch_leaves_restricted_corpora_out(tmp_path: Path) -> None:
    """What is left has no stage without a corpus, and says so in its licence."""
    recipe = _load(tmp_path, TINY)
    free = recipe.unrestricted()
    assert [stage.name for stage in free.stages] == ["second"]
    assert dict(free.heads()) == {"sentiment": ["free"]}
    assert "bound" in recipe.licence()
    assert free.licence().startswith("Apache-2.0")


def test_the_shipped_recipe_has_something_left_without_restricted_corpora() -> None:
    """What the switch leaves can be served: it tells sentiment, negative or positive, and entities."""
    recipe = load_recipe("voxpop-minilm")
    assert isinstance(recipe, Recipe)
    assert set(recipe.unrestricted().heads()) == {"sentiment", "entities"}


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    """A training on nothing is refused."""
    with pytest.raises(ValueError, match="every corpus of sentiment in the recipe 'tiny' is restricted"):
        _load(tmp_path, TINY.replace('head = "sentiment"', 'head = "sentiment"\nrestricted = true')).unrestricted()


def test_an_lstm_has_a_recipe_of_its_own() -> None:
    """`architecture` tells the baselines from the model."""
    assert isinstance(load_recipe("lstm-targets"), LstmRecipe)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('name = "tiny"', 'nam = "tiny"'), "own.toml: name: Field required"),
        (("passes = { bound = 1.0 }", "passes = { other = 1.0 }"), "takes 'other', which is not among the corpora"),
        (("free = 2.0", "free = 0.0"), "greater than 0"),
        (("[corpora.free]", "[corpora.free"), "own.toml is no TOML"),
        (('head = "sentiment"', 'head = "sentimnt"'), "corpora.free.head"),
        (('head = "sentiment"', 'head = "irony"'), "no stage teaches the head 'sentiment'"),
        (('head = "emotion"', 'head = "emotion"\nweight = 3'), "corpora.bound.weight: Extra inputs"),
    ],
)
def test_a_wrong_recipe_names_the_key(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    """One sentence says what to mend."""
    with pytest.raises(ValueError, match="own") as raised:
        _load(tmp_path, TINY.replace(*change))
    assert words in str(raised.value)


def test_a_recipe_that_is_not_there_names_those_that_are() -> None:
    """A misspelt name finds its remedy."""
    with pytest.raises(ValueError, match=r"there is no recipe minilm; give a \.toml file, or one of comparison-direct"):
        load_recipe("minilm")
