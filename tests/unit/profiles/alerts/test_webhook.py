"""Which addresses alerts may be delivered to, and what is shown of them."""

import pytest

from services.profiles.alerts.webhook import Webhook, check_url
from shared.errors import InputError
from tests.unit.ingest.virtual_clock import START


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
        "https://127.0.0.1/",
        "https://10.0.0.1:8443/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://169.254.169.254/latest",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://desk.localhost/",
    ],
)
def test_addresses_that_are_not_called_are_refused(url: str) -> None:
    """By a sentence that names the field, and does not repeat what was sent."""
    with pytest.raises(InputError, match=r"^url: ") as caught:
        check_url(url, anywhere=False)
    assert caught.value.loc == ("body", "url")
    assert "password" not in caught.value.detail.replace("user, password", "")


@pytest.mark.parametrize("url", ["https://hooks.example/take?a=b", "https://1.1.1.1:8443/", "https://bücher.example/"])
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
    ],
)
def test_of_a_url_only_its_origin_is_shown(url: str, origin: str) -> None:
    """Path and query may hold a key, whatever was said."""
    webhook = Webhook("desk", url, START)
    assert webhook.origin == origin
    assert "secret" not in repr(webhook)
