"""Ids that stay with the same people from run to run. Pure."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Labels = NDArray[np.int64]


def align(
    labels: Labels, author_keys: Sequence[str], before: Mapping[str, int], used: Collection[int]
) -> dict[int, int]:
    """Return the id of each label.

    `before` maps the authors of the run before (or a fair sample of them) to their cluster's id. Labels and
    earlier ids are paired one to one so that as many authors as possible keep their id (the Hungarian
    assignment, Kuhn 1955). A label that shares nobody with its pair is a new cluster: it gets the smallest
    id that is neither in `used` nor in `before`, larger clusters first. With nothing before, the
    largest cluster is 0.
    """
    sizes = np.bincount(labels)
    earlier = sorted(set(before.values()))
    shared = np.zeros((len(sizes), len(earlier)), dtype=np.int64)
    place = {cluster: at for at, cluster in enumerate(earlier)}
    for label, key in zip(labels, author_keys, strict=True):
        if key in before:
            shared[label, place[before[key]]] += 1
    rows, columns = linear_sum_assignment(shared, maximize=True)
    ids = {int(row): earlier[column] for row, column in zip(rows, columns, strict=True) if shared[row, column]}
    taken = {*used, *earlier}
    free = (number for number in range(len(taken) + len(sizes)) if number not in taken)
    for label in np.argsort(-sizes, kind="stable"):
        if int(label) not in ids:
            ids[int(label)] = next(free)
    return ids
