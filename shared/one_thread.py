"""One thread for linear algebra: the only module that knows threadpoolctl.

Sums in another order differ in the last bit, so what must come out the same computes on one thread. BLAS keeps
its number of threads for the whole process: of computations that overlap, the last one out gives it back, for
each that restored what it found would undo another's limit, or keep it for ever. OpenMP keeps a number for each
thread, which every computation sets and gives back on its own.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


class OneThread:
    """The limits of this process; safe to use from several threads, also one inside another."""

    def __init__(self) -> None:
        """Begin without limits."""
        self._here = threading.local()
        self._lock = threading.Lock()
        self._inside = 0
        self._blas: Any = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Compute on one thread inside; inside another of the same thread this costs nothing.

        Import the libraries that compute before: those that are loaded inside are not limited.
        """
        depth = getattr(self._here, "depth", 0)
        if not depth:
            controller = ThreadpoolController()
            self._here.openmp = controller.select(user_api="openmp").limit(limits=1)
            self._enter(controller.select(user_api="blas"))
        self._here.depth = depth + 1
        try:
            yield
        finally:
            self._here.depth -= 1
            if not self._here.depth:
                self._here.openmp.restore_original_limits()
                self._leave()

    def _enter(self, blas: Any) -> None:
        with self._lock:
            if not self._inside:
                self._blas = blas.limit(limits=1)
            self._inside += 1

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._blas.restore_original_limits()
                self._blas = None


one_thread = OneThread()
"""The one that all callers use: two of them would not know of each other."""
