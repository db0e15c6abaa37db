"""Where alerts are delivered."""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import httpx

from shared.errors import InputError
from shared.reach import is_of_the_internet

MOST_WEBHOOKS: Final = 100
"""Webhooks of an installation."""
MOST_URL: Final = 2048
_MOST_PORT: Final = 65_535
_LOC: Final = ("body", "url")
_MOST_HOST: Final = 253
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True)
class Webhook:
    """An address that takes alerts. Its URL is kept as it was put, so it must hold no secret; it is never shown."""

    name: str
    url: str = field(repr=False)
    updated_at: datetime

    @property
    def origin(self) -> str:
        """Return scheme, host and port: what is shown of the URL; "unreadable" where a stored one is no URL any more.

        The host is shown as it is called, international names by their letters, digits and hyphens.
        """
        try:
            url = httpx.URL(self.url)
            return f"{url.scheme}://{url.netloc.decode('ascii')}"
        except (httpx.InvalidURL, ValueError):
            return "unreadable"


def check_url(url: str, *, anywhere: bool) -> str:
    """Return a URL that alerts may be delivered to; raises InputError.

    It is an https one without user and fragment, to a host that is an address or a name as the domain name system has
    them (RFC 1123, section 2.1: labels of letters, digits and hyphens, the last no number), and no address inside a
    network. With `anywhere`, http and addresses inside will do too. What the host's name stands for is looked at when
    it is called.
    """
    try:
        parts = httpx.URL(url)
        host, named = parts.raw_host.decode("ascii"), parts.host
    except (httpx.InvalidURL, ValueError):
        raise InputError("url: this is no URL; write https://host/path", _LOC) from None
    if parts.scheme not in ({"http", "https"} if anywhere else {"https"}) or not named:
        raise InputError("url: only https addresses are called; write https://host/path", _LOC)
    if not _is_address(host) and not _is_name(host):
        raise InputError("url: its host is neither a name nor an address; write https://host/path", _LOC)
    if parts.port is not None and not 1 <= parts.port <= _MOST_PORT:
        raise InputError(f"url: a port is from 1 to {_MOST_PORT}", _LOC)
    if parts.userinfo or parts.fragment:
        raise InputError("url: leave out user, password and fragment: the URL is not kept secret", _LOC)
    if not anywhere and _is_inside(host):
        raise InputError(
            "url: this is an address inside a network; name a host of the internet, or have the operator of the "
            "service set PROFILES_WEBHOOK_ANYWHERE=true",
            _LOC,
        )
    return url


def _is_inside(host: str) -> bool:
    if host.rstrip(".").lower().endswith("localhost"):
        return True
    return _is_address(host) and not is_of_the_internet(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    """Tell whether a host is a name of labels; one whose last label is a number would be read as an IPv4 address."""
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    return len(name) <= _MOST_HOST and all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])
