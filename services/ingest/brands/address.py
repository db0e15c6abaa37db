"""Addresses of feeds."""

from urllib.parse import urlsplit

_EXPECTED = "must be an http or https address such as https://example.com/feed.xml"


def feed_address(url: str) -> str:
    """Return `url` stripped; raises ValueError where it is no address of a page, or holds a user or a password."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(_EXPECTED) from None
    whole = url.isprintable() and " " not in url
    if not (whole and port_is_right and parts.scheme in ("http", "https") and parts.hostname):
        raise ValueError(_EXPECTED)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and no password: what is stored here is shown to whoever may read")
    return url
