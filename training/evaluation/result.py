"""One figure of one contestant with everything that stands behind it, and how it is written as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from training.evaluation.clustering import ClusterReport
from training.evaluation.languages import LanguageReport
from training.evaluation.spans import EntityReport
from training.measures import ClassReport

Report = ClassReport | EntityReport | ClusterReport | LanguageReport


@dataclass(frozen=True)
class Result:
    """`value` in [0, 1] is the figure that `measure` names; `note` says what it must be read with."""

    contestant: str
    benchmark: str
    head: str
    measure: str
    value: float
    report: Report
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """Return the result as JSON knows it."""
        return asdict(self)


@dataclass(frozen=True)
class Evaluation:
    """All results, and what else was checked of each model: figures by contestant and name."""

    results: Sequence[Result]
    checks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return everything as JSON knows it."""
        checks = {name: dict(figures) for name, figures in self.checks.items()}
        return {"results": [result.plain() for result in self.results], "checks": checks}

    def of(self, contestant: str) -> list[Result]:
        """Return one contestant's results."""
        return [result for result in self.results if result.contestant == contestant]

    def summary(self, contestant: str) -> dict[str, float | str]:
        """Return one contestant's figures, percent where the name says so, as `config.json` holds them."""
        figures: dict[str, float | str] = {"model": contestant}
        for result in self.of(contestant):
            figures |= _summary(result)
        return figures | {name: float(f"{value:.4g}") for name, value in self.checks.get(contestant, {}).items()}


def _summary(result: Result) -> dict[str, float | str]:
    report = result.report
    shares = {result.measure: result.value}
    if isinstance(report, ClassReport):
        shares = {
            "accuracy": report.accuracy,
            "macro recall": report.macro_recall,
            "macro F1": report.macro_f1,
        } | shares
        if report.calibration is not None:
            shares["calibration error"] = report.calibration.error
    texts = {} if isinstance(report, ClusterReport | LanguageReport) else {f"{result.benchmark}, texts": report.texts}
    return {**texts, **{f"{result.benchmark}, {name} (%)": round(100 * share, 2) for name, share in shares.items()}}
