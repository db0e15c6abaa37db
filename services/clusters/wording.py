"""How a cluster reads in plain words. Pure."""

from collections.abc import Sequence

from services.clusters.behaviour import Feature

FAR, SOME = 1.0, 0.5
MOST_WORDS = 3


def degree(z: float) -> str:
    """Return how far |z| standard deviations are, ready to stand before a comparative."""
    return "far " if abs(z) >= FAR else "" if abs(z) >= SOME else "somewhat "


def sentence(feature: Feature, z: float, cluster_mean: float, overall_mean: float) -> str:
    """Return such as `posts far more often than others (12.3 against 2.1)`."""
    words = (feature.more if z > 0 else feature.less).format(degree(z))
    return f"{words} than others ({figure(feature, cluster_mean)} against {figure(feature, overall_mean)})"


def figure(feature: Feature, value: float) -> str:
    """Return a mean with its unit, in about three digits."""
    if feature.share:
        return f"{100 * value:.0f} %" if round(100 * value) or value == 0 else f"{100 * value:.1g} %"
    if value >= 100:  # noqa: PLR2004 - three digits are there already
        return f"{value:,.0f}{feature.unit}"
    return f"{value:.3g}{feature.unit}"


def names(distinctive: Sequence[Sequence[tuple[Feature, float]]]) -> list[str]:
    """Return a name for each cluster from its distinctive features with their z, strongest first.

    A name takes at most three words, one from each aspect, such as `Frequent, negative, few followers`.
    Where two clusters would be called the same, the later takes further words, and where it has none left,
    a number: names are unique within a run.
    """
    taken: set[str] = set()
    given = []
    for features in distinctive:
        name = _name(features, taken)
        taken.add(name)
        given.append(name)
    return given


def _name(features: Sequence[tuple[Feature, float]], taken: set[str]) -> str:
    words = _words(features)
    first = words[:MOST_WORDS] or ["typical"]
    longer = [_joined(words[:count]) for count in range(MOST_WORDS + 1, len(words) + 1)]
    numbered = (f"{_joined(first)} ({number})" for number in range(2, len(taken) + 3))
    return next(name for name in (_joined(first), *longer, *numbered) if name not in taken)


def _words(features: Sequence[tuple[Feature, float]]) -> list[str]:
    aspects, words = set(), []
    for feature, z in features:
        if feature.aspect not in aspects:
            aspects.add(feature.aspect)
            words.append(feature.high if z > 0 else feature.low)
    return words


def _joined(words: Sequence[str]) -> str:
    name = ", ".join(words)
    return name[0].upper() + name[1:]
