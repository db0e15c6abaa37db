"""Texts from rules of phrases: `{name}` stands for a rule or a given fact, `[a|b]` for one of its alternatives.

A phrase file holds sections that begin with `== name`; each further line is one alternative of that rule.
A rule's alternatives are dealt out like cards, so that all come up before any comes up twice.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from services.ingest.sample.dice import Dice

PHRASES: Final = Path(__file__).with_name("phrases")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
_HEADING = "== "

Rules = Mapping[str, tuple[str, ...]]


def parse(lines: Iterable[str]) -> Rules:
    """Return the rules in `lines`, a phrase file.

    Raises:
        ValueError: a phrase stands before the first heading, or a rule has no phrase or appears twice.
    """
    rules: dict[str, list[str]] = {}
    name: str | None = None
    for line in (line.strip() for line in lines):
        if line.startswith(_HEADING):
            name = line.removeprefix(_HEADING)
            if name in rules:
                raise ValueError(f"rule {name!r} appears twice: put its phrases under one heading")
            rules[name] = []
        elif line:
            if name is None:
                raise ValueError(f"phrase {line!r} stands before the first '== name' heading")
            rules[name].append(line)
    for rule, phrases in rules.items():
        if not phrases:
            raise ValueError(f"rule {rule!r} has no phrase: write one or remove the heading")
    return {rule: tuple(phrases) for rule, phrases in rules.items()}


@cache
def language_rules(language: str) -> Rules:
    """Return the rules of `language`: the file of that code, and those that split it further by kind of author."""
    paths = [PHRASES / f"{language}.txt", *sorted(PHRASES.glob(f"{language}_*.txt"))]
    return parse(line for path in paths for line in path.read_text(encoding="utf-8").splitlines())


class Grammar:
    """One language's rules and what has been dealt of each so far."""

    def __init__(self, rules: Rules, dice: Dice) -> None:
        """Deal from `rules` as `dice` fall."""
        self._rules = rules
        self._dice = dice
        self._left: dict[str, list[int]] = {}

    def has(self, rule: str) -> bool:
        """Return whether there is a rule of that name."""
        return rule in self._rules

    def write(self, rule: str, facts: Mapping[str, str] | None = None) -> str:
        """Return a text made by `rule`, with `facts` before rules wherever both bear a name.

        Raises:
            KeyError: a phrase asks for a name that is neither a fact nor a rule.
        """
        text = self._deal(rule)
        while choice := _CHOICE.search(text):
            text = text[: choice.start()] + self._dice.pick(choice[1].split("|")) + text[choice.end() :]
        known = facts or {}
        return _SLOT.sub(lambda slot: known[slot[1]] if slot[1] in known else self.write(slot[1], known), text)

    def _deal(self, rule: str) -> str:
        phrases = self._rules[rule]
        if not self._left.get(rule):
            self._left[rule] = self._dice.shuffled(len(phrases))
        return phrases[self._left[rule].pop()]
