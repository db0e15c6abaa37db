"""Accounts as people write them, checked by what each platform allows."""

import re
from typing import Final, Literal

ListenedPlatform = Literal["x", "bluesky", "mastodon", "instagram", "facebook"]
"""The platforms that have accounts; the web has none."""

_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,10}[A-Za-z][A-Za-z0-9-]{0,62}"
_FORMS: Final[dict[ListenedPlatform, tuple[re.Pattern[str], str]]] = {
    "x": (
        re.compile(r"[A-Za-z0-9_]{1,15}|[0-9]{1,20}"),
        "must be a handle such as British_Airways (up to 15 letters, digits and _) or an account id in digits",
    ),
    "bluesky": (
        re.compile(rf"{_DOMAIN}|did:[a-z]{{1,16}}:[A-Za-z0-9._:%-]{{1,200}}"),
        "must be a handle such as aerolume.bsky.social or a DID such as did:plc:abc123",
    ),
    "mastodon": (
        re.compile(rf"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{{0,62}}[A-Za-z0-9_])?@{_DOMAIN}"),
        "must be a whole address such as aerolume@mastodon.social: names differ from server to server",
    ),
    "instagram": (
        re.compile(r"[A-Za-z0-9._]{1,30}"),
        "must be a user name such as aerolume (up to 30 letters, digits, . and _) or an account id in digits",
    ),
    "facebook": (
        re.compile(r"[A-Za-z0-9.-]{1,100}"),
        "must be the name or id of a Page, as it stands in the Page's address",
    ),
}


def checked_account(platform: ListenedPlatform, account: str) -> str:
    """Return `account` without an `@` before it; raises ValueError that says what the platform expects."""
    form, expected = _FORMS[platform]
    name = account.strip().removeprefix("@").removeprefix("\uff20")
    if not form.fullmatch(name):
        raise ValueError(expected)
    return name
