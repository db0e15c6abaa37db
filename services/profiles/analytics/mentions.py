"""What posts mention: words, hashtags and named entities, each counted once a post, and which may not be shown."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from services.profiles.analytics.persons import Persons
from services.profiles.folding import MILLION
from services.profiles.profile import mean_of_millionths
from shared.analysis import Entity, EntityType
from shared.analyzed_post import AnalyzedPost
from shared.words import folded, folded_name, hashtags_in, shown_name, words_in

Kind = Literal["term", "hashtag", "entity"]
KINDS: Final[frozenset[Kind]] = frozenset(get_args(Kind))
AUTHORS_OF_A_PERSON: Final = 5
"""A person's name that fewer authors wrote is never shown."""
AUTHORS_OF_AN_ENTITY: Final = 2
LONGEST_NAME: Final = 100


class TermKey(NamedTuple):
    """What can be mentioned, as it is compared; `type` is that of an entity, else None."""

    kind: Kind
    text: str
    type: EntityType | None = None


Occurrences = dict[TermKey, list[int]]
"""The posts that mention each term, by their position in the sequence of posts that was looked through, ascending."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A term and the posts that mention it; `score_sum` is in millionths."""

    term: TermKey
    posts: int
    authors: int
    scored_posts: int
    score_sum: int

    @property
    def mean_score(self) -> float | None:
        """Return the mean score of the posts that have one, in [0, 1]; None without any."""
        return mean_of_millionths(self.score_sum, self.scored_posts)


def occurrences_of(posts: Sequence[AnalyzedPost], kinds: frozenset[Kind]) -> Occurrences:
    """Return which posts mention what; a post mentions a term once, however often it has it."""
    found: Occurrences = {}
    for position, post in enumerate(posts):
        for term in terms_of(post, kinds):
            found.setdefault(term, []).append(position)
    return found


def terms_of(post: AnalyzedPost, kinds: frozenset[Kind]) -> set[TermKey]:
    """Return what one post mentions; a post whose text is gone has no words and no hashtags."""
    found: set[TermKey] = set()
    if post.text and not kinds.isdisjoint(("term", "hashtag")):
        text = folded(post.text)
        if "term" in kinds:
            found.update(TermKey("term", word) for word in words_in(text))
        if "hashtag" in kinds:
            found.update(TermKey("hashtag", hashtag) for hashtag in hashtags_in(text))
    if "entity" in kinds:
        for entity in post.analysis.entities or ():
            term = _entity(entity)
            if 0 < len(term.text) <= LONGEST_NAME:
                found.add(term)
    return found


def mention_of(posts: Sequence[AnalyzedPost], term: TermKey, positions: Sequence[int]) -> Mention:
    """Return what is known of a term from the posts that mention it."""
    found = [posts[position] for position in positions]
    scores = [score for score in map(_score, found) if score is not None]
    return Mention(
        term=term,
        posts=len(found),
        authors=len({post.author_key for post in found}),
        scored_posts=len(scores),
        score_sum=sum(scores),
    )


def may_be_shown(mention: Mention, persons: Persons) -> bool:
    """Tell whether enough authors wrote a term: five where it would show a person, two of any entity, else one.

    `persons` says what would: a name that was once read as a person's, whatever else it was read as, its other forms
    and its parts. What one author alone named is no answer to what posts are about, but would quote that author; and
    a person whom the tagger never read as one is most often named by one author alone.
    """
    if mention.authors >= AUTHORS_OF_A_PERSON:
        return True
    term = mention.term
    if term.kind == "entity" and mention.authors < AUTHORS_OF_AN_ENTITY:
        return False
    return term.type != "person" and not persons.named_in(term.text)


def with_names(posts: Iterable[AnalyzedPost], mentions: Sequence[Mention]) -> list[tuple[str, Mention]]:
    """Return how each term is shown, beside it: an entity as the posts write it most often, all else as compared.

    Each entity of the posts is folded once, however many terms there are.
    """
    names = {mention.term: mention.term.text for mention in mentions}
    written: dict[TermKey, Counter[str]] = {term: Counter() for term in names if term.kind == "entity"}
    if written:
        for post in posts:
            for entity in post.analysis.entities or ():
                if (term := _entity(entity)) in written:
                    written[term][shown_name(entity.text)] += 1
    for term, forms in written.items():
        if forms:
            names[term] = min(forms, key=lambda form: (-forms[form], form))
    return [(names[mention.term], mention) for mention in mentions]


def _entity(entity: Entity) -> TermKey:
    return TermKey("entity", folded_name(entity.text), entity.type)


def _score(post: AnalyzedPost) -> int | None:
    sentiment = post.analysis.sentiment if post.analysis.supported_language else None
    return round(sentiment.score * MILLION) if sentiment else None
