"""Who is calling: a bearer token, or OAuth 1.0a."""

from sandbox.credentials import SandboxCredentials, signature


def test_the_signature_is_that_of_the_standard() -> None:
    """The worked example of RFC 5849, section 1.2."""
    parameters = [
        ("file", "vacation.jpg"),
        ("size", "original"),
        ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
        ("oauth_token", "nnch734d00sl2jdk"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131202"),
        ("oauth_nonce", "chapoH"),
    ]
    made = signature("GET", "http://photos.example.net/photos", parameters, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00")
    assert made == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


def test_credentials_show_nothing() -> None:
    """Not even the sandbox's own."""
    made = SandboxCredentials()
    assert made.bearer_token not in repr(made)
    assert made != SandboxCredentials()
