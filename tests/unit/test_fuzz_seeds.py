"""The seeds of fuzzing, read by every run of the tests: what failed once is among them."""

import pytest

from tests.fuzz.targets import SEEDS, TARGETS, seeds_of


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_holds(name: str) -> None:
    """Whatever a seed holds, its parser says what it is or what is wrong with it, in one sentence."""
    seeds = list(seeds_of(name))
    assert seeds
    for seed in seeds:
        TARGETS[name](seed.read_bytes())


def test_no_seed_is_of_a_target_that_is_not_there() -> None:
    """A folder of seeds has a target's name."""
    assert {folder.name for folder in SEEDS.iterdir()} == set(TARGETS)
