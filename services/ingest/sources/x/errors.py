"""What X says when it does not do what it is asked for, in the few kinds that make a difference here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from services.ingest.sources.base import BudgetSpentError, CredentialError

XErrorKind = Literal["rate", "connections", "plan", "credentials", "cap", "refused", "away"]
"""Wait as told; another stream of ours is open; the plan lacks it; a token is wrong; the month is spent;
it will never be done like this; there is no answer, or nonsense."""
DEFAULT_WAIT: Final = 60.0
"""Seconds, where a 429 does not say when to come again."""
LONGEST_WAIT: Final = 960.0
"""Windows last 15 minutes: whatever says more is a wrong clock."""
_NOT_ENROLLED_CODE: Final = 453


class XError(Exception):
    """One request or connection that failed. Its sentence holds no secret and nothing of any post.

    `wait` is how many seconds X asks to stay away; `was_sent` tells whether X may have acted on the request.
    """

    def __init__(self, kind: XErrorKind, sentence: str, *, wait: float = 0.0, was_sent: bool = False) -> None:
        """Keep what is known."""
        super().__init__(sentence)
        self.kind: XErrorKind = kind
        self.sentence = sentence
        self.wait = wait
        self.was_sent = was_sent


def raise_for_good(error: XError) -> None:
    """Raise CredentialError where the bearer token is wrong, BudgetSpentError where the month is spent."""
    if error.kind == "credentials":
        raise CredentialError(f"X refuses X_BEARER_TOKEN: {error.sentence}")
    if error.kind == "cap":
        raise BudgetSpentError(error.sentence)


def classify(status: int, headers: Mapping[str, str], body: Any, now: datetime) -> XError:
    """Return what an answer without success means.

    `body` is its JSON; where it is no object, X itself did not say no: something on the way did, and may yield.
    """
    told = body if isinstance(body, dict) else {}
    if status == 401:  # noqa: PLR2004 - the statuses are HTTP's
        return XError("credentials", "X does not know the token (401)")
    if status == 402:  # noqa: PLR2004
        return XError("cap", "X says that the account's credits are spent (402)")
    if status == 403 and told:  # noqa: PLR2004
        return _forbidden(told)
    if status == 429:  # noqa: PLR2004
        return _too_many(headers, told, now)
    if 400 <= status < 500 and status not in {408, 425} and isinstance(body, dict):  # noqa: PLR2004
        return XError("refused", f"X does not take the request ({status})")
    may_have_acted = status >= 500 or status == 408  # noqa: PLR2004
    return XError("away", f"X answered {status}", wait=_retry_after(headers), was_sent=may_have_acted)


def _forbidden(told: dict[str, Any]) -> XError:
    errors = told.get("errors")
    codes = [item.get("code") for item in errors if isinstance(item, dict)] if isinstance(errors, list) else []
    if told.get("reason") == "client-not-enrolled" or _NOT_ENROLLED_CODE in codes:
        return XError("plan", "your X plan does not include this")
    if "unsupported-authentication" in str(told.get("type")):
        return XError("credentials", "X does not take this kind of token here (403)")
    return XError("refused", "X forbids it (403)")


def _too_many(headers: Mapping[str, str], told: dict[str, Any], now: datetime) -> XError:
    if told.get("title") == "ConnectionException" or "connection_issue" in told:
        return XError("connections", "another stream is open on the same X app", wait=DEFAULT_WAIT)
    if told.get("title") == "UsageCapExceeded" or "usage-capped" in str(told.get("type")):
        return XError("cap", "X says that the plan's posts of this month are spent (429)")
    wait = _retry_after(headers)
    reset = headers.get("x-rate-limit-reset", "").strip()
    if not wait and reset.isascii() and reset.isdecimal() and len(reset) < 15:  # noqa: PLR2004 - seconds since 1970
        wait = min(max(int(reset) - now.timestamp(), 1.0), LONGEST_WAIT)
    return XError("rate", "X asks to wait (429)", wait=wait or DEFAULT_WAIT)


def _retry_after(headers: Mapping[str, str]) -> float:
    value = headers.get("Retry-After", "").strip()
    return min(float(value), LONGEST_WAIT) if value.isascii() and value.isdecimal() and len(value) < 9 else 0.0  # noqa: PLR2004
