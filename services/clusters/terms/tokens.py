"""From a cleaned text to the words that say what it is about."""

from functools import cache
from typing import Final

import stopwordsiso

from shared.words import folded, sequence_in

_OF_POSTS: Final = (
    "1st 2nd 3rd 4th 5th congrats congratulations birthday coming "
    "rt via amp gt lt im ive ill id dont didnt doesnt isnt wasnt cant couldnt wont wouldnt youre youve theyre "
    "thats whats heres lets hes shes ve ll re don didn isn lol omg haha hahaha yeah yea yes hey hi pls plz thx ur "
    "gonna wanna gotta ok okay etc today tomorrow yesterday tonight day days week weeks month months year years "
    "monday tuesday wednesday thursday friday saturday sunday january february march april june july august "
    "september october november december watch check follow following followers retweet tweet tweets tweeting "
    "twitter pic photo link click read guys guy lot stuff bit time times great best better bad love nice happy "
    "amazing awesome people person thing things"
)
OF_POSTS: Final = frozenset(_OF_POSTS.split())
"""What posts are full of whatever they are about: marks of networks, calls, contractions, days, praise."""
_CONTENT: Final = "card cards computer home microsoft problem problems research ring room rooms test vol"
CONTENT: Final = frozenset(_CONTENT.split())
"""Words of the English list that say what a text is about, in English or in French."""
_ENGLISH: Final = "en"
_ALIASES: Final = {"nb": "no", "nn": "no", "fil": "tl", "iw": "he", "in": "id"}
_POSSESSIVE: Final = "'s"


def tokens(text: str, language: str | None) -> list[str]:
    """Return the words and hashtags of a cleaned text that are no stop words, in its order, as often as it has them.

    Words are folded (NFKC, case), hashtags keep their `#`; placeholders of cleaning and figures are left out
    (`shared.words`). Left out are the stop words of `language` (ISO 639-1, None where unknown) and English ones too:
    the language of a short text is often told wrongly, and people mix.
    """
    left_out = stop_words(language)
    words = (word.removesuffix(_POSSESSIVE) for word in sequence_in(folded(text)))
    return [word for word in words if len(word) > 1 and word not in left_out]


@cache
def _of_code(code: str) -> frozenset[str]:
    listed = set(stopwordsiso.stopwords(_ENGLISH)) - CONTENT
    if code != _ENGLISH and stopwordsiso.has_lang(code):
        listed |= stopwordsiso.stopwords(code)
    words = {folded(word) for word in listed} | OF_POSTS
    return frozenset(words | {word.replace("'", "") for word in words})


def stop_words(language: str | None) -> frozenset[str]:
    """Return the folded stop words of a language (by stopwords-iso) with those of English and of posts."""
    code = (language or "").partition("-")[0].casefold()
    code = _ALIASES.get(code, code)
    return _of_code(code if stopwordsiso.has_lang(code) else _ENGLISH)
