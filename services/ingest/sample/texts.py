"""The texts of posts: a phrase of the author's kind and mood, in the author's own way of typing."""

import re
from datetime import datetime
from typing import Final

from services.ingest.sample.authors import Author
from services.ingest.sample.dice import Dice
from services.ingest.sample.facts import post_facts
from services.ingest.sample.grammar import Grammar, language_rules
from services.ingest.sample.moments import in_the_news
from services.ingest.sample.style import capitalised, mistyped, shouted, small, stretched, with_emoji, with_tags

LIMITS: Final = {"x": 280, "bluesky": 300, "mastodon": 500, "instagram": 2200}
"""The most characters that a post of each platform may have."""
VERIFIED_X_LIMIT: Final = 4000
_ATTEMPTS: Final = 200
_LIVELY: Final = 0.2
"""The emoji rate of a kind from which on its authors stretch words too."""
_ABROAD: Final = 0.06
_ABOUT_INCIDENT: Final = 0.5
_MENTION: Final = re.compile(r"[@#]aerolume\b")
_LATIN: Final = ("en", "es", "de", "fr", "pt", "it")


class Texts:
    """Writes the posts of every author and remembers them, so that none is written twice."""

    def __init__(self, dice: Dice) -> None:
        """Write as `dice` fall."""
        self._dice = dice
        self._grammars: dict[str, Grammar] = {}
        self._written: set[str] = set()

    def write(self, author: Author, moment: datetime) -> tuple[str, str]:
        """Return a new text by `author`, posted at `moment`, and the ISO 639-1 code of its language.

        Raises:
            RuntimeError: the phrases do not suffice for another text that is new and fits the platform.
        """
        language = "en" if author.language in _LATIN and self._dice.chance(_ABROAD) else author.language
        for _ in range(_ATTEMPTS):
            text = self._attempt(author, language, moment)
            if len(text) <= _limit(author) and text not in self._written:
                self._written.add(text)
                return text, language
        raise RuntimeError(f"no new text left for {author.kind.name!r} in {language!r}: add phrases")

    def _grammar(self, language: str) -> Grammar:
        if language not in self._grammars:
            self._grammars[language] = Grammar(language_rules(language), self._dice)
        return self._grammars[language]

    def _attempt(self, author: Author, language: str, moment: datetime) -> str:
        grammar, kind, dice = self._grammar(language), author.kind, self._dice
        possible = [(mood, weight) for mood, weight in kind.moods if grammar.has(f"{kind.name}.{mood}")]
        mood = dice.weighted(possible)
        rule = self._rule(author, mood, moment, grammar)
        facts = post_facts(kind, grammar, dice)
        text = _named_once(grammar.write(rule, facts), facts["brand"])
        if language in _LATIN:
            text = self._typed(capitalised(text), author, mood)
        return self._adorned(text, author, mood, grammar)

    def _rule(self, author: Author, mood: str, moment: datetime, grammar: Grammar) -> str:
        kind = author.kind
        incident, long = f"{kind.name}.incident", f"{kind.name}.long"
        if grammar.has(incident) and in_the_news(moment) and self._dice.chance(_ABOUT_INCIDENT):
            return incident
        usual = mood == kind.moods[0][0]
        if usual and grammar.has(long) and self._dice.chance(kind.long_share):
            return long
        return f"{kind.name}.{mood}"

    def _typed(self, text: str, author: Author, mood: str) -> str:
        dice = self._dice
        if mood != "neutral" and dice.chance(author.kind.shouting):
            return shouted(text)
        if author.kind.emoji > _LIVELY and dice.chance(0.15):
            text = stretched(text, dice)
        if dice.chance(author.typos):
            text = mistyped(text, dice)
        return small(text) if author.lowercase else text

    def _adorned(self, text: str, author: Author, mood: str, grammar: Grammar) -> str:
        dice = self._dice
        if dice.chance(author.emoji):
            text = with_emoji(text, grammar.write(f"emoji.{mood}"), dice.weighted(((1, 7), (2, 2), (3, 1))))
        tags = f"tag.{author.kind.name}"
        if grammar.has(tags) and dice.chance(author.kind.tags):
            chosen = [grammar.write(tags) for _ in range(dice.weighted(((1, 4), (2, 3), (3, 1))))]
            text = with_tags(text, list(dict.fromkeys(chosen)), author.platform)
        return text


def _limit(author: Author) -> int:
    return VERIFIED_X_LIMIT if author.platform == "x" and author.verified else LIMITS[author.platform]


def _named_once(text: str, brand: str) -> str:
    """Return `text` with its second and later mention of the brand by plain name, as people write."""
    if "aerolume" not in text.lower():
        return f"{text} {brand if brand.startswith(('@', '#')) else '@aerolume'}"
    head, mention, rest = text.partition(brand)
    return head + mention + _MENTION.sub("Aerolume", rest)
