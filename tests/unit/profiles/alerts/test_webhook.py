"""Which addresses alerts may be delivered to, and what is shown of them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.alerts.webhook import Webhook, check_url
from shared.errors import InputError
from tests.unit.ingest.virtual_clock import START

NO_HOSTS = [
    f"https://{host}/"
    for host in (
        *("xn--", "xn--a", "\\x", "e..com", ".e.com", "e.com..", ".", "0", "127.1", "1.2.3.4.", "a.0x7f", "%30"),
        *("-a.example", "a-.example", "a_b.example", f"{'a' * 64}.example", "a" * 300, f"{'a.' * 127}example"),
    )
]
INSIDE = [
    "127.0.0.1",
    "10.0.0.1:8443",
    "[::1]",
    "[fd00::1]",
    "169.254.169.254",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks",
        "/path",
        "ftp://hooks.example/",
        "http://hooks.example/",
        "https:///path",
        "https://",
        "https://user:password@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:99999/",
        "https://[::1/",
        *(f"https://{host}/latest" for host in INSIDE),
        *NO_HOSTS,
    ],
)
def test_addresses_that_are_not_called_are_refused(url: str) -> None:
    """By a sentence that names the field, and does not repeat what was sent."""
    with pytest.raises(InputError, match=r"^url: ") as caught:
        check_url(url, anywhere=False)
    assert caught.value.loc == ("body", "url")
    assert "password" not in caught.value.detail.replace("user, password", "")


@pytest.mark.parametrize("url", NO_HOSTS)
def test_hosts_that_are_none_are_refused_everywhere(url: str) -> None:
    """Inside networks too: no receiver can be there."""
    with pytest.raises(InputError, match=r"^url: "):
        check_url(url, anywhere=True)


@given(
    st.one_of(
        st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
        st.text(alphabet="xn-.a0:[]%/@#\\", max_size=20).map("https://{}".format),
    )
)
def test_what_is_taken_can_be_shown(url: str) -> None:
    """Whatever is put is refused by its field, or has an origin that would be taken itself."""
    taken = None
    with suppress(InputError):
        taken = check_url(url, anywhere=True)
    if taken is not None:
        origin = Webhook("desk", taken, START).origin
        assert check_url(origin, anywhere=True) == origin


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/take?a=b",
        "https://hooks.example./",
        "https://1.1.1.1:8443/",
        "https://bücher.example/",
        "https://xn--bcher-kva.example/",
        f"https://{'a' * 63}.example/",
        "https://0x.1a/",
    ],
)
def test_addresses_of_the_internet_are_taken(url: str) -> None:
    """By https."""
    assert check_url(url, anywhere=False) == url


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/take", "http://desk.internal/", "https://[::1]/"])
def test_addresses_inside_are_taken_where_they_may_be(url: str) -> None:
    """And without TLS, as on one's own machine."""
    assert check_url(url, anywhere=True) == url


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://hooks.example/secret?key=secret", "https://hooks.example"),
        ("https://hooks.example:8443/secret", "https://hooks.example:8443"),
        ("http://[::1]:9/secret", "http://[::1]:9"),
        ("https://xn--bcher-kva.example/secret", "https://xn--bcher-kva.example"),
        ("https://xn--/secret", "https://xn--"),
        ("https://[secret.a]/", "unreadable"),
    ],
)
def test_of_a_url_only_its_origin_is_shown(url: str, origin: str) -> None:
    """Path and query may hold a key, whatever was said."""
    webhook = Webhook("desk", url, START)
    assert webhook.origin == origin
    assert "secret" not in repr(webhook)
