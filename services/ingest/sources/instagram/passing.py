"""What goes wrong at Instagram's website and may go well later."""


class PassingError(Exception):
    """A look failed; it may go well later, not before `wait` seconds (0 where nothing tells how long).

    `sentence` says why, honestly and without names; `is_unread` tells that an answer came that could not be read.
    """

    def __init__(self, sentence: str, wait: float = 0.0, *, is_unread: bool = False) -> None:
        """Keep what happened."""
        super().__init__(sentence)
        self.sentence = sentence
        self.wait = wait
        self.is_unread = is_unread
