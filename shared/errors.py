"""The errors that services raise on purpose; `shared.web.problems` turns each into a problem+json answer.

VoxpopError
├── InputError          something that was sent is wrong; names the field      422
├── NotFoundError       what was asked for is not here                         404
├── ConflictError       right in itself, but not now                           409
├── OverloadedError     a bounded queue is full; try again after a while       503
│   └── RateExceededError      one caller sent more than its rate              429
├── NotReadyError       the service is starting                                503
├── PeerError           another service could not do its part
│   ├── PeerUnavailableError   it is down, too slow or full; nothing was kept  503
│   │   └── StoreFaultError    the file of the store, or its disk               503
│   └── PeerRefusedError       it answered, and said no                        502
└── SettingsError       the process must not start like this                   (exit 2); while it runs  503
"""


class VoxpopError(Exception):
    """Base of all; `detail` is one sentence for the person who reads the answer, without any post's text."""

    def __init__(self, detail: str) -> None:
        """Keep the sentence."""
        super().__init__(detail)
        self.detail = detail


class InputError(VoxpopError):
    """Something that was sent is wrong; `loc` is the path to the field."""

    def __init__(self, detail: str, loc: tuple[str | int, ...] = ()) -> None:
        """Name the field by `loc`, for example `("body", "texts", 3)`."""
        super().__init__(detail)
        self.loc = loc


class NotFoundError(VoxpopError):
    """What was asked for is not here."""


class ConflictError(VoxpopError):
    """The request is right in itself, but not in the present state."""


class OverloadedError(VoxpopError):
    """A bounded queue is full."""

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        """Say when to come back, in whole seconds."""
        super().__init__(detail)
        self.retry_after = retry_after


class RateExceededError(OverloadedError):
    """One caller sent more than its rate."""


class NotReadyError(VoxpopError):
    """The service is starting: what it needs is not open yet."""

    retry_after = 2

    def __init__(self) -> None:
        """Say so in the one sentence that there is for it."""
        super().__init__("the service is starting; try again in a moment")


class PeerError(VoxpopError):
    """Another service could not do its part."""

    def __init__(self, peer: str, detail: str) -> None:
        """Name the peer."""
        super().__init__(detail)
        self.peer = peer


class PeerUnavailableError(PeerError):
    """The peer is down, too slow or full; the whole request may be sent again."""

    def __init__(self, peer: str, detail: str, retry_after: int = 2) -> None:
        """Say when to come back, in whole seconds."""
        super().__init__(peer, detail)
        self.retry_after = retry_after


class StoreFaultError(PeerUnavailableError):
    """The file that the store is in cannot do its part: its disk is full, say; the sentence names the remedy.

    What `lasts` is not over before a person has mended it and the service was started again.
    """

    def __init__(self, detail: str, *, lasts: bool = False) -> None:
        """Say what is wrong, and what to do."""
        super().__init__("store", detail, retry_after=10)
        self.lasts = lasts


class PeerRefusedError(PeerError):
    """The peer answered with a status that a retry will not change."""

    def __init__(self, peer: str, detail: str, status: int) -> None:
        """Keep the peer's status."""
        super().__init__(peer, detail)
        self.status = status


class SettingsError(VoxpopError):
    """The settings forbid a start; the sentence names the setting and the remedy."""
