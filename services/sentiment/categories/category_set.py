"""A set of categories: a linear classifier on embeddings, what it was made of and how well it did."""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import numpy as np
import structlog
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.analysis import Probability
from shared.brand import Brand
from shared.errors import SettingsError

log = structlog.get_logger(__name__)

SCHEMA: Final = 1
FOLDER: Final = "categories"
"""Where a model folder has the sets that come with the model, a file `<name>.json` each."""
MAX_LABELS: Final = 64
MAX_LABEL_CHARACTERS: Final = 64
MAX_NOTES_CHARACTERS: Final = 2000

_ARRAYS: Final = ("coefficients", "intercepts")
_NUMBERS: Final = np.dtype("<f4")


class UnreadableSetError(ValueError):
    """A serialised set is damaged, or of another version of voxpop; the message is one sentence without its content."""


@dataclass(frozen=True, eq=False)
class CategorySet:
    """One version of a set; `counts` and `label_f1` (out of fold, 0..1) stand in the order of `labels`.

    `coefficients` has shape (labels, dimensions), `intercepts` (labels,), both float32. It reads vectors of
    `embedding_version` alone. `folds` is the number of parts of the cross-validation behind `macro_f1` (0..1).
    """

    name: str
    version: int
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    embedding_version: str
    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    macro_f1: float
    label_f1: tuple[float, ...]
    folds: int
    created_at: AwareDatetime
    notes: str = ""

    @property
    def dimensions(self) -> int:
        """The length of the vectors that it reads."""
        return int(self.coefficients.shape[1])

    def classify(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability of each label, shape (texts, labels), for embeddings of shape (texts, dimensions)."""
        logits = unit_rows(embeddings) @ self.coefficients.T.astype(np.float64) + self.intercepts
        shares = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)

    def at_version(self, version: int) -> "CategorySet":
        """Return the set as this version of its name."""
        return replace(self, version=version)

    def to_json(self) -> str:
        """Return the set as JSON that `from_json` reads back exactly."""
        return _Form.of(self).model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> "CategorySet":
        """Read what `to_json` wrote; raises UnreadableSetError where it is anything else."""
        try:
            return _Form.model_validate_json(text).category_set()
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            key = ".".join(str(part) for part in first["loc"]) or "the file"
            raise UnreadableSetError(f"no category set of schema {SCHEMA}: {key}: {first['msg']}") from None


def read_built_in(model_folder: Path, embedding_version: str | None) -> dict[str, CategorySet]:
    """Return a model's sets by name; those made with another embedding than it is served with are left out.

    Blocks. Raises SettingsError, naming the file, where one is damaged or bears another name than its set.
    """
    found: dict[str, CategorySet] = {}
    for path in sorted((model_folder / FOLDER).glob("*.json")):
        try:
            category_set = CategorySet.from_json(path.read_bytes())
        except UnreadableSetError as error:
            raise SettingsError(f"SENTIMENT_MODEL: {path}: {error}; make the file again, or remove it") from None
        if category_set.name != path.stem:
            raise SettingsError(
                f"SENTIMENT_MODEL: {path} holds the category set '{category_set.name}'; name the file after its set"
            )
        if category_set.embedding_version == embedding_version:
            found[category_set.name] = category_set
        else:
            log.warning(
                "built_in_category_set_left_out",
                name=category_set.name,
                made_with=category_set.embedding_version,
                served_with=embedding_version,
            )
    return found


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the rows scaled to length 1, as float64; a row of zeros stays one."""
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths > 0, lengths, 1.0), dtype=np.float64)


Label = Annotated[str, Field(min_length=1, max_length=MAX_LABEL_CHARACTERS)]


class _Form(BaseModel):
    """A set as it is written down; arrays as base64 of little-endian float32, row by row."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    voxpop_schema: Literal[1]
    name: Brand
    version: Annotated[int, Field(ge=0)]
    labels: Annotated[tuple[Label, ...], Field(min_length=2, max_length=MAX_LABELS)]
    counts: tuple[Annotated[int, Field(ge=1)], ...]
    embedding_version: Annotated[str, Field(min_length=1)]
    dimensions: Annotated[int, Field(ge=1, le=65_536)]
    coefficients: str
    intercepts: str
    macro_f1: Probability
    label_f1: tuple[Probability, ...]
    folds: Annotated[int, Field(ge=2)]
    created_at: AwareDatetime
    notes: Annotated[str, Field(max_length=MAX_NOTES_CHARACTERS)]

    @classmethod
    def of(cls, made: CategorySet) -> Self:
        written = {name: _written(getattr(made, name)) for name in _ARRAYS}
        return cls(**{**vars(made), **written, "voxpop_schema": SCHEMA, "dimensions": made.dimensions})

    def category_set(self) -> CategorySet:
        count = len(self.labels)
        if len(set(self.labels)) != count or not count == len(self.counts) == len(self.label_f1):
            raise UnreadableSetError("no category set: labels, counts and label_f1 do not belong together")
        read = {
            "coefficients": _read("coefficients", self.coefficients, (count, self.dimensions)),
            "intercepts": _read("intercepts", self.intercepts, (count,)),
        }
        return CategorySet(**self.model_dump(exclude={"voxpop_schema", "dimensions"}) | read)


def _written(numbers: NDArray[np.float32]) -> str:
    return b64encode(numbers.astype(_NUMBERS).tobytes()).decode()


def _read(name: str, written: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    try:
        numbers = np.frombuffer(b64decode(written, validate=True), dtype=_NUMBERS).reshape(shape)
    except (binascii.Error, ValueError):
        raise UnreadableSetError(f"no category set: {name} is not {shape} numbers in base64") from None
    if not np.isfinite(numbers).all():
        raise UnreadableSetError(f"no category set: {name} holds a number that is not finite")
    return numbers.astype(np.float32)
