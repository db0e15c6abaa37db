"""One author's figures as a caller tells them, by the names of features, and the table that such rows make. Pure."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import numpy as np
import pyarrow as pa
from pydantic import Field, create_model

from services.clusters.bases.basis import CannotTrainError
from services.clusters.bases.behaviour import BEHAVIOUR
from services.clusters.bases.matrix import LARGEST, Floats
from shared.strict_body import StrictBody

MOST_NUMBERS: Final = 4096
"""Of an embedding."""
_Embedding = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1, max_length=MOST_NUMBERS, fail_fast=True)
]
_Fields = dict[str, Any]


def _figure(*, is_share: bool) -> Any:
    bounds = Field(default=None, ge=0, le=1 if is_share else LARGEST, allow_inf_nan=False)
    return (float | None, bounds)


_FIGURES: Final[_Fields] = {feature.name: _figure(is_share=feature.share) for feature in BEHAVIOUR}


class _AnyRow(StrictBody):
    embedding: _Embedding | None = None


AuthorRow: Final[type[_AnyRow]] = create_model(
    "AuthorRow",
    __base__=_AnyRow,
    __doc__="Figures by the names of a card's centroid; what is not known is left out. `embedding` is the mean one.",
    **_FIGURES,
)


def known_of_rows(rows: Sequence[_AnyRow]) -> Floats:
    """Return the features in their own units, (rows, features of `BEHAVIOUR`), NaN where a row does not tell one."""
    told = [[getattr(row, feature.name) for feature in BEHAVIOUR] for row in rows]
    return np.array(told, dtype=np.float64)


def embeddings_of_rows(rows: Sequence[_AnyRow], version: str, numbers: int) -> pa.Table:
    """Return a table with the embeddings of rows, as profiles tells them.

    Raises CannotTrainError where a row has none, or one of another length than `numbers`.
    """
    for place, row in enumerate(rows):
        if row.embedding is None or len(row.embedding) != numbers:
            raise CannotTrainError(f"row {place} needs an embedding of {numbers} numbers, of the model {version}")
    flat = pa.array([number for row in rows for number in row.embedding or ()], pa.float32())
    columns = {
        "embedding": pa.FixedSizeListArray.from_arrays(flat, numbers),
        "embedding_version": pa.array([version] * len(rows)),
    }
    return pa.table(columns)
