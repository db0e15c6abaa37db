"""A basis as it was fitted on a training's authors: kept with the run, it places authors who come later. Pure."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.clusters.bases.author_row import AuthorRow, embeddings_of_rows, known_of_rows
from services.clusters.bases.basis import Basis, CannotTrainError, LeftOut
from services.clusters.bases.behaviour import BEHAVIOUR
from services.clusters.bases.figure_scale import FigureScale, fit_scale
from services.clusters.bases.interest_space import AuthorEmbeddings, InterestSpace
from services.clusters.bases.matrix import (
    FeatureMatrix,
    Floats,
    by_key,
    check_columns,
    known_values,
    transformed_values,
)

DEFAULT_WEIGHT = 0.5
FITTED_AUTHORS = 50_000
"""The space of interests is fitted on a seeded sample of so many authors; all are placed in it."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FittedBasis:
    """How a training's basis turns profiles into rows; what is fitted on its authors is not fitted again.

    `figures` is there where the basis compares behaviour, `interests` where it compares embeddings. Each block is
    multiplied by its factor: for `combined` both get the total variance 1 among the fitted authors, then
    the roots of 1 - weight and weight.
    """

    basis: Basis
    figures: FigureScale | None
    interests: InterestSpace | None
    figure_factor: float = 1.0
    interest_factor: float = 1.0

    @property
    def embedding_version(self) -> str | None:
        """Return the version of the embeddings that can be placed; None where none are compared."""
        return self.interests.version if self.interests is not None else None

    def placeable(self, table: pa.Table) -> Mask:
        """Tell of each author whether the basis knows enough to place them: of one without embedding it may not.

        Raises CannotTrainError where columns lack.
        """
        if self.interests is None:
            return np.ones(len(table), dtype=np.bool_)
        placeable: Mask = AuthorEmbeddings.of(table).versions == self.interests.version
        return placeable

    def rows(self, table: pa.Table) -> Floats:
        """Return (authors, dimensions), finite, in the table's order; nought for one who is not `placeable`.

        Raises CannotTrainError where columns lack.
        """
        figures = known_values(table) if self.figures is not None else None
        return self._joined(figures, AuthorEmbeddings.of(table) if self.interests is not None else None)

    def rows_of(self, told: Sequence[AuthorRow]) -> Floats:
        """Return what `rows` does of authors whom a caller tells by their features.

        Raises CannotTrainError where the basis compares embeddings and a row has none of the right length.
        """
        embeddings = None
        if self.interests is not None:
            table = embeddings_of_rows(told, self.interests.version, len(self.interests.centre))
            embeddings = AuthorEmbeddings.of(table)
        return self._joined(known_of_rows(told) if self.figures is not None else None, embeddings)

    def _joined(self, known: Floats | None, embeddings: AuthorEmbeddings | None) -> Floats:
        blocks = []
        if self.figures is not None and known is not None:
            blocks.append(self.figures.rows(transformed_values(known)) * self.figure_factor)
        if self.interests is not None and embeddings is not None:
            blocks.append(self.interests.rows(embeddings) * self.interest_factor)
        rows: Floats = np.hstack(blocks)
        return rows

    def to_bytes(self) -> bytes:
        """Return all of it as numpy's archive, without pickles."""
        arrays: dict[str, NDArray[Any]] = {
            "basis": np.array(self.basis.value),
            "factors": np.array([self.figure_factor, self.interest_factor]),
        }
        if self.figures is not None:
            names = [BEHAVIOUR[place].name for place in self.figures.kept]
            arrays["kept"] = np.array(names, dtype=np.str_)
            arrays["scale"] = np.stack([self.figures.medians, self.figures.means, self.figures.deviations])
        if self.interests is not None:
            arrays["version"] = np.array(self.interests.version)
            arrays["centres"] = np.stack([self.interests.centre, self.interests.middle])
            arrays["components"] = self.interests.components
        return packed(arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` gave; raises ValueError where it is anything else."""
        arrays = unpacked(content)
        try:
            figures = _figures(arrays) if "kept" in arrays else None
            interests = None
            if "version" in arrays:
                centre, middle = arrays["centres"]
                interests = InterestSpace(str(arrays["version"]), centre, middle, arrays["components"])
            factor, interest_factor = arrays["factors"].tolist()
            return cls(Basis(str(arrays["basis"])), figures, interests, factor, interest_factor)
        except (KeyError, TypeError) as error:
            raise ValueError("these bytes are no fitted basis") from error


def fit_basis(
    table: pa.Table, basis: Basis, weight: float = DEFAULT_WEIGHT, seed: int = 0
) -> tuple[FittedBasis, FeatureMatrix]:
    """Fit a basis on the authors of `table` (in any order) and return it with their matrix, ordered by key.

    `weight`, 0 to 1, is the share of the total variance that interests get in `combined`; other bases do without it.
    Authors who stand for unknown people take no part, nor those without an embedding of the version that most have,
    where embeddings are compared. Raises CannotTrainError where columns lack or no author has an embedding.
    """
    check_columns(table, ["author_key"])
    table, left_out, version = _taking_part(by_key(table), basis)
    known = known_values(table)
    transformed = transformed_values(known)
    figures = fit_scale(transformed)
    scale, space, factors, blocks = figures.scale, None, (1.0, 1.0), []
    if basis.reads_figures:
        blocks.append(scale.rows(transformed))
    if version is not None:
        embeddings = AuthorEmbeddings.of(table)
        space = InterestSpace.fitted_on(embeddings.vectors(_sample(len(table), seed)), version)
        blocks.append(space.rows(embeddings))
    if basis is Basis.COMBINED:
        factors = _factor(blocks[0], 1.0 - weight), _factor(blocks[1], weight)
        blocks = [block * factor for block, factor in zip(blocks, factors, strict=True)]
    matrix = FeatureMatrix(
        table=table,
        author_keys=table["author_key"].to_pylist(),
        features=tuple(BEHAVIOUR[place] for place in scale.kept),
        dropped=figures.dropped,
        filled=figures.filled,
        left_out=left_out,
        known=known[:, scale.kept],
        transformed=transformed[:, scale.kept],
        scaled=blocks[0] if len(blocks) == 1 else np.hstack(blocks),
    )
    return FittedBasis(basis, scale if basis.reads_figures else None, space, *factors), matrix


def packed(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Return named arrays as numpy's compressed archive."""
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()


def unpacked(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive; raises ValueError where the bytes are none. Pickles are refused."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return dict(archive)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError("these bytes are no archive of arrays") from error


def _taking_part(table: pa.Table, basis: Basis) -> tuple[pa.Table, LeftOut, str | None]:
    """Return the authors who take part, how many do not, and the version of their embeddings."""
    authors = len(table)
    if "is_unknown" in table.column_names:
        unnamed = pc.fill_null(table["is_unknown"], fill_value=False)
        table = table.filter(pc.invert(unnamed)) if pc.any(unnamed).as_py() else table
    unknown = authors - len(table)
    if not basis.reads_embeddings:
        return table, LeftOut(unknown_people=unknown), None
    embeddings = AuthorEmbeddings.of(table)
    version = embeddings.commonest_version()
    if version is None:
        raise CannotTrainError(
            f"none of the brand's {len(table)} authors has an embedding; ingest posts with a model that makes them, "
            "or train by behaviour"
        )
    alike = embeddings.versions == version
    left_out = LeftOut(unknown_people=unknown, without_embedding=int((~alike).sum()))
    return table.filter(pa.array(alike)), left_out, version


def _factor(block: Floats, share: float) -> float:
    """Return what scales a block to this total variance; a block without any stays as it is."""
    variance = float(block.var(axis=0).sum())
    return float(np.sqrt(share / variance)) if variance > 0 else 0.0


def _sample(authors: int, seed: int) -> NDArray[np.int64]:
    if authors <= FITTED_AUTHORS:
        return np.arange(authors)
    return np.sort(np.random.default_rng(seed).choice(authors, FITTED_AUTHORS, replace=False))


def _figures(arrays: dict[str, NDArray[Any]]) -> FigureScale:
    places = {feature.name: place for place, feature in enumerate(BEHAVIOUR)}
    kept = np.array([places[name] for name in arrays["kept"].tolist()], dtype=np.int64)
    medians, means, deviations = arrays["scale"]
    return FigureScale(kept, medians, means, deviations)
