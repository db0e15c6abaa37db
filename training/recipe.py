"""A training described in one file: its corpora, which head each teaches, the stages' mixing, the seed."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

RECIPES: Final = Path(__file__).parent / "recipes"

Head = Literal[
    "sentiment",
    "target_sentiment",
    "subjectivity",
    "emotion",
    "offensive",
    "irony",
    "hate",
    "category",
    "entities",
    "embedding",
    "masked",
]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Optimisation(_Part):
    """How weights are moved. Learning rates are the peak of a schedule that rises and falls linearly."""

    batch: Annotated[int, Field(ge=2, le=4096)] = 32
    learning_rate: Positive = 5e-5
    head_learning_rate: Positive = 3e-4
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.06
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    average_every: Annotated[int, Field(ge=1)] = 1


class CorpusUse(_Part):
    """What a corpus teaches. `restricted`: its terms may forbid commercial use of what is trained on it."""

    head: Head
    class_weights: Literal["none", "square-root"] = "none"
    restricted: bool = False


class TrainingStage(_Part):
    """A part of the training: how often it goes through each corpus, 0.5 being half of its rows."""

    name: str
    passes: dict[str, Positive]


class Recipe(_Part):
    """A whole training."""

    name: str
    version: str
    seed: int = 7
    max_length: Annotated[int, Field(ge=16, le=512)] = 256
    training_length: Annotated[int, Field(ge=16, le=512)] = 128
    optimisation: Optimisation = Optimisation()
    corpora: dict[str, CorpusUse]
    stages: Annotated[list[TrainingStage], Field(min_length=1)]

    @model_validator(mode="after")
    def _stages_name_corpora(self) -> Self:
        for stage in self.stages:
            for corpus in stage.passes:
                if corpus not in self.corpora:
                    raise ValueError(f"the stage '{stage.name}' takes '{corpus}', which is not among the corpora")
        if "sentiment" not in self.heads():
            raise ValueError("no stage teaches the head 'sentiment', without which nothing can be served")
        return self

    def heads(self) -> Mapping[str, list[str]]:
        """Return the corpora that teach each head, in the file's order, for heads that some stage teaches."""
        taught = {corpus for stage in self.stages for corpus in stage.passes}
        heads: dict[str, list[str]] = {}
        for corpus, use in self.corpora.items():
            if corpus in taught:
                heads.setdefault(use.head, []).append(corpus)
        return heads

    def licence(self) -> str:
        """Return in a line under what terms the weights are, as `config.json` and `GET /v1/model` say it."""
        restricted = [name for name, use in self.corpora.items() if use.restricted]
        if not restricted:
            return "Apache-2.0; trained on corpora whose terms allow commercial use; see LICENSE"
        return f"research use: trained on {', '.join(restricted)}, whose terms restrict it; see LICENSE"

    def unrestricted(self) -> "Recipe":
        """Return the recipe without the corpora whose terms may forbid commercial use.

        Raises ValueError where nothing would be left to learn.
        """
        corpora = {name: use for name, use in self.corpora.items() if not use.restricted}
        stages = [
            stage.model_copy(update={"passes": {name: n for name, n in stage.passes.items() if name in corpora}})
            for stage in self.stages
        ]
        stages = [stage for stage in stages if stage.passes]
        if not any(self.corpora[corpus].head == "sentiment" for stage in stages for corpus in stage.passes):
            raise ValueError(
                f"every corpus of sentiment in the recipe '{self.name}' is restricted: nothing could be served"
            )
        return self.model_copy(update={"corpora": corpora, "stages": stages})


class LstmRecipe(_Part):
    """A training of the LSTM of the older systems on one or several corpora, the first of which is validated on."""

    architecture: Literal["lstm"]
    name: str
    corpora: Annotated[list[str], Field(min_length=1)]
    epochs: Annotated[int, Field(ge=1)] = 8
    seed: int = 7
    words: Annotated[int, Field(ge=100)] = 20_000


def load_recipe(name: str) -> Recipe | LstmRecipe:
    """Return a recipe: the path of a TOML file, or the name of one that comes with voxpop.

    Raises ValueError with the key that is wrong.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    try:
        found = tomllib.loads(path.read_text("utf-8"))
        return LstmRecipe.model_validate(found) if "architecture" in found else Recipe.model_validate(found)
    except FileNotFoundError:
        known = ", ".join(sorted(recipe.stem for recipe in RECIPES.glob("*.toml")))
        raise ValueError(f"there is no recipe {name}; give a .toml file, or one of {known}") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ValueError(f"{path.name}: {key}: {first['msg']}") from None
