"""How many CPUs may be used."""

import os
from pathlib import Path

import pytest

from services.sentiment.cpus import usable_cpus


@pytest.fixture(autouse=True)
def _eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.parametrize(
    ("quota", "cpus"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("1600000 100000", 8)],
)
def test_a_quota_of_the_control_group_counts(tmp_path: Path, quota: str, cpus: int) -> None:
    """A quota is rounded up to whole CPUs, never below 1 nor above the affinity."""
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert usable_cpus(tmp_path) == cpus


@pytest.mark.parametrize(("quota", "cpus"), [("-1", 8), ("300000", 3)])
def test_version_one_of_control_groups_counts_too(tmp_path: Path, quota: str, cpus: int) -> None:
    """The older files say the same."""
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert usable_cpus(tmp_path) == cpus


@pytest.mark.parametrize("content", [None, "", "nonsense here", "100 0"])
def test_files_that_say_nothing_leave_the_affinity(tmp_path: Path, content: str | None) -> None:
    """Where no quota can be read the affinity alone counts."""
    if content is not None:
        (tmp_path / "cpu.max").write_text(content)
    assert usable_cpus(tmp_path) == 8
