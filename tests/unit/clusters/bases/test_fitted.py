"""A basis that was fitted once, and what it says of authors who come later."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clusters.bases.basis import Basis, CannotTrainError
from services.clusters.bases.fitted import FittedBasis, fit_basis
from tests.unit.clusters.authors import author, key, table_of, travellers
from tests.unit.clusters.interests import NUMBERS, VERSION, with_embeddings, writers

EVERY_BASIS = pytest.mark.parametrize("basis", list(Basis))
PEOPLE = writers(60)


def dimensions_of(basis: Basis, weight: float) -> tuple[float, float]:
    """Return the total variance of the columns of behaviour and of those of interests."""
    fitted, matrix = fit_basis(PEOPLE, basis, weight)
    assert fitted.figures is not None
    variances = matrix.scaled.var(axis=0)
    cut = len(fitted.figures.kept)
    return float(variances[:cut].sum()), float(variances[cut:].sum())


@EVERY_BASIS
def test_the_fitted_basis_gives_the_training_s_own_rows_again(basis: Basis) -> None:
    """Rows of the same authors, in any order, are those that were clustered, also after a way through bytes."""
    fitted, matrix = fit_basis(PEOPLE, basis)
    again = FittedBasis.from_bytes(fitted.to_bytes())
    backwards = matrix.table.take(list(range(len(matrix.table)))[::-1])
    assert (again.rows(matrix.table) == matrix.scaled).all()
    assert np.allclose(again.rows(backwards)[::-1], matrix.scaled, atol=1e-12)
    assert again.embedding_version == fitted.embedding_version


@EVERY_BASIS
def test_one_unseen_author_is_placed_by_what_the_training_s_authors_had(basis: Basis) -> None:
    """A row alone lies where it lay among all: nothing is fitted again on the row."""
    fitted, matrix = fit_basis(PEOPLE, basis)
    for place in (0, 31):
        alone = fitted.rows(matrix.table.slice(place, 1))
        assert np.allclose(alone[0], matrix.scaled[place], atol=1e-12)


@EVERY_BASIS
def test_the_order_of_rows_and_pages_changes_nothing(basis: Basis) -> None:
    """The matrix and the fitted basis are the same to the last bit."""
    backwards = PEOPLE.take(list(range(len(PEOPLE)))[::-1])
    pages = pa.concat_tables([backwards.slice(first, 7) for first in range(0, len(PEOPLE), 7)])
    one, other = fit_basis(PEOPLE, basis), fit_basis(pages, basis)
    assert one[1].author_keys == other[1].author_keys
    assert (one[1].scaled == other[1].scaled).all()


def test_authors_who_stand_for_unknown_people_are_left_out_and_counted() -> None:
    """They are in no row, whatever the basis, and the count says how many there were."""
    unknown = pa.array([number % 10 == 0 for number in range(len(PEOPLE))])
    table = PEOPLE.append_column("is_unknown", unknown)
    for basis in Basis:
        _, matrix = fit_basis(table, basis)
        assert matrix.left_out.unknown_people == 6
        assert len(matrix.author_keys) == len(matrix.scaled) == 54
        assert key(10) not in matrix.author_keys


def test_embeddings_of_one_version_alone_are_compared() -> None:
    """Authors without one, or with one of a rarer version, are left out, counted and not placeable later."""
    table = writers(60, {3: None, 4: None, 5: "older"})
    fitted, matrix = fit_basis(table, Basis.INTERESTS)
    assert matrix.left_out.without_embedding == 3
    assert fitted.embedding_version == VERSION
    assert np.flatnonzero(~fitted.placeable(table)).tolist() == [3, 4, 5]
    assert not fitted.rows(table)[3:6].any()
    assert len(fit_basis(table, Basis.BEHAVIOUR)[1].author_keys) == 60


def test_embeddings_without_length_or_with_what_is_no_number_count_as_none() -> None:
    """A zero vector points nowhere, and a NaN must reach no sum."""
    vectors: list[Any] = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [float("nan"), 1.0], [float("inf"), 0.0], None]
    table = with_embeddings(table_of(travellers(6)), vectors, [VERSION] * 6)
    fitted, matrix = fit_basis(table, Basis.INTERESTS)
    assert matrix.left_out.without_embedding == 4
    assert np.isfinite(fitted.rows(table)).all()


def test_no_embedding_at_all_is_a_sentence() -> None:
    """Interests cannot be compared where there are none, and the sentence says what to do."""
    nothing = pa.nulls(12, pa.list_(pa.float32(), 0))
    unversioned = table_of(travellers(12)).append_column("embedding_version", pa.nulls(12, pa.string()))
    for table in (writers(12, dict.fromkeys(range(12))), unversioned.append_column("embedding", nothing)):
        for basis in (Basis.INTERESTS, Basis.COMBINED):
            with pytest.raises(CannotTrainError, match="none of the brand's 12 authors has an embedding"):
                fit_basis(table, basis)


def test_lacking_columns_are_named() -> None:
    """Profiles that give no embeddings, or nothing at all, are told apart from brands that have none."""
    with pytest.raises(CannotTrainError, match="lack the columns embedding, embedding_version"):
        fit_basis(table_of(travellers(12)), Basis.INTERESTS)
    with pytest.raises(CannotTrainError, match="lack the columns author_key"):
        fit_basis(pa.table({"posts": [1]}), Basis.BEHAVIOUR)
    with pytest.raises(CannotTrainError, match="lack the columns hours"):
        fit_basis(PEOPLE, Basis.COMBINED)[0].rows(PEOPLE.drop_columns(["hours"]))


def test_features_with_unknown_values_are_named_with_their_authors() -> None:
    """A feature that is known of some authors alone is used, and the run says of how many it is unknown."""
    people = [author(number, posts=number + 1, followers=number if number > 4 else None) for number in range(30)]
    _, matrix = fit_basis(table_of(people), Basis.BEHAVIOUR)
    assert {one.feature: one.authors for one in matrix.filled} == {"followers": 5}


@pytest.mark.parametrize("weight", [0.0, 0.25, 0.5, 1.0])
def test_weight_is_the_share_of_the_variance_that_interests_have(weight: float) -> None:
    """Both blocks together have the total variance 1, divided by the weight."""
    behaviour, interests = dimensions_of(Basis.COMBINED, weight)
    assert behaviour == pytest.approx(1 - weight)
    assert interests == pytest.approx(weight)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(-1e3, 1e3, width=32), min_size=NUMBERS, max_size=NUMBERS), min_size=2, max_size=9))
def test_rows_of_interests_are_finite_and_within_a_sphere(vectors: list[list[float]]) -> None:
    """Whatever the embeddings, each author lies within the distance 2 of the middle: directions have length 1."""
    table = with_embeddings(table_of(travellers(len(vectors))), vectors, [VERSION] * len(vectors))
    try:
        fitted, matrix = fit_basis(table, Basis.INTERESTS)
    except CannotTrainError:
        assert np.abs(vectors).max() < 1e-8
        return
    assert np.isfinite(fitted.rows(table)).all()
    assert (np.linalg.norm(matrix.scaled, axis=1) <= 2 + 1e-9).all()


def test_how_much_an_author_wrote_moves_them_nowhere() -> None:
    """The mean of many different posts is short and that of few is long: directions alone count."""
    vectors = np.array(PEOPLE["embedding"].to_pylist())
    longer = vectors * np.linspace(0.2, 3.0, len(vectors))[:, None]
    table = with_embeddings(
        PEOPLE.drop_columns(["embedding", "embedding_version"]), list(longer), [VERSION] * len(vectors)
    )
    _, one = fit_basis(PEOPLE, Basis.INTERESTS)
    _, other = fit_basis(table, Basis.INTERESTS)
    assert np.allclose(one.scaled, other.scaled, atol=1e-5)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00" * 40])
def test_other_bytes_are_no_fitted_basis(content: bytes) -> None:
    """What was damaged is a ValueError, not an object that is half there."""
    with pytest.raises(ValueError, match="no archive"):
        FittedBasis.from_bytes(content)
