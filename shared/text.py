"""Cleaning of a post's text: what points at a person or a page is replaced, emoji stay.

The placeholders `@user` and `http` are those of TweetEval (Barbieri et al., Findings of EMNLP 2020),
so a cleaned text looks to the model like the texts that it was trained on.
"""

import re
import unicodedata
from typing import Final

MENTION: Final = "@user"
LINK: Final = "http"
EMAIL: Final = "<email>"
PHONE: Final = "<phone>"

_EMAIL = re.compile(r"(?<![\w.+@-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w@])")
_LINK = re.compile(r"(?<!\w)(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_SHORT_LINK = re.compile(r"(?<![\w@.])(?:t\.co|bit\.ly|goo\.gl|youtu\.be|tinyurl\.com)/[^\s<>\"]+", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w@])[@\uff20][\w.-]*\w(?:@[\w-]+(?:\.[\w-]+)+)?")
_PHONE = re.compile(
    r"""(?<![\w/.:\#$€£-])(?:
        \+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}           # +44 20 7946 0958
      | (?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}      # (415) 555-0132, 1-800-555-0132
      | 0\d{1,4}[ /-]\d{3,4}[ -]?\d{2,5}                # 020 7946 0958, 030/901820
      | \d{3}-\d{4}                                     # 555-0132
      | \d{9,15}                                        # digits alone: a telephone, ticket or card number
    )(?![\w/]|[.,:-]\d)""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"\s+")


def clean(text: str) -> str:
    """Return `text` in NFC with mentions, links, e-mail addresses and phone numbers replaced.

    Runs of white space become one space and the ends are stripped. Cleaning a cleaned text changes
    nothing. An e-mail address goes before a mention, since it holds an `@` too.
    """
    text = unicodedata.normalize("NFC", text)
    text = _LINK.sub(LINK, text)
    text = _SHORT_LINK.sub(LINK, text)
    text = _EMAIL.sub(EMAIL, text)
    text = _MENTION.sub(MENTION, text)
    text = _PHONE.sub(PHONE, text)
    return _BLANKS.sub(" ", text).strip()
