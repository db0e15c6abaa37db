"""How surely something is more frequent in one set of posts than in another.

The score is the log-likelihood ratio G2 of the two-by-two table of posts with and without it, in the window and in
the baseline (Dunning: Accurate Methods for the Statistics of Surprise and Coincidence, Computational Linguistics
19(1), 1993), with the sign of the difference of the two shares. It counts posts, not repetitions, and compares
shares of posts, so a busier day alone makes nothing trend. It is finite without any smoothing where the baseline
never had the term, has no parameter to choose, and is compared with chi-square of one degree of freedom even where
counts are of a handful of posts, which is where Pearson's chi-square and z-scores overrate rare terms.

Beside it:
- Log-odds with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008) ranks alike where counts are large, but
  what a term of five posts scores there is decided by the weight given to the prior.
- Kleinberg's bursts (2002) find when a burst began, in a stream of one term; here the window is given, and his two
  parameters (how much faster, how dear a change of state) would have to be chosen for each brand.
"""

import math
from typing import Final

SURE: Final = 10.83
"""The score that chance passes in one of a thousand terms (chi-square, one degree of freedom, p = 0.001)."""


def burst(posts: int, of: int, baseline_posts: int, baseline_of: int) -> float:
    """Return the signed G2 of a term: above zero where it is more frequent in the window than in the baseline.

    `posts` of the window's `of` posts have the term, and `baseline_posts` of the baseline's `baseline_of`; each is
    from zero up to the number it is part of. Zero where either set is empty or the shares are the same.
    """
    # Whole numbers decide the sign: equal shares are exactly equal, and an empty set makes this zero.
    direction = posts * baseline_of - baseline_posts * of
    if not direction:
        return 0.0
    both, everything = posts + baseline_posts, of + baseline_of
    cells = (
        (posts, of, both),
        (of - posts, of, everything - both),
        (baseline_posts, baseline_of, both),
        (baseline_of - baseline_posts, baseline_of, everything - both),
    )
    terms = (seen * math.log(seen * everything / (row * column)) for seen, row, column in cells if seen)
    return math.copysign(max(0.0, 2 * math.fsum(terms)), direction)
