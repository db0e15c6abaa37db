"""What a retrain computes, beside one fit of scikit-learn's KMeans and the naive elbow: `python -m bench.clusters`.

On made-up profiles of 24 numbers, 10 thousand, 100 thousand and a million of them by default (`--authors N ...`), all
on one thread, in slices that alternate: CPU seconds, inertia, peak memory. FAISS takes part where it is installed.
"""

import argparse
import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans, MiniBatchKMeans

from bench.cluster_training import train_slices
from services.clusters.fits.kmeans import TrainingBudget, inertia_of, nearest
from services.clusters.fits.search import ChosenFit, search
from services.clusters.fits.stability import clusterwise
from shared.one_thread import one_thread

Rows = NDArray[np.float32]

SIZES: Final = (10_000, 100_000, 1_000_000)
DIMENSIONS: Final = 24
KINDS: Final = 7
KS: Final = range(2, 13)
SLICES: Final = 3
SEED: Final = 7


def main() -> None:
    """Print a table for each number of authors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--authors", type=int, nargs="+", default=SIZES)
    parser.add_argument("--slices", type=int, default=SLICES)
    parser.add_argument("--peak", type=int, help="print the peak memory of one search, by the matrix, and end")
    asked = parser.parse_args()
    if asked.peak:
        print(_peak(asked.peak))
        return
    _retrained(profiles(2_000))  # warm, as a worker is
    for authors in asked.authors:
        _compare(authors, asked.slices)
        train_slices(authors, asked.slices)


def profiles(authors: int) -> Rows:
    """Return scaled profiles of seven kinds of people, unequal in number and spread, of whom many lie between."""
    random = np.random.default_rng(SEED)
    centres = random.normal(size=(KINDS, DIMENSIONS)) * 1.5
    kinds = random.choice(KINDS, authors, p=np.arange(1, KINDS + 1) / np.arange(1, KINDS + 1).sum())
    spread = np.linspace(0.7, 1.3, KINDS)[kinds, None]
    rows = centres[kinds] + spread * random.normal(size=(authors, DIMENSIONS))
    scaled: Rows = ((rows - rows.mean(axis=0)) / rows.std(axis=0)).astype(np.float32)
    return scaled


def _retrained(rows: Rows) -> ChosenFit:
    """Do what a run does from the matrix to the stability of each cluster, with the service's own budget."""
    budget = TrainingBudget()
    found = search(rows, "auto", SEED, budget, lambda _: None)
    clusterwise(rows, found.fit, SEED, budget)
    return found


def _compare(authors: int, slices: int) -> None:
    rows = profiles(authors)
    found = _retrained(rows)
    k = found.choice.k
    ways: dict[str, Callable[[], float]] = {
        "retrain: k from 2 to 12, all scores": lambda: _retrained(rows).fit.inertia,
        f"scikit-learn, KMeans, k = {k}": lambda: float(KMeans(k, random_state=SEED).fit(rows).inertia_),
        f"scikit-learn, MiniBatchKMeans, k = {k}": lambda: _minibatch(rows, k),
        "naive elbow: KMeans of each k": lambda: _naive(rows, k),
    }
    faiss = _faiss()
    if faiss is not None:
        ways[f"FAISS, Kmeans, k = {k}"] = lambda: _by_faiss(faiss, rows, k)
    taken: dict[str, list[float]] = {way: [] for way in ways}
    inertia: dict[str, float] = {}
    with one_thread():
        for number in range(slices):
            for way, work in ways.items():
                if number and way.startswith("naive") and authors >= SIZES[-1]:
                    continue
                started = time.process_time()
                inertia[way] = work()
                taken[way].append(time.process_time() - started)
    peak = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, "-m", "bench.clusters", "--peak", str(authors)], check=True, capture_output=True, text=True
    )
    medians = {way: statistics.median(seconds) for way, seconds in taken.items()}
    retrain, one, _, naive, *_ = medians.values()
    best = inertia["naive elbow: KMeans of each k"]
    print(f"\n{authors:,} x {DIMENSIONS} float32, one thread: {found.choice.reason}")
    for way, seconds in medians.items():
        print(f"  {way:42} {seconds:8.2f} CPU s   inertia {100 * (inertia[way] / best - 1):+.2f} % of the naive")
    print(
        f"  the retrain is {retrain / one:.2f} of one fit, the naive elbow {naive / retrain:.2f} of the retrain;",
        end=" ",
    )
    print(f"peak memory {float(peak.stdout):.2f} of the matrix, itself included")


def _minibatch(rows: Rows, k: int) -> float:
    centres = MiniBatchKMeans(k, random_state=SEED, batch_size=4_096, n_init=3).fit(rows).cluster_centers_
    return inertia_of(rows, centres, nearest(rows, centres))


def _naive(rows: Rows, k: int) -> float:
    return {each: float(KMeans(each, random_state=SEED).fit(rows).inertia_) for each in KS}[k]


def _faiss() -> Any:
    try:
        faiss = importlib.import_module("faiss")
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    return faiss


def _by_faiss(faiss: Any, rows: Rows, k: int) -> float:
    """Fit as FAISS does by default: 25 iterations on at most 256 rows a centre, from rows drawn at random."""
    model = faiss.Kmeans(rows.shape[1], k, seed=SEED)
    model.train(rows)
    return inertia_of(rows, model.centroids, nearest(rows, model.centroids))


def _peak(authors: int) -> float:
    """Return the most memory that a retrain held, the matrix included, by the matrix."""
    _retrained(profiles(2_000))
    rows = profiles(authors)
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before = _status("VmRSS")
    _retrained(rows)
    return (_status("VmHWM") - before + rows.nbytes) / rows.nbytes


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
