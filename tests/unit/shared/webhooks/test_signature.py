"""The headers of a delivery."""

import base64

from shared.webhooks.signature import signed_headers


def test_a_signature_is_that_of_the_specification() -> None:
    """The id, the seconds and the body, joined by dots; the example of the Standard Webhooks specification."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "idempotency-key": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    }
