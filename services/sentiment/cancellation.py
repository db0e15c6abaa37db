"""How work in a thread hears that its caller is gone."""

from threading import Event


class WorkCancelledError(Exception):
    """The work was cancelled; raised in its thread alone."""


class Cancellation:
    """A cancellation token: cancelled on the event loop, looked at in a thread between two steps of its work."""

    def __init__(self, parent: "Cancellation | None" = None) -> None:
        """Begin with work that goes on; a cancelled `parent` cancels it too."""
        self._event = Event()
        self._parent = parent

    @property
    def cancelled(self) -> bool:
        """Whether the work is to end."""
        return self._event.is_set() or (self._parent is not None and self._parent.cancelled)

    def cancel(self) -> None:
        """Let the work end at its next look."""
        self._event.set()

    def check(self) -> None:
        """Raise WorkCancelledError where the work is to end."""
        if self.cancelled:
            raise WorkCancelledError
