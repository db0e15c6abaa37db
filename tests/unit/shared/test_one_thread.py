"""One thread for linear algebra, however computations overlap."""

from contextlib import ExitStack
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from shared.one_thread import one_thread

ROWS = np.random.default_rng(0).normal(size=(40, 3))


def threads(api: str) -> list[Any]:
    """Return the threads that the libraries of an API would use."""
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == api]


def test_overlapping_computations_give_back_what_was_there() -> None:
    """The limit holds until the last one is out, whichever that is, and then it is gone."""
    LogisticRegression().fit(ROWS, ROWS[:, 0] > 0)
    with threadpool_limits(limits=2, user_api="blas"):
        assert 2 in threads("blas")
        with ExitStack() as first, ExitStack() as second:
            first.enter_context(one_thread())
            second.enter_context(one_thread())
            first.close()
            assert set(threads("blas")) == {1}
            second.close()
            assert set(threads("blas")) == {2}


def test_every_library_computes_on_one_thread_inside() -> None:
    """BLAS and OpenMP are both limited, as one that is nested, and both come back."""
    LogisticRegression().fit(ROWS, ROWS[:, 0] > 0)
    with ThreadpoolController().limit(limits=2):
        with one_thread(), one_thread():
            assert {*threads("blas"), *threads("openmp")} == {1}
        assert {*threads("blas"), *threads("openmp")} == {2}
