"""A stand-in for the engine: tests of the queue need to hold the slot and to see what ran in it."""

import asyncio
import os
import threading
from collections.abc import Sequence

from services.sentiment.admission import Admission
from services.sentiment.batcher import Batcher
from services.sentiment.tokenizer import Tokens

POISON = 666


def tokens_of(mark: int, length: int = 1) -> Tokens:
    """Return a text that `Slot` answers with its mark."""
    return Tokens((mark,) * length, (0,) * length)


class Slot:
    """Answers each text with its first id; waits while held; fails on a batch with POISON in it."""

    def __init__(self) -> None:
        """Start open; `priorities` are those of the threads that texts ran in, by mark."""
        self.batches: list[list[Tokens]] = []
        self.priorities: dict[int, int] = {}
        self._open = threading.Event()
        self._open.set()
        self._entered = threading.Semaphore(0)

    def hold(self) -> None:
        """Keep the next batch in the slot until `release`."""
        self._open.clear()

    def release(self) -> None:
        """Let go."""
        self._open.set()

    async def entered(self) -> None:
        """Return once one more batch is in the slot."""
        await asyncio.to_thread(self._entered.acquire)

    def __call__(self, batch: Sequence[Tokens]) -> list[int]:
        """Run one batch."""
        self.batches.append(list(batch))
        priority = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        self.priorities |= {tokens.ids[0]: priority for tokens in batch}
        self._entered.release()
        self._open.wait()
        if any(tokens.ids[0] == POISON for tokens in batch):
            raise RuntimeError("the runtime failed")
        return [tokens.ids[0] for tokens in batch]

    @property
    def marks(self) -> list[int]:
        """Every text that ran, by its mark."""
        return [tokens.ids[0] for batch in self.batches for tokens in batch]


def batcher_of(
    slot: Slot, budget: int = 16, room: int = 10_000, runners: int = 1, batch_texts: int = 512
) -> Batcher[Tokens, int]:
    """Return a batcher that serves; one caller has at most `runners` batches running."""
    batcher = Batcher(slot, budget=budget, batch_texts=batch_texts, admission=Admission(room, 60), runners=runners)
    batcher.start()
    return batcher


async def ask(batcher: Batcher[Tokens, int], *texts: Tokens, caller: str = "caller") -> list[int]:
    """Have texts answered, admission included; return their marks."""
    return await batcher.submit(caller, texts, [len(text) for text in texts])
