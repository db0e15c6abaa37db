"""What posts mention: words, hashtags and named entities, each counted once a post, and who may not be shown."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from services.profiles.analytics.words import folded, folded_name, hashtags_in, shown_name, words_in
from services.profiles.folding import MILLION
from services.profiles.profile import mean_of_millionths
from shared.analysis import EntityType
from shared.analyzed_post import AnalyzedPost

Kind = Literal["term", "hashtag", "entity"]
KINDS: Final[frozenset[Kind]] = frozenset(get_args(Kind))
AUTHORS_OF_A_PERSON: Final = 5
"""A person's name that fewer authors wrote is never shown."""
LONGEST_NAME: Final = 100


class Term(NamedTuple):
    """What can be mentioned, as it is compared; `type` is that of an entity, else None."""

    kind: Kind
    text: str
    type: EntityType | None = None


Places = dict[Term, list[int]]
"""The posts that mention each term, by their place in the sequence of posts that was looked through, ascending."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A term, how it is written most often, and the posts that mention it; `score_sum` is in millionths."""

    term: Term
    name: str
    posts: int
    authors: int
    scored_posts: int
    score_sum: int

    @property
    def mean_score(self) -> float | None:
        """Return the mean score of the posts that have one, in [0, 1]; None without any."""
        return mean_of_millionths(self.score_sum, self.scored_posts)


def places_of(posts: Sequence[AnalyzedPost], kinds: frozenset[Kind]) -> Places:
    """Return which posts mention what; a post mentions a term once, however often it has it."""
    places: Places = {}
    for place, post in enumerate(posts):
        for term in terms_of(post, kinds):
            places.setdefault(term, []).append(place)
    return places


def terms_of(post: AnalyzedPost, kinds: frozenset[Kind]) -> set[Term]:
    """Return what one post mentions; a post whose text is gone has no words and no hashtags."""
    found: set[Term] = set()
    if post.text and not kinds.isdisjoint(("term", "hashtag")):
        text = folded(post.text)
        if "term" in kinds:
            found.update(Term("term", word) for word in words_in(text))
        if "hashtag" in kinds:
            found.update(Term("hashtag", hashtag) for hashtag in hashtags_in(text))
    if "entity" in kinds:
        for entity in post.analysis.entities or ():
            name = folded_name(entity.text)
            if 0 < len(name) <= LONGEST_NAME:
                found.add(Term("entity", name, entity.type))
    return found


def mentions(posts: Sequence[AnalyzedPost], places: Mapping[Term, Sequence[int]]) -> list[Mention]:
    """Return what is known of each term, but for those that too few authors wrote to be shown."""
    personal = personal_words(posts)
    found = (mention_of(posts, term, where) for term, where in places.items())
    return [mention for mention in found if mention.authors >= authors_needed(mention.term, personal)]


def mention_of(posts: Sequence[AnalyzedPost], term: Term, places: Sequence[int]) -> Mention:
    """Return what is known of a term from the posts that mention it."""
    found = [posts[place] for place in places]
    scores = [score for score in map(_score, found) if score is not None]
    return Mention(
        term=term,
        name=_name(found, term) if term.kind == "entity" else term.text,
        posts=len(found),
        authors=len({post.author_key for post in found}),
        scored_posts=len(scores),
        score_sum=sum(scores),
    )


def authors_needed(term: Term, personal: frozenset[str]) -> int:
    """Return how many authors must have written a term before it may be shown: five for what names a person, else one.

    `personal` is what `personal_words` found: a name that was once read as a person's is held to it whatever else
    it was read as, and so are its parts, as words or as hashtags.
    """
    names_a_person = term.type == "person" or term.text.removeprefix("#").replace("_", "") in personal
    return AUTHORS_OF_A_PERSON if names_a_person else 1


def personal_words(posts: Iterable[AnalyzedPost]) -> frozenset[str]:
    """Return the names of persons in the posts as they are compared: whole, without blanks, and word by word."""
    names = {
        folded_name(entity.text) for post in posts for entity in post.analysis.entities or () if entity.type == "person"
    }
    found = set(names)
    for name in names:
        found.add(name.replace(" ", ""))
        found |= words_in(name)
    return frozenset(found)


def _score(post: AnalyzedPost) -> int | None:
    sentiment = post.analysis.sentiment if post.analysis.supported_language else None
    return round(sentiment.score * MILLION) if sentiment else None


def _name(posts: Iterable[AnalyzedPost], term: Term) -> str:
    written = Counter(
        shown_name(entity.text)
        for post in posts
        for entity in post.analysis.entities or ()
        if entity.type == term.type and folded_name(entity.text) == term.text
    )
    return min(written, key=lambda name: (-written[name], name))
