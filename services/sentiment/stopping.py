"""How work in a thread hears that nobody waits for it any more."""

from threading import Event


class AbandonedError(Exception):
    """Nobody waits for the work; raised in its thread alone, where no one sees it."""


class Stop:
    """Set on the event loop, looked at in a thread between two texts."""

    def __init__(self) -> None:
        """Begin with work that goes on."""
        self._event = Event()

    def set(self) -> None:
        """Let the work end at its next look."""
        self._event.set()

    def check(self) -> None:
        """Raise AbandonedError where the work is to end."""
        if self._event.is_set():
            raise AbandonedError
