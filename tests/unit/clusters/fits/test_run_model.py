"""What places authors in the clusters of a run."""

import numpy as np
import pytest

from services.clusters.bases.basis import Basis
from services.clusters.bases.fitted import fit_basis
from services.clusters.fits.run_model import UNPLACED, RunModel
from tests.unit.clusters.interests import VERSION, kinds, writers

PEOPLE = writers(80, {7: None})
IDS = {0: 4, 1: 9, 2: 0, 3: 17}


def model_of(basis: Basis) -> RunModel:
    """Return a model whose clusters are what authors write about."""
    fitted, matrix = fit_basis(PEOPLE, basis)
    numbers = [int(key, 16) for key in matrix.author_keys]
    return RunModel.of(fitted, matrix.scaled, np.array([IDS[kinds(80)[number]] for number in numbers]))


def test_unseen_authors_come_to_those_who_write_about_the_same() -> None:
    """Authors of the same four directions who were not trained on get the ids of theirs, near enough to belong."""
    model = RunModel.from_bytes(model_of(Basis.INTERESTS).to_bytes())
    later = writers(400).slice(80)
    clusters, distances = model.assign(later)
    assert clusters.tolist() == [IDS[kind] for kind in kinds(400)[80:]]
    spread = dict(zip(model.cluster_ids.tolist(), model.spread.tolist(), strict=True))
    assert np.mean(distances / np.array([spread[cluster] for cluster in clusters.tolist()])) < 1.5


@pytest.mark.parametrize("basis", list(Basis))
def test_a_model_is_the_same_after_a_way_through_bytes(basis: Basis) -> None:
    """Clusters and distances of the training's authors are equal to the last bit."""
    model = model_of(basis)
    again = RunModel.from_bytes(model.to_bytes())
    for one, other in zip(model.assign(PEOPLE), again.assign(PEOPLE), strict=True):
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    assert again.embedding_version == (None if basis is Basis.BEHAVIOUR else VERSION)


def test_an_author_without_embedding_is_in_no_cluster_of_interests() -> None:
    """The cluster is `UNPLACED`, the distance no number; by behaviour the author has a cluster like the rest."""
    clusters, distances = model_of(Basis.INTERESTS).assign(PEOPLE)
    assert np.flatnonzero(clusters == UNPLACED).tolist() == np.flatnonzero(np.isnan(distances)).tolist() == [7]
    assert UNPLACED not in model_of(Basis.BEHAVIOUR).assign(PEOPLE)[0]


def test_centroids_and_spread_are_those_of_the_members() -> None:
    """A centroid is the mean of its members, the spread their mean distance to it."""
    fitted, matrix = fit_basis(PEOPLE, Basis.INTERESTS)
    ids = np.arange(len(matrix.scaled)) % 2
    model = RunModel.of(fitted, matrix.scaled, ids)
    members = matrix.scaled[ids == 1]
    assert np.allclose(model.centroids[1], members.mean(axis=0))
    assert model.spread[1] == pytest.approx(np.linalg.norm(members - members.mean(axis=0), axis=1).mean())


def test_nobody_to_place_is_no_error() -> None:
    """A table without rows gives no clusters."""
    clusters, distances = model_of(Basis.COMBINED).assign(PEOPLE.slice(0, 0))
    assert (len(clusters), len(distances)) == (0, 0)


def test_other_bytes_are_no_model() -> None:
    """A fitted basis is not taken for a model."""
    with pytest.raises(ValueError, match="no model of a run"):
        RunModel.from_bytes(model_of(Basis.INTERESTS).fitted.to_bytes())
