"""The whole way to a model folder, on a tiny encoder and tiny corpora."""

import json
from pathlib import Path

import pytest

from services.sentiment.model_folder import open_model
from tests.train.test_training import RECIPE
from training.build import make_model
from training.recipe import Recipe


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """Return the tiny recipe, shortened."""
    stage = RECIPE.stages[0].model_copy(update={"passes": dict.fromkeys(RECIPE.stages[0].passes, 1.0)})
    return RECIPE.model_copy(update={"stages": [stage]})


def test_a_training_ends_in_a_folder_that_is_served_with_its_figures(
    encoder: Path, corpora: Path, tmp_path: Path, recipe: Recipe
) -> None:
    """The folder has temperatures and figures; the one for a GPU shares the temperatures; again from the weights."""
    output = tmp_path / "model"
    make_model(recipe, corpora, tmp_path / "work", output, encoder)
    card = open_model(str(output)).card
    assert set(card.heads) == {"sentiment", "entities"}
    assert "tweeteval-sentiment, macro recall (%)" in card.evaluation
    half = open_model(str(tmp_path / "work/fp16")).card
    assert half.heads["sentiment"].temperature == card.heads["sentiment"].temperature
    assert half.embedding == card.embedding
    (output / "README.md").write_text("a card")
    make_model(recipe, corpora, tmp_path / "work", output, encoder, retrain=False)
    assert (output / "README.md").read_text() == "a card"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpora", "model", "work"]


def test_weights_of_another_recipe_are_not_called_by_this_ones_licence(
    encoder: Path, corpora: Path, tmp_path: Path, recipe: Recipe
) -> None:
    """What was trained on restricted corpora cannot be exported as if it were not."""
    make_model(recipe, corpora, tmp_path / "work", tmp_path / "model", encoder)
    free = {name: use.model_copy(update={"restricted": False}) for name, use in recipe.corpora.items()}
    with pytest.raises(ValueError, match=r"were trained by another recipe \(tiny\)"):
        make_model(
            recipe.model_copy(update={"corpora": free}),
            corpora,
            tmp_path / "work",
            tmp_path / "b",
            encoder,
            retrain=False,
        )
    assert not (tmp_path / "b").exists()
    assert "restrict" in json.loads((tmp_path / "model/config.json").read_text())["voxpop"]["licence"]


def test_an_output_that_is_somebodys_is_refused_before_training(
    encoder: Path, corpora: Path, tmp_path: Path, recipe: Recipe
) -> None:
    """Hours are not spent on a folder that could not be written."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="no model folder"):
        make_model(recipe, corpora, tmp_path / "work", tmp_path / "mine", encoder)
    assert not (tmp_path / "work").exists()
