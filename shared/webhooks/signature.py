"""The signature of a delivery, as the Standard Webhooks specification writes it."""

import base64
import hashlib
import hmac


def signed_headers(secret: bytes, delivery: str, seconds: int, body: bytes) -> dict[str, str]:
    """Return the headers of one attempt at `seconds` since 1970.

    `webhook-signature` is `v1,` and the base64 of HMAC-SHA256(secret, "id.seconds.body"). `webhook-id` and
    `idempotency-key` are the delivery's id, the same for every attempt: a receiver that has it already leaves it out.
    """
    signed = f"{delivery}.{seconds}.".encode() + body
    signature = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
        "idempotency-key": delivery,
    }
