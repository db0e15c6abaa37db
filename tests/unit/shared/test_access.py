"""API keys and scopes."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access import ApiKey, Keyring, Scope, digest_of, new_secret, parse_keys
from shared.errors import SettingsError

DIGEST = digest_of("a secret")
SETTING = "VOXPOP_API_KEYS"


def test_keys_are_read_in_order() -> None:
    """Each entry gives a name, scopes and a digest in lower case; blanks and empty entries are skipped."""
    keys = parse_keys(SETTING, f" web:analyze:{DIGEST} ,, ops:read+write:{DIGEST.upper()},")
    assert keys == [
        ApiKey("web", frozenset({Scope.ANALYZE}), DIGEST),
        ApiKey("ops", frozenset({Scope.READ, Scope.WRITE}), DIGEST),
    ]
    assert not any(key.internal for key in keys)


@pytest.mark.parametrize("value", ["", " ", ",", " , "])
def test_no_entries_give_no_keys(value: str) -> None:
    """An empty setting is no error."""
    assert parse_keys(SETTING, value) == []


@pytest.mark.parametrize(
    "entry",
    [
        "web",
        "web:read",
        "web:read:",
        f":read:{DIGEST}",
        f"web:read:{DIGEST[:-1]}",
        f"web:read:{DIGEST}0",
        f"web:read:{DIGEST[:-1]}g",
        f"web:read:{DIGEST}:more",
        f"web::{DIGEST}",
        f"web:read+:{DIGEST}",
        f"web:READ:{DIGEST}",
        f"web:owner:{DIGEST}",
    ],
)
def test_a_malformed_entry_is_named_by_its_place(entry: str) -> None:
    """The error names the setting and the entry's place, and quotes nothing of the entry."""
    with pytest.raises(SettingsError, match=f"^{SETTING}, entry 2: ") as caught:
        parse_keys(SETTING, f"ok:read:{DIGEST},{entry}")
    assert DIGEST[:16] not in caught.value.detail
    assert "owner" not in caught.value.detail


def test_an_unknown_scope_is_answered_with_the_known_ones() -> None:
    """Whoever misspells a scope is told which there are."""
    with pytest.raises(SettingsError, match=r"analyze, read, evidence, write, reply, admin, joined by \+"):
        parse_keys(SETTING, f"web:owner:{DIGEST}")


@pytest.mark.parametrize("held", Scope)
@pytest.mark.parametrize("asked", Scope)
def test_a_scope_opens_itself_and_admin_opens_all(held: Scope, asked: Scope) -> None:
    """No scope but admin contains another."""
    key = ApiKey("k", frozenset({held}), DIGEST)
    assert key.allows(asked) is (held is asked or held is Scope.ADMIN)


def test_a_key_is_found_by_its_secret_alone() -> None:
    """The right secret finds its key among others; a wrong one, the digest and the empty one find none."""
    first, second = (ApiKey(name, frozenset({Scope.READ}), digest_of(name)) for name in ("first", "second"))
    ring = Keyring([first, second])
    assert ring.find("first") is first
    assert ring.find("second") is second
    assert ring.find("third") is None
    assert ring.find("") is None
    assert ring.find(first.digest) is None


def test_a_ring_is_true_where_it_holds_a_key() -> None:
    """An empty ring is false: it lets everybody in."""
    assert not Keyring([])
    assert Keyring([ApiKey("k", frozenset(), DIGEST)])


@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_any_header_can_be_looked_up(secret: str) -> None:
    """A secret of any characters, lone surrogates too, is looked up without an error."""
    assert Keyring([ApiKey("k", frozenset(), DIGEST)]).find(secret) is None


def test_a_new_secret_is_random_and_opens_by_its_digest() -> None:
    """Secrets differ, hold 32 bytes and are found by the SHA-256 that goes into the settings."""
    secret, other = new_secret(), new_secret()
    assert secret != other
    assert secret.startswith("vxp_")
    assert len(secret) >= len("vxp_") + 43
    digest = hashlib.sha256(secret.encode()).hexdigest()
    (key,) = parse_keys(SETTING, f"new:read:{digest}")
    assert Keyring([key]).find(secret) is key
