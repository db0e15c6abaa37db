"""What the routes of category sets take and answer, as bodies of requests."""

from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.sentiment.bodies import Text
from services.sentiment.categories.category_set import MAX_LABEL_CHARACTERS, MAX_NOTES_CHARACTERS, CategorySet
from services.sentiment.categories.examples import MAX_EXAMPLES, Example
from shared.analysis import Probability


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "must not hold a NUL character")
    return text


LabelName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LABEL_CHARACTERS),
    AfterValidator(_without_nul),
]


class _Request(BaseModel):
    """Unknown fields are refused: a misspelt one would be ignored in silence."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ExampleBody(_Request):
    """A text and what it is an example of; blanks around a label do not count."""

    text: Text
    label: LabelName


class CategorySetRequest(_Request):
    """At least 8 different texts of each of 2 to 64 labels. `notes` is for people."""

    examples: Annotated[list[ExampleBody], Field(min_length=1, max_length=MAX_EXAMPLES)]
    notes: Annotated[str, StringConstraints(max_length=MAX_NOTES_CHARACTERS), AfterValidator(_without_nul)] = ""

    def given(self) -> list[Example]:
        """Return the examples as they were sent."""
        return [Example(example.text, example.label) for example in self.examples]


class LabelAnswer(BaseModel):
    """A label with its different examples and its F1 out of fold."""

    label: str
    count: int
    f1: Probability


class CategorySetAnswer(BaseModel):
    """A set as it is served. `macro_f1` is cross-validated over `folds` parts of the examples."""

    name: str
    version: int
    labels: list[LabelAnswer]
    macro_f1: Probability
    folds: int
    embedding_version: str
    created_at: AwareDatetime
    notes: str
    built_in: bool

    @classmethod
    def of(cls, found: CategorySet, *, built_in: bool = False) -> Self:
        """Describe a set."""
        described = zip(found.labels, found.counts, found.label_f1, strict=True)
        return cls(
            name=found.name,
            version=found.version,
            labels=[LabelAnswer(label=label, count=count, f1=f1) for label, count, f1 in described],
            macro_f1=found.macro_f1,
            folds=found.folds,
            embedding_version=found.embedding_version,
            created_at=found.created_at,
            notes=found.notes,
            built_in=built_in,
        )


class MadeAnswer(CategorySetAnswer):
    """A set that was just made, and the seconds that it took."""

    seconds: float = 0.0


class ExampleAnswer(BaseModel):
    """An example as it is kept: cleaned."""

    text: str
    label: str


class CategorySetPage(CategorySetAnswer):
    """A set with a page of its examples; a built-in set has none. `next_cursor` is None on the last page."""

    examples: list[ExampleAnswer] = []
    next_cursor: str | None = None
